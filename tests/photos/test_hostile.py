"""Tars and folders that are made to take memory, or to stop a preparation half-way."""

import gzip
import os
import tarfile

import pytest
from hostile_files import sparse_tar
from photo_files import encode, picture, write_tar

from cic_jax import images
from cic_jax.images import limits
from cic_jax.photos import builder, census, folder, imagenet, threads

PHOTO = encode(picture(0))


def members(path):
    return list(imagenet._members(path))


@pytest.mark.parametrize("size", [2**24, 2**33 - 1])
def test_a_sparse_member_is_never_unpacked(tmp_path, size):
    path = tmp_path / "a.tar"
    path.write_bytes(sparse_tar("large.JPEG", size))
    assert members(path) == [("large.JPEG", b"")]


def test_a_member_larger_than_a_photograph_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(imagenet, "MAX_BYTES", len(PHOTO))
    path = tmp_path / "a.tar"
    write_tar(path, {"a.JPEG": PHOTO, "b.JPEG": PHOTO + b"\0", "c.JPEG": PHOTO})
    assert members(path) == [("a.JPEG", PHOTO), ("b.JPEG", b""), ("c.JPEG", PHOTO)]


def test_links_and_devices_have_no_content(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            member = tarfile.TarInfo(f"{kind.decode()}.JPEG")
            member.type, member.linkname = kind, "../../etc/passwd"
            tar.addfile(member)
    assert [content for _, content in members(path)] == [b""] * 4


@pytest.mark.parametrize("kind", ["compressed", "cut", "empty", "long name"])
def test_a_tar_that_is_none_is_one_line(tmp_path, kind):
    path = tmp_path / "n02691156.tar"
    write_tar(path, {"a.JPEG": PHOTO, "b.JPEG": PHOTO})
    whole = path.read_bytes()
    long_name = tarfile.TarInfo("././@LongLink")
    long_name.type, long_name.size = tarfile.GNUTYPE_LONGNAME, 2**60
    content = {
        "compressed": gzip.compress(whole),  # which could unpack to any size
        "cut": whole[: len(PHOTO) + 600],
        "empty": b"",
        "long name": long_name.tobuf(tarfile.GNU_FORMAT) + bytes(1024),
    }
    path.write_bytes(content[kind])
    source = imagenet.ImagenetVehicles.__new__(imagenet.ImagenetVehicles)
    source._builder_config = imagenet.VehicleConfig(name="a", synsets=("n02691156",))
    with pytest.raises(ValueError, match=r"n02691156.tar is no tar, damaged or cut short"):
        list(source.candidates(tmp_path))


def test_what_cannot_be_read_in_a_folder_is_counted(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(PHOTO)
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "lost.jpg").symlink_to("nowhere")
    (tmp_path / "round.jpg").symlink_to("round.jpg")
    (tmp_path / "large.jpg").write_bytes(PHOTO + b"\0")
    (tmp_path / "secret.jpg").write_bytes(PHOTO)
    opened = images.open_stream

    def open_stream(path):
        if path.name == "secret.jpg":
            raise PermissionError(13, "permission denied", str(path))
        return opened(path)

    monkeypatch.setattr(images, "open_stream", open_stream)
    monkeypatch.setattr(images, "MAX_BYTES", len(PHOTO))
    below = folder.photographs_below(tmp_path)
    assert builder.fingerprint(below, tmp_path, times=True)
    source = folder.PhotoFolder.__new__(folder.PhotoFolder)
    found = {name: bool(content) for name, _, content in source.candidates(tmp_path)}
    names = ("a.jpg", "large.jpg", "lost.jpg", "pipe.jpg", "round.jpg", "secret.jpg")
    assert found == {name: name == "a.jpg" for name in names}


def test_a_folder_that_cannot_be_read_is_counted(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(PHOTO)
    (tmp_path / "secret").mkdir()
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("secret"):
            raise PermissionError(13, "permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert folder.photographs_below(tmp_path) == [tmp_path / "a.jpg", tmp_path / "secret"]
    assert folder._content(tmp_path / "secret") == b""


def test_large_photographs_wait_for_one_another(monkeypatch):
    monkeypatch.setattr(threads, "MOST", 100)
    taken, seen = [], []

    def items():
        for index in range(6):
            taken.append(index)
            yield index

    for result in threads.ordered_map(lambda item: item, items(), lambda _: 60):
        seen.append(len(taken) - result)
    assert max(seen) == 2  # one in hand, and the one before it


def test_a_photograph_that_takes_long_is_broken(monkeypatch):
    def late(*_):
        raise images.PhotoError("takes more time or memory to decode than it may")

    monkeypatch.setattr(images, "read_rgb", late)
    with pytest.raises(census.Unusable, match="broken"):
        census.examine(PHOTO)
    assert limits.MAX_BYTES >= 8 * limits.MAX_PIXELS  # RGBA of 16 bits


def test_names_do_not_act_on_the_terminal(capsys):
    report = {"where": "a/\x1b[2J\u202e", "candidates": 0, "kept": {}, "left_out": {}}
    assert census.summary(report).startswith(r"a/\x1b[2J\u202e: 0 photographs")
    with pytest.raises(ValueError, match="no usable photograph"):
        census.take(iter(()), "a/\x1b[2J")
    assert "\x1b[2J" not in capsys.readouterr().err

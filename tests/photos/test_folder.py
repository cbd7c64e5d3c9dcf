"""A folder of photographs: read with its subfolders, and read anew when it changes."""

import fcntl
import os

import pytest
from ml_collections import ConfigDict
from photo_files import REASONS, UNUSABLE, encode, picture

from cic_jax.photos import census, open_splits


def open_folder(path, data_dir):
    return open_splits(
        ConfigDict({"source": "folder", "path": str(path), "data_dir": str(data_dir)})
    )


def names(splits):
    return {record["name"]: record["label"] for split in splits.values() for record in split}


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "photos"
    (root / "cars" / "red").mkdir(parents=True)
    for seed in range(20):
        (root / f"{seed}.jpg").write_bytes(encode(picture(seed)))
    (root / "cars" / "red" / "1.PNG").write_bytes(encode(picture(50), "PNG"))
    (root / "notes.txt").write_text("no photograph, and none that claims to be")
    for name, encoded in UNUSABLE.items():
        (root / "cars" / f"{name}.jpeg").write_bytes(encoded)
    return root


def test_folder_is_read_with_its_subfolders(folder, tmp_path):
    splits = open_folder(folder, tmp_path / "data")
    expected = {f"{seed}.jpg": "" for seed in range(20)} | {"cars/red/1.PNG": "cars/red"}
    assert names(splits) == expected
    report = splits["train"].report
    assert report["left_out"] == REASONS
    assert report["candidates"] == len(expected) + len(UNUSABLE)
    assert "cars/tiny.jpeg" in report["examples"]["tiny"]


def test_changed_folder_is_read_anew_and_nobody_changes_sides(folder, tmp_path):
    def sides():
        splits = open_folder(folder, tmp_path / "data")
        return {record["name"]: split for split, photos in splits.items() for record in photos}

    before = sides()
    (folder / "new.jpg").write_bytes(encode(picture(60)))
    after = sides()
    assert set(after) - set(before) == {"new.jpg"}
    assert before.items() <= after.items()
    # As long and as wide a file, but another photograph: only its time of change tells.
    status = (folder / "new.jpg").stat()
    (folder / "new.jpg").write_bytes(b"x" * status.st_size)
    os.utime(folder / "new.jpg", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert sides() == before


def test_small_folder_leaves_splits_empty(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(encode(picture(1)))
    splits = open_folder(tmp_path / "photos", tmp_path / "data")
    assert sorted(map(len, splits.values())) == [0, 0, 1]


def test_folders_without_photographs_are_errors(tmp_path):
    for path in ("", tmp_path / "nowhere"):
        with pytest.raises(FileNotFoundError, match=r"data.path must be a folder of photographs"):
            open_folder(path, tmp_path / "data")
    (tmp_path / "photos").mkdir()
    with pytest.raises(FileNotFoundError, match=r"data.path must be a folder .*not empty"):
        open_folder(tmp_path / "photos", tmp_path / "data")
    (tmp_path / "photos" / "notes.txt").write_text("nothing to see")
    with pytest.raises(ValueError, match=r"no usable photograph in .*photos: .*0 candidates"):
        open_folder(tmp_path / "photos", tmp_path / "data")


def test_hidden_files_are_left_out_and_linked_folders_followed(tmp_path):
    for index, name in enumerate(("a.jpg", ".hidden/b.jpg", "._a.jpg")):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(encode(picture(index)))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "c.jpg").write_bytes(encode(picture(5)))
    (tmp_path / "photos" / "linked").symlink_to(tmp_path / "elsewhere")
    splits = open_folder(tmp_path / "photos", tmp_path / "data")
    assert names(splits) == {"a.jpg": "", "linked/c.jpg": "linked"}


def test_names_that_are_not_utf8_are_escaped(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / os.fsdecode(b"caf\xe9.jpg")).write_bytes(encode(picture(1)))
    splits = open_folder(tmp_path / "photos", tmp_path / "data")
    assert names(splits) == {"caf\\xe9.jpg": ""}


def test_of_two_processes_one_prepares_a_folder_and_the_other_finds_it(
    folder, tmp_path, monkeypatch
):
    taken, waited = [], []
    take = census.take
    monkeypatch.setattr(census, "take", lambda *given: taken.append(given) or take(*given))

    def wait_for_another(_, operation):
        waited.append(operation)
        monkeypatch.setattr(fcntl, "flock", lambda *_: None)
        open_folder(folder, tmp_path / "data")

    monkeypatch.setattr(fcntl, "flock", wait_for_another)
    assert len(names(open_folder(folder, tmp_path / "data"))) == 21
    assert waited == [fcntl.LOCK_EX]
    assert len(taken) == 1


def test_what_a_killed_preparation_has_left_is_removed(folder, tmp_path):
    open_folder(folder, tmp_path / "data")
    (prepared,) = (path.parent for path in (tmp_path / "data").rglob("report.json"))
    left = prepared.rename(prepared.with_name(f"incomplete.A1B2C3_{prepared.name}"))
    open_folder(folder, tmp_path / "data")
    assert prepared.exists()
    assert not left.exists()


def test_a_data_dir_that_cannot_be_written_is_named(folder, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"in data\.data_dir=.*/file: .*: file exists: mend that"):
        open_folder(folder, tmp_path / "file")

"""The manifest survives what ends its writer, and has one writer at a time."""

import pytest

from cic_jax.archive import ArchiveError, Manifest, Share
from cic_jax.archive.manifest import COMMON, agree


def record(name):
    return {"file": name, "status": "coloured"}


def files(manifest):
    return [line["file"] for line in manifest.read()]


@pytest.mark.parametrize("cut", [1, 10, 30])
def test_a_line_that_was_cut_short_is_left_out_and_spoils_no_other(cut, tmp_path):
    manifest = Manifest(tmp_path, Share(3, 64))
    with manifest:
        manifest.append([record("a"), record("b")])
    assert manifest.path.name == "3-of-64.jsonl"
    content = manifest.path.read_bytes()
    manifest.path.write_bytes(content[:-cut])
    assert files(manifest) == (["a", "b"] if cut == 1 else ["a"])
    with manifest:
        manifest.append([record("c")])
    assert files(manifest)[-2:] == (["b", "c"] if cut == 1 else ["a", "c"])


def test_lines_of_any_content_are_left_out(tmp_path):
    manifest = Manifest(tmp_path, Share(1, 1))
    assert files(manifest) == []
    manifest.path.write_bytes(
        b'3\n[]\n{"file": 1}\n\xff\xfe\n' + b"[" * 9999 + b'\n{"file": "a"}\n'
    )
    assert files(manifest) == ["a"]


def test_a_share_has_one_writer(tmp_path):
    with Manifest(tmp_path, Share(1, 2)):
        with pytest.raises(ArchiveError, match="share 1/2: another process"):
            Manifest(tmp_path, Share(1, 2)).__enter__()
        with Manifest(tmp_path, Share(2, 2)):
            pass
    with Manifest(tmp_path, Share(1, 2)):
        pass


def test_an_archive_goes_on_as_it_was_begun(tmp_path):
    folder = tmp_path / "manifest"
    with pytest.raises(ArchiveError, match="expected a new or empty folder"):
        agree(folder, {"size": 256, "shares": 4}, is_new=False)
    agree(folder, {"size": 256, "shares": 4}, is_new=True)
    agree(folder, {"size": 256, "shares": 4}, is_new=False)
    with pytest.raises(ArchiveError, match="size 256 is now 384; go on as before"):
        agree(folder, {"size": 384, "shares": 4}, is_new=False)
    assert [path.name for path in folder.iterdir()] == [COMMON]
    (folder / COMMON).write_text("{")
    with pytest.raises(ArchiveError, match="is damaged"):
        agree(folder, {"size": 256, "shares": 4}, is_new=False)

"""Results go where hands expect them, and a command that could be meant otherwise is refused."""

import json

import pytest
from photo_files import photograph, results

from cic_jax import images
from cic_jax.cli import console
from cic_jax.cli.main import main
from cic_jax.cli.sources import RECORD


def test_one_photograph_and_a_picture_s_name_mean_that_file(tmp_path, colorize):
    path, out = photograph(tmp_path / "a.png"), tmp_path / "new" / "b.jpg"
    assert colorize(path, "-o", out) == (console.DONE, [f"1 coloured into {out}"])
    assert images.identify(out) == "JPEG"
    before = out.read_bytes()
    status, lines = colorize(path, f"--out={out}", "--saturation=0")
    assert (status, lines[-1][:22]) == (console.DONE, f"0 coloured into {out}"[:22])
    assert out.read_bytes() == before
    assert colorize(path, f"--out={out}", "--saturation=0", "--overwrite")[0] == console.DONE
    assert out.read_bytes() != before
    assert colorize(path, "-o", tmp_path / "c.png", "--candidates=2")[0] == console.DONE
    assert results(tmp_path) == ["a.png", "c-1.png", "c-2.png", "new/b.jpg"]


def test_a_picture_s_name_is_a_folder_where_it_is_one_or_ends_in_a_slash(tmp_path, colorize):
    path = photograph(tmp_path / "a.png")
    (tmp_path / "folder.jpg").mkdir()
    assert colorize(path, f"--out={tmp_path}/folder.jpg")[0] == console.DONE
    assert colorize(path, f"--out={tmp_path}/other.jpg/")[0] == console.DONE
    assert results(tmp_path) == ["a.png", "folder.jpg/a.png", "other.jpg/a.png"]


def test_the_file_named_is_never_a_photograph_nor_another_s_result(tmp_path, colorize):
    path, other = photograph(tmp_path / "a.png"), photograph(tmp_path / "b.png", (31, 20))
    before = path.read_bytes(), other.read_bytes()
    for out, said in [(path, "is the photograph itself"), (other, "exists already and was not")]:
        status, lines = colorize(path, f"--out={out}", "--overwrite")
        assert status == console.UNUSABLE
        assert said in lines[0]
    film = tmp_path / "a.mp4"
    film.write_bytes(b"a film")
    line = colorize(film, f"--out={film}")[1][0]
    assert line == f"{film}: is the film itself, which is never replaced"
    assert (path.read_bytes(), other.read_bytes(), film.read_bytes()) == (*before, b"a film")


def test_the_last_argument_may_be_the_folder(tmp_path, colorize):
    one, two = photograph(tmp_path / "a.png"), photograph(tmp_path / "in" / "b.png")
    out = tmp_path / "out"
    assert colorize(one, two, f"{out}/") == (console.DONE, [f"2 coloured into {out}"])
    status, lines = colorize(one, tmp_path / "in", out)  # it has results of this command alone
    assert (status, lines[-1][:14]) == (console.DONE, "0 coloured int")
    (tmp_path / "empty").mkdir()
    assert colorize(one, tmp_path / "empty")[0] == console.DONE
    assert results(tmp_path) == ["a.png", "empty/a.png", "in/b.png", "out/a.png", "out/b.png"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.png", "album/"], "it may be meant to be coloured; --out=album/ writes into it"),
        (["a.png", "album"], "it may be meant to be coloured"),
        (["a.png", "new"], "a last argument that is a folder or ends in /, got new"),
        (["a.png", "b.png"], "a last argument that is a folder or ends in /, got b.png"),
        (["album"], "expected --out as well, such as `cic-jax colorize album --out=coloured`"),
        (["none.png", "-o", "c.png"], "none.png: no such file or directory"),
        (["a.png", "none.png", "-o", "c.png"], "none.png: no such file or directory"),
        (["a.png", "-o", "c.pgn"], "expected a name that ends in one of .jpg"),
        (["a.png", "-o", "-"], "expected a folder or a file, got -"),
        (["a.png", "album", "-o", "c.png"], "a picture's name, c.png (a folder of that name is"),
        (["album", "-o", "c.png"], "a picture's name, c.png"),
        (["*.png", "-o", "c.png"], "a picture's name, c.png"),
        (["a.png", "-o", "c.heic"], "expected a name that ends in one of .jpg"),
        (["-", "--json"], "--json: expected photographs"),
        (["-", "--dry-run"], "--dry-run: expected photographs"),
    ],
)
def test_what_could_be_meant_otherwise_is_refused(arguments, said, tmp_path, monkeypatch, capsys):
    photograph(tmp_path / "a.png")
    photograph(tmp_path / "album" / "c.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as error:
        main(["colorize", *arguments])
    assert error.value.code == console.UNUSABLE
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert results(tmp_path) == ["a.png", "album/c.png"]


def test_a_dry_run_names_every_file_and_writes_none(tmp_path, capsys):
    path = photograph(tmp_path / "a.gif")
    arguments = ["colorize", str(path), str(tmp_path / "none.jpg"), f"--out={tmp_path / 'out'}"]
    # The checkpoint, which would be refused, is not looked at.
    status = main([*arguments, "--dry-run", "--candidates=2", "--checkpoint=none"])
    shown = capsys.readouterr()
    assert status == console.SOME_FAILED
    out = tmp_path / "out"
    assert shown.out == f"{path} -> {out / 'a-1.png'}\n{path} -> {out / 'a-2.png'}\n"
    assert shown.err.splitlines()[-1] == f"1 would be coloured into {out}, 1 failed"
    assert not out.exists()


def test_scripts_get_one_line_for_each_photograph(tmp_path, weights, capsys):
    source, out = tmp_path / "in", tmp_path / "out"
    photograph(source / "a.png")
    photograph(source / "deep" / "b.jpg")
    options = [f"--checkpoint={weights}", "--size=32", f"--out={out}", "--json"]

    def run(*arguments):
        status = main(["colorize", *map(str, arguments), *options])
        return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    (source / "words.jpg").write_text("words")
    status, planned = run(source, "--dry-run")
    assert status == console.SOME_FAILED
    assert [record["status"] for record in planned] == ["failed", "planned", "planned"]
    status, records = run(source)
    assert status == console.SOME_FAILED
    assert records[0]["photograph"] == str(source / "words.jpg")
    assert records[0]["reason"].startswith("empty, or no photograph")
    for record, name in zip(records[1:], ["a.png", "deep/b.jpg"], strict=True):
        assert record.pop("seconds") > 0
        assert record == {
            "photograph": str(source / name),
            "status": "coloured",
            "results": [str(out / name)],
        }
    assert [record["status"] for record in run(source)[1]] == ["failed", "done", "done"]
    assert (out / RECORD).exists()

"""Shares of an archive are idempotent, and say what was done with what."""

import hashlib
import json
import os
import signal

import fsspec
import pytest
from photo_files import encode, photograph, picture, results

from cic_jax import images
from cic_jax.archive import Worker
from cic_jax.cli import console
from cic_jax.cli.main import main


@pytest.fixture
def source(tmp_path):
    for number, name in enumerate(("a.png", "b.jpg", "deep/c.png", "deep/d.gif", "e.png")):
        photograph(tmp_path / "in" / name, (30 + number, 20))
    return tmp_path / "in"


def lines(out, share="1-of-1"):
    text = (out / "manifest" / f"{share}.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


RESULTS = ["a.png", "b.jpg", "deep/c.png", "deep/d.gif.png", "e.png"]


def pictures(out):
    return [name for name in results(out) if not name.startswith("manifest/")]


def test_shares_do_everything_once_and_again_nothing(source, tmp_path, colorize):
    out = tmp_path / "out"
    (source / "words.jpg").write_text("words")
    for number in (1, 2, 3):
        status, _ = colorize(source, f"--share={number}/3", f"--out={out}", "--batch=2")
        assert status in (console.DONE, console.SOME_FAILED, console.UNUSABLE)
    assert pictures(out) == RESULTS
    every = [line for number in (1, 2, 3) for line in lines(out, f"{number}-of-3")]
    assert sorted(x["file"] for x in every) == sorted(map(str, source.rglob("*.*")))
    for line in every:
        file = source / line["place"]
        if file.name == "words.jpg":
            assert line["status"] == "failed"
            assert line["reason"].startswith("empty, or no photograph")
            continue
        result = out / line["result"]
        assert line["bytes"] == file.stat().st_size
        assert line["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert line["result_sha256"] == hashlib.sha256(result.read_bytes()).hexdigest()
        assert len(line["model"]) == 64
        assert line["settings"]["size"] == 32
        assert line["seconds"] > 0
    before = {name: (out / name).stat().st_mtime_ns for name in RESULTS}
    for number in (1, 2, 3):
        colorize(source, f"--share={number}/3", f"--out={out}")
    assert before == {name: (out / name).stat().st_mtime_ns for name in RESULTS}


def test_what_is_lost_or_changed_is_done_anew_and_no_more(source, tmp_path, colorize):
    out = tmp_path / "out"
    arguments = (source, "--share=1/1", f"--out={out}")
    assert colorize(*arguments)[1][-1] == f"5 coloured into {out}"
    (out / "a.png").unlink()  # a result is lost
    photograph(source / "b.jpg", (40, 40))  # a photograph is another
    os.utime(source / "e.png", (0, 0))  # one has another time, and the same content
    photograph(source / "new.png", (36, 20))
    status, told = colorize(*arguments)
    assert (status, told[-1]) == (console.DONE, f"3 coloured into {out}, 3 done already")
    assert [line["place"] for line in lines(out)[5:]] == ["a.png", "b.jpg", "new.png"]
    assert images.read(out / "b.jpg").rgb.shape == (40, 40, 3)


def test_the_last_line_of_a_photograph_holds(source, tmp_path, colorize):
    """What failed later, as on a disk that was away, is done anew, and the manifest says so."""
    out, here, away = tmp_path / "out", source / "a.png", tmp_path / "away"
    (tmp_path / "list").write_text(str(here))
    arguments = (f"--list={tmp_path / 'list'}", f"--out={out}")
    colorize(*arguments)
    here.rename(away)
    colorize(*arguments)
    away.rename(here)
    colorize(*arguments)
    assert [line["status"] for line in lines(out)] == ["coloured", "failed", "coloured"]
    colorize(*arguments)
    assert len(lines(out)) == 3


@pytest.mark.parametrize("option", ["--temperature=0.5", "--share=2/2"])
def test_an_archive_begun_otherwise_is_refused_in_one_line(option, source, tmp_path, colorize):
    out = tmp_path / "out"
    colorize(source / "a.png", "--share=1/1", f"--out={out}")
    before = results(out)
    with pytest.raises(SystemExit) as ended:
        colorize(source, f"--out={out}", *{"--share=1/1", option} if "temp" in option else [option])
    assert ended.value.code == console.UNUSABLE
    assert results(out) == before


def test_a_folder_of_other_files_is_not_begun_in(source, tmp_path, colorize, capsys):
    out = tmp_path / "out"
    mine = photograph(out / "a.png", (9, 9))
    before = mine.read_bytes()
    with pytest.raises(SystemExit):
        colorize(source, "--share=1/1", f"--out={out}")
    assert "expected a new or empty folder" in capsys.readouterr().err
    assert mine.read_bytes() == before


def test_what_ends_a_share_loses_its_batch_alone(source, tmp_path, colorize, monkeypatch):
    out, batches, finish = tmp_path / "out", [], Worker.finish

    def ended_in_the_second(worker, batch):
        batches.append(batch)
        if len(batches) == 2:
            signal.raise_signal(signal.SIGTERM)
        return finish(worker, batch)

    monkeypatch.setattr(Worker, "finish", ended_in_the_second)
    arguments = (source, "--share=1/1", f"--out={out}", "--batch=2")
    assert colorize(*arguments) == (console.INTERRUPTED, ["cic-jax: interrupted"])
    assert [line["place"] for line in lines(out)] == ["a.png", "b.jpg"]
    assert colorize(*arguments)[1][-1] == f"3 coloured into {out}, 2 done already"
    assert pictures(out) == RESULTS


def test_patterns_and_names_without_photographs(source, tmp_path, colorize):
    (tmp_path / "empty").mkdir()
    out = tmp_path / "out"
    names = [f"{source}/*.png", tmp_path / "empty", "memory://nothing"]
    status, told = colorize(*names, f"--out={out}", "--share=1/1")
    assert status == console.SOME_FAILED
    assert pictures(out) == ["a.png", "e.png"]
    assert told[:2] == [
        f"{tmp_path / 'empty'}: no photographs in this folder",
        "memory://nothing: no photographs there",
    ]
    assert told[-1] == f"2 coloured into {out}, 2 failed"


def test_a_list_names_paths_and_urls_and_errors_are_lines(tmp_path, weights, capsys):
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/bucket/x.jpg", encode(picture(0)))
    path = photograph(tmp_path / "in" / "a.png")
    names = [path, "memory://bucket/x.jpg", f"file://{path}", "memory://bucket/none.jpg"]
    (tmp_path / "list").write_text("\n".join(map(str, names)))
    options = [f"--list={tmp_path / 'list'}", f"--checkpoint={weights}", "--size=32"]
    try:
        # One photograph by two names has one place: the first is taken.
        status = main(["colorize", *options, f"--out={tmp_path / 'out'}", "--json"])
        told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert status == console.SOME_FAILED
        assert {x["photograph"]: x["status"] for x in told} == {
            str(path): "coloured",
            "memory://bucket/x.jpg": "coloured",
            f"file://{path}": "failed",
            "memory://bucket/none.jpg": "failed",
        }
        place = path.relative_to(path.anchor)
        assert pictures(tmp_path / "out") == sorted(["bucket/x.jpg", str(place)])
        # And into a store, below whose folder of results no photograph is taken.
        store = ["memory://bucket", "--out=memory://bucket/out", f"--manifest={tmp_path / 'm'}"]
        command = ["colorize", *store, *options[1:]]
        assert main(command) == console.DONE
        assert images.read(memory.cat_file("/bucket/out/x.jpg")).rgb.shape == (60, 80, 3)
        assert main(command) == console.SOME_FAILED
        told = capsys.readouterr().err.splitlines()
        assert told[-1] == "0 coloured into memory://bucket/out, 1 done already, 1 failed"
        assert "is in the output folder itself" in told[-2]
    finally:
        memory.rm("/bucket", recursive=True)


def test_a_dry_run_of_a_share_writes_nothing(source, tmp_path, capsys):
    arguments = [str(source), "--share=1/1", f"--out={tmp_path / 'out'}", "--dry-run"]
    assert main(["colorize", *arguments, "--checkpoint=none"]) == console.DONE
    shown = capsys.readouterr().out.splitlines()
    assert f"{source}/deep/d.gif -> {tmp_path}/out/deep/d.gif.png" in shown
    assert len(shown) == 5
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["in", "--share=0/4", "-o", "out"], "expected I/N with I from 1 to N, got 0/4"),
        (["in", "--share=5/4", "-o", "out"], "expected I/N"),
        (["in", "--share=1/4"], "expected photographs or --list=FILE, and --out=DIR"),
        (["--share=1/4", "-o", "out"], "expected photographs or --list=FILE"),
        (["--list=none", "-o", "out"], "--list: none: no such file"),
        (["in", "--share=1/4", "-o", "out", "--candidates=2"], "--candidates: expected"),
        (["in", "--share=1/4", "-o", "out", "--overwrite"], "--overwrite: expected"),
        (["in", "-o", "memory://out"], "--manifest: expected a folder"),
        (["nostore://x/a.jpg", "-o", "out"], "nostore://"),
    ],
)
def test_wrong_use_is_one_line(arguments, said, tmp_path, monkeypatch, capsys):
    photograph(tmp_path / "in" / "a.png")
    monkeypatch.chdir(tmp_path)
    try:
        status = main(["colorize", *arguments])
    except SystemExit as ended:
        status = ended.code
    assert status == console.UNUSABLE
    assert any(said in line for line in capsys.readouterr().err.splitlines())
    assert not (tmp_path / "out").exists()

"""A result belongs to the photograph that it was made from, not to a name."""

import json
import shutil

import pytest
from photo_files import encode, picture, results

from cic_jax.cli import console
from cic_jax.cli.sources import RECORD, Sources


def draw(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(picture(seed), "JPEG" if path.suffix == ".jpg" else path.suffix[1:]))
    return path


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("a/IMG_1.jpg", "b/IMG_1.jpg"), ["IMG_1-2.jpg", "IMG_1.jpg"]),
        (("x.gif", "x.png"), ["x-2.png", "x.png"]),
    ],
)
def test_photographs_of_one_name_in_two_commands(names, expected, tmp_path, colorize):
    out = tmp_path / "out"
    one, other = (draw(tmp_path / name, seed) for seed, name in enumerate(names))
    done = (console.DONE, [f"1 coloured into {out}"])
    assert colorize(one, f"--out={out}") == done
    assert colorize(other, f"--out={out}") == done
    assert results(out) == expected
    before = [(out / name).read_bytes() for name in expected]
    assert before[0] != before[1]
    for again in ([one], [other], [one, other], [other, one]):
        status, lines = colorize(*again, f"--out={out}")
        assert (status, lines[-1][:14]) == (console.DONE, "0 coloured int")
    assert colorize(other, f"--out={out}", "--saturation=0", "--overwrite") == done
    after = [(out / name).read_bytes() for name in expected]
    assert results(out) == expected
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True]


def test_candidates_of_one_name_in_two_commands(tmp_path, colorize):
    out = tmp_path / "out"
    one, other = draw(tmp_path / "a" / "x.png", 0), draw(tmp_path / "b" / "x.png", 1)
    for path in (one, other, one, other):
        assert colorize(path, f"--out={out}", "--candidates=2")[0] == console.DONE
    assert results(out) == ["x-1.png", "x-2-1.png", "x-2-2.png", "x-2.png"]


def test_a_photograph_that_moved_is_done_already(tmp_path, colorize):
    out = tmp_path / "out"
    path = draw(tmp_path / "old" / "a.png", 0)
    colorize(path, f"--out={out}")
    shutil.move(path.parent, tmp_path / "new")
    out = shutil.move(out, tmp_path / "moved")
    _, lines = colorize(tmp_path / "new", f"--out={out}")
    assert lines == [f"0 coloured into {out}, 1 done already (--overwrite colours them again)"]


def test_a_photograph_that_was_edited_keeps_its_result(tmp_path, colorize):
    out = tmp_path / "out"
    path = draw(tmp_path / "a.png", 0)
    colorize(path, f"--out={out}")
    before = (out / "a.png").read_bytes()
    draw(path, 1)
    assert colorize(path, f"--out={out}")[1][-1].startswith("0 coloured")
    assert (out / "a.png").read_bytes() == before
    colorize(path, f"--out={out}", "--overwrite")
    assert results(out) == ["a.png"]
    assert (out / "a.png").read_bytes() != before


def test_what_was_made_with_other_settings_is_said_to_be(tmp_path, colorize):
    out, paths = tmp_path / "out", [draw(tmp_path / name, 0) for name in ("a.png", "b.png")]
    again = "(--overwrite colours them again)"
    assert colorize(paths[0], f"--out={out}", "--saturation=0.5")[0] == console.DONE
    told = [f"0 coloured into {out}, 1 done already with other settings {again}"]
    assert colorize(paths[0], f"--out={out}")[1] == told
    draw(paths[1], 1)
    colorize(paths[1], f"--out={out}")
    told = [f"0 coloured into {out}, 2 done already, 1 of them with other settings {again}"]
    assert colorize(*paths, f"--out={out}")[1] == told
    record = out / RECORD  # one of a version that recorded no settings says nothing of them
    lines = [json.loads(line)[:3] for line in record.read_text().splitlines() if line]
    record.write_text("\n".join(map(json.dumps, lines)) + "\n")
    assert colorize(*paths, f"--out={out}")[1] == [f"0 coloured into {out}, 2 done already {again}"]


def test_files_of_other_origin_are_never_replaced(tmp_path, colorize):
    out = tmp_path / "out"
    path, mine = draw(tmp_path / "a.png", 0), draw(out / "a.png", 1)
    before = mine.read_bytes()
    for options in ([], ["--overwrite"]):
        assert colorize(path, f"--out={out}", *options)[0] == console.DONE
        assert results(out) == ["a-2.png", "a.png"]
    assert mine.read_bytes() == before


def test_a_line_that_was_cut_short_costs_one_result(tmp_path):
    photographs = [draw(tmp_path / name, seed) for seed, name in enumerate(("a.png", "b.png"))]
    paths = [tmp_path / "out" / photograph.name for photograph in photographs]
    (tmp_path / "out").mkdir()
    sources = Sources(tmp_path / "out")
    sources.add(paths[:1], photographs[0])
    record = tmp_path / "out" / RECORD
    record.write_text(record.read_text().rstrip()[:-10])
    sources = Sources(tmp_path / "out")
    assert not sources.made(paths[0], photographs[0])
    sources.add(paths[1:], photographs[1])
    sources = Sources(tmp_path / "out")
    assert not sources.made(paths[0], photographs[0])
    assert sources.made(paths[1], photographs[1])
    assert not sources.made(paths[1], photographs[0])


def test_lines_of_any_content_are_ignored(tmp_path):
    photograph = draw(tmp_path / "a.png", 0)
    (tmp_path / RECORD).write_text('[["a.png"], 1, 2]\n{"a": 1}\n3\n[{}, [], ""]\n' + "[" * 9999)
    assert not Sources(tmp_path).made(tmp_path / "a.png", photograph)


def test_a_name_that_another_command_took_meanwhile_is_left_to_it(tmp_path):
    one, two = draw(tmp_path / "a" / "x.png", 0), draw(tmp_path / "b" / "x.png", 1)
    out = tmp_path / "out"
    out.mkdir()
    commands = [Sources(out), Sources(out), Sources(out)]  # that were planned at the same time
    commands[0].add([out / "x.png"], one)
    with pytest.raises(OSError, match="taken meanwhile"):
        commands[1].add([out / "x.png"], two)
    commands[2].add([out / "x.png"], one)  # the same photograph: the same result
    (out / "x.png").touch()
    later = Sources(out)
    assert later.made(out / "x.png", one)
    assert not later.made(out / "x.png", two)


def test_a_file_that_came_meanwhile_is_not_replaced(tmp_path):
    path, out = draw(tmp_path / "x.png", 0), tmp_path / "out"
    sources = Sources(out)
    draw(out / "x.png", 1)
    with pytest.raises(OSError, match="taken meanwhile"):
        sources.add([out / "x.png"], path)

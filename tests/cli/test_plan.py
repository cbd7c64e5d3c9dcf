"""Each photograph that the command is given has an output of its own name and place."""

import os
from pathlib import Path

from photo_files import photograph

from cic_jax.cli.plan import plan_results


def lines(plan):
    return [error.line for error in plan.errors]


def test_plan_numbers_what_would_share_a_name(tmp_path):
    sources = [
        photograph(tmp_path / name)
        for name in ("one/a.png", "one/A.gif", "two/a.png", "two/sub/b.jpg", "two/.hidden/c.png")
    ]
    photograph(tmp_path / "two" / "._d.png")
    out = tmp_path / "out"
    names = [str(tmp_path / "one"), str(tmp_path / "two"), str(sources[0])]
    plan = plan_results(names, out)
    assert plan.errors == []
    assert plan.jobs == [
        (sources[1], [out / "A.png"]),
        (sources[0], [out / "a-2.png"]),
        (sources[2], [out / "a-3.png"]),
        (sources[3], [out / "sub" / "b.jpg"]),
    ]


def test_plan_follows_patterns(tmp_path):
    photograph(tmp_path / "x" / "deep" / "a.png")
    photograph(tmp_path / "x" / "b.png")
    odd = photograph(tmp_path / "x" / "c[1].png")
    out = Path("out")

    def targets(pattern):
        return [target for _, (target,) in plan_results([str(tmp_path / pattern)], out).jobs]

    assert targets("x/**/a*.png") == [out / "deep" / "a.png"]
    assert targets("*/b.png") == [out / "x" / "b.png"]
    assert targets("*/deep") == [out / "x" / "deep" / "a.png"]
    assert plan_results([str(odd)], out).jobs == [(odd, [out / "c[1].png"])]


def test_linked_folders_are_followed_once(tmp_path):
    albums = tmp_path / "albums"
    photograph(albums / "a.png", (30, 20))
    photograph(tmp_path / "elsewhere" / "b.png", (31, 20))
    (albums / "linked").symlink_to(tmp_path / "elsewhere")
    (albums / "round").symlink_to(albums)
    (tmp_path / "elsewhere" / "back").symlink_to(albums)
    out = tmp_path / "out"
    plan = plan_results([str(albums)], out)
    assert plan.errors == []
    assert [paths for _, paths in plan.jobs] == [[out / "a.png"], [out / "linked" / "b.png"]]


def test_links_that_lead_nowhere_are_named(tmp_path):
    photograph(tmp_path / "in" / "a.png")
    lost = tmp_path / "in" / "lost"
    lost.symlink_to(tmp_path / "nowhere")
    plan = plan_results([str(tmp_path / "in")], tmp_path / "out")
    assert lines(plan) == [f"{lost}: no such file or directory"]
    assert len(plan.jobs) == 1


def test_photographs_that_are_not_read_are_named(tmp_path):
    photograph(tmp_path / "in" / "a.png")
    for name in ("a.HEIC", "b.jxl", "c.CR2", "notes.txt", ".hidden.heic"):
        (tmp_path / "in" / name).write_bytes(b"not read")
    plan = plan_results([str(tmp_path / "in")], tmp_path / "out")
    assert [error.partition(": ")[0] for error in lines(plan)] == [
        str(tmp_path / "in" / name) for name in ("a.HEIC", "b.jxl", "c.CR2")
    ]
    assert len(plan.jobs) == 1


def test_what_is_no_photograph_is_one_line(tmp_path):
    photograph(tmp_path / "in" / "a.png")
    os.mkfifo(tmp_path / "in" / "pipe.png")
    (tmp_path / "in" / "round.png").symlink_to("round.png")
    (tmp_path / "in" / "zero.png").symlink_to("/dev/zero")
    names = [str(tmp_path / "in"), "x" * 5000]
    plan = plan_results(names, tmp_path / "out")
    assert [line.partition(": ")[::2] for line in lines(plan)] == [
        (str(tmp_path / "in" / "pipe.png"), "no file: a pipe, a socket or a device"),
        (str(tmp_path / "in" / "round.png"), "too many levels of symbolic links"),
        (str(tmp_path / "in" / "zero.png"), "no file: a pipe, a socket or a device"),
        ("x" * 200, "file name too long"),
    ]
    assert [job.photograph.name for job in plan.jobs] == ["a.png"]


def test_a_result_whose_name_would_be_too_long_fails_its_photograph_alone(tmp_path):
    one, long = (
        photograph(tmp_path / "in" / "a.png"),
        photograph(tmp_path / "in" / f"{'n' * 251}.png"),
    )
    (tmp_path / "out").mkdir()
    plan = plan_results([str(tmp_path / "in")], tmp_path / "out", candidates=2)
    assert [job.photograph for job in plan.jobs] == [one]
    assert lines(plan) == [f"{long}: file name too long"]


def test_results_are_not_coloured_again(tmp_path, monkeypatch):
    """By patterns, or a shell's, that have come to name the output folder too."""
    photograph(tmp_path / "a.png")
    photograph(tmp_path / "out" / "b.png")
    monkeypatch.chdir(tmp_path)
    for names in (["*"], ["**/*.png"], ["a.png", "out"], ["."]):
        plan = plan_results(names, Path("out"))
        assert plan.errors == []
        assert [str(job.photograph) for job in plan.jobs] == ["a.png"]
    (line,) = lines(plan_results(["out"], Path("out")))
    assert "is in the output folder itself" in line

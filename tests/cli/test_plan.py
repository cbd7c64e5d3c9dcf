"""Each photograph that the command is given has an output of its own name and place."""

from pathlib import Path

from photo_files import photograph

from cic_jax.cli import plan as image_plan


def test_plan_numbers_what_would_share_a_name(tmp_path):
    sources = [
        photograph(tmp_path / name)
        for name in ("one/a.png", "one/A.gif", "two/a.png", "two/sub/b.jpg", "two/.hidden/c.png")
    ]
    photograph(tmp_path / "two" / "._d.png")
    out = tmp_path / "out"
    names = [str(tmp_path / "one"), str(tmp_path / "two"), str(sources[0])]
    plan = image_plan.plan(names, out)
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
        return [target for _, (target,) in image_plan.plan([str(tmp_path / pattern)], out).jobs]

    assert targets("x/**/a*.png") == [out / "deep" / "a.png"]
    assert targets("*/b.png") == [out / "x" / "b.png"]
    assert targets("*/deep") == [out / "x" / "deep" / "a.png"]
    assert image_plan.plan([str(odd)], out).jobs == [(odd, [out / "c[1].png"])]

"""Measure how well a model takes hints.

    python experiments/hints.py --workdir=runs/lite

On the photographs of a split: PSNR and RMSE of ab with 0 to 50 points of true colour at random
places (as in Zhang et al., 2017, figure 7), and the gain over none, by group of photographs.
On drawn scenes: one click in the middle of the main object, with each of four colours: how much of
the object takes the colour asked for, and how much of the rest changes.

Prints two tables and writes hints.json to --out.
"""

from pathlib import Path
from typing import Any

from cic_jax import startup

with startup.imports(__name__):
    import numpy as np
    from absl import flags
    from jaxtyping import Int
    from ml_collections import config_flags

    from cic_jax import checkpoint, entry, photos, read_out, scenes
    from cic_jax.configs import default
    from cic_jax.report.markdown import markdown
    from cic_jax.train import bootstrap, evaluate, hint_scores
    from cic_jax.train.config import check
    from cic_jax.train.directory import write_json
    from cic_jax.train.sample import read

CONFIG = entry.define_config(default.get_config())
WORKDIR = flags.DEFINE_string("workdir", None, "A model that takes hints.", required=True)
SPLIT = flags.DEFINE_enum("split", "test", ["train", "validation", "test"], "Which photographs.")
LIMIT = flags.DEFINE_integer("limit", 0, "Photographs of each group at most; 0 takes all.")
SCENES = flags.DEFINE_integer("scenes", 100, "Drawn scenes to click.")
OUT = flags.DEFINE_string("out", ".", "The folder of the file.")
SEED = 1  # of the drawn scenes; those to train on have another


def main() -> None:
    """Score, print, write."""
    overrides = config_flags.get_override_values(flags.FLAGS["config"])
    model = checkpoint.load(WORKDIR.value, overrides=overrides)
    config = default.completed(model.description["config"])
    check(config)
    settings = read_out.from_config(config.colour)
    photographs = photos.open_splits(config.data)[SPLIT.value]
    sample = read(photographs, config.data, LIMIT.value)
    scores = hint_scores.likeness(model, sample, settings)
    drawn = [scenes.draw(SEED, index, config.data.size) for index in range(SCENES.value)]
    clicks = hint_scores.clicks(model, drawn, settings)

    points = {
        f"{group}, {count}": _summary(scores, count, sample.rows(group))
        for group in sample.group_names()
        for count in scores
    }
    print(markdown([{"Photographs, points": name} | _row(x) for name, x in points.items()]))
    taken = bootstrap.intervals(clicks)
    print(markdown([_click_row(name, x, len(clicks[name])) for name, x in taken.items()]))
    Path(OUT.value).mkdir(parents=True, exist_ok=True)
    write_json(Path(OUT.value) / "hints.json", {"points": points, "clicks": taken})


def _summary(
    scores: dict[int, evaluate.Columns], count: int, rows: Int[np.ndarray, " m"]
) -> dict[str, Any]:
    """Summarise the photographs in `rows` with `count` points."""
    psnr, none = (scores[number]["psnr"][rows] for number in (count, 0))
    return {
        "photographs": len(rows),
        "psnr": float(np.mean(psnr)),
        "rmse_ab": float(np.mean(scores[count]["rmse_ab"][rows])),
        "gain": bootstrap.intervals({"gain": psnr - none})["gain"],
    }


def _row(summary: dict[str, Any]) -> dict[str, str]:
    return {
        "PSNR, dB": f"{summary['psnr']:.2f}",
        "Gain over none, dB": "{mean:.2f} [{low:.2f}, {high:.2f}]".format(**summary["gain"]),
        "RMSE of ab": f"{summary['rmse_ab']:.2f}",
    }


def _click_row(name: str, interval: bootstrap.Interval, clicks: int) -> dict[str, str]:
    share = "{mean:.1%} [{low:.1%}, {high:.1%}]".format(**interval)
    return {"Clicks on drawn objects": f"{name}, {clicks} clicks", "Share of the pixels": share}


if __name__ == "__main__":
    entry.run(main)

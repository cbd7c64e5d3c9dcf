"""Release a trained model: parameters and statistics alone, in bfloat16, with its card.

    python experiments/release.py --workdir=runs/two_cores --name=two_cores

Takes the run's best checkpoint and the table that evaluate.py left in the run, and replaces
checkpoints/<name>, where `Colorizer.restore('<name>')` and `cic-jax colorize` find it.
"""

import json
import shutil
from pathlib import Path

from absl import flags

from cic_jax import checkpoint, entry
from cic_jax import model as models

WORKDIR = flags.DEFINE_string("workdir", None, "The training run.", required=True)
NAME = flags.DEFINE_string("name", None, "What the release is called.", required=True)


def card(name: str, model: models.Model, table: dict) -> str:
    """What there is to know of a model that a file can tell, in Markdown."""
    about = model.description
    train = about["config"]["train"]
    metrics = [
        f"| {metric} | {_interval(ours)} | {_interval(table['grey'].get(metric))} |"
        for metric, ours in table["model"].items()
    ]
    return "\n".join(
        [
            f"# {name}",
            "",
            f"The {about['network']} network at width {about['width']:g}: "
            f"{models.parameter_count(model.variables):,} parameters, trained for "
            f"{train['epochs']:g} epochs in batches of {train['batch_size']}. All of its config is "
            f"in [{checkpoint.DESCRIPTION}]({checkpoint.DESCRIPTION}).",
            "",
            f"On {table['photographs']} test photographs that it never saw, at T = "
            f"{about['config']['colour']['temperature']:g}, with 95 % intervals:",
            "",
            "| metric | this model | left grey |",
            "|---|---|---|",
            *metrics,
            "",
        ]
    )


def _interval(value: dict[str, float] | None) -> str:
    return "-" if value is None else "{mean:.4g} [{low:.4g}, {high:.4g}]".format(**value)


def main() -> None:
    """Export, write the card, say where they are."""
    run = Path(WORKDIR.value)
    if not (run / "test.json").exists():
        raise SystemExit(f"no {run / 'test.json'}: run experiments/evaluate.py --workdir={run}")
    model = checkpoint.load(run)
    # Where the photographs lay on the machine that trained is nobody's business.
    model.description["config"]["data"].update(path="", data_dir="")
    target = checkpoint.RELEASED / NAME.value
    shutil.rmtree(target, ignore_errors=True)
    checkpoint.export(target, model)
    table = json.loads((run / "test.json").read_text())
    (target / "README.md").write_text(card(NAME.value, model, table))
    print(target)


if __name__ == "__main__":
    entry.run(main)

"""Measure the effect of each choice of a recipe: short runs, each one change from the base.

    python experiments/ablate.py --workdir=runs/ablation --config.data.path=TARS --minutes=10

The base is configs/two_cores.py, or another file of configs/ by --config=FILE: configs/lite.py has
variants of its own. Every run trains on the same number of photographs and is scored on the
validation split. Writes ablation.json and ablation.md; rerun the same command to resume where it
stopped. Any --config.* holds for all runs, --variants names some of them.
"""

import sys
from pathlib import Path

from cic_jax import startup

with startup.imports(__name__):
    from absl import app, flags

    from cic_jax import entry, machine
    from cic_jax.configs import two_cores
    from cic_jax.report.results import command
    from cic_jax.study.ablation import variants
    from cic_jax.study.ablation_runs import ablate

CONFIG = entry.define_config(Path(two_cores.__file__))
WORKDIR = flags.DEFINE_string("workdir", "runs/ablation", "Directory of the runs and the results.")
VARIANTS = flags.DEFINE_list("variants", [], "Variants to train besides the base; all by default.")
MINUTES = flags.DEFINE_float(
    "minutes", None, "Training time of each run; sets --config.train.epochs for all."
)


def main() -> None:
    """Train and score the variants, and print their table."""
    workdir, base = Path(WORKDIR.value), CONFIG.value
    workdir.mkdir(parents=True, exist_ok=True)
    machine.keep_compiled(workdir / "compiled")
    known = variants(base)
    if unknown := set(VARIANTS.value) - set(known):
        raise app.UsageError(f"--variants has {', '.join(unknown)}; there are {', '.join(known)}")
    print(ablate(workdir, base, command(sys.argv), VARIANTS.value, MINUTES.value))


if __name__ == "__main__":
    entry.run(main)

"""Take rebalancing apart: class weights in training against what a read-out gives for free.

    python experiments/rebalancing.py --unbalanced=runs/study/unbalanced \
        --trained=runs/study/rebalanced_ours,runs/mix_0.75 --out=runs/rebalancing

Measures error and colourfulness of the unbalanced model along saturation, temperature and tau, and
of the models trained with class weights, on the photographs of the unbalanced model's config,
changed by --config.data.*. Writes rebalancing.json, rebalancing.md and rebalancing.png;
`results.py --rebalancing=FOLDER` puts them into RESULTS.md.
"""

import json
from pathlib import Path

from cic_jax import startup

with startup.imports(__name__):
    from absl import app, flags
    from ml_collections import config_flags

    from cic_jax import checkpoint, entry, photos, read_out
    from cic_jax.configs import default
    from cic_jax.report import style
    from cic_jax.report.markdown import markdown
    from cic_jax.study import rebalancing
    from cic_jax.train import choice
    from cic_jax.train.config import check
    from cic_jax.train.sample import read

CONFIG = entry.define_config(default.get_config())
UNBALANCED = flags.DEFINE_string("unbalanced", None, "Model trained without.", required=True)
TRAINED = flags.DEFINE_list("trained", None, "Models trained with class weights.", required=True)
SPLIT = flags.DEFINE_enum("split", "test", ["train", "validation", "test"], "Which photographs.")
LIMIT = flags.DEFINE_integer("limit", 0, "Photographs of each group at most; 0 takes all.")
OUT = flags.DEFINE_string("out", ".", "The folder of the files.")


def main() -> None:
    """Measure every model and write the files."""
    overrides = config_flags.get_override_values(flags.FLAGS["config"])
    models = {
        name: checkpoint.load(name, overrides=overrides)
        for name in (UNBALANCED.value, *TRAINED.value)
    }
    configs = {
        name: default.completed(model.description["config"]) for name, model in models.items()
    }
    unbalanced = configs[UNBALANCED.value]
    if unbalanced.prior.source != "uniform":
        raise app.UsageError(f"--unbalanced={UNBALANCED.value} was trained with class weights")
    mixes = {name: float(configs[name].prior.mix) for name in TRAINED.value}
    if len(set(mixes.values())) < len(mixes):
        raise app.UsageError(f"--trained has several models of one prior.mix: {mixes}")
    check(unbalanced)
    sample = read(photos.open_splits(unbalanced.data)[SPLIT.value], unbalanced.data, LIMIT.value)
    own = read_out.from_config(unbalanced.colour)
    summarised = rebalancing.summary(
        rebalancing.curves(models[UNBALANCED.value], sample, own),
        {mix: rebalancing.point(models[name], sample, own) for name, mix in mixes.items()},
        float(choice.truth_colorfulness(sample).mean()),
    )
    out = Path(OUT.value)
    out.mkdir(parents=True, exist_ok=True)
    (out / "rebalancing.json").write_text(json.dumps(summarised, indent=1) + "\n")
    text = f"{rebalancing.text(summarised)}\n\n{markdown(rebalancing.rows(summarised))}"
    (out / "rebalancing.md").write_text(text, encoding="utf-8")
    style.save(rebalancing.figure(summarised), out / "rebalancing.png")
    print(text)


if __name__ == "__main__":
    entry.run(main)

"""Compare models where each is as colourful as the truth, by group of photographs.

    python experiments/matched.py --workdir=runs/new --baseline=simplified_final

A duller colouring has the smaller error. So ab is multiplied by the saturation at which the mean
colourfulness over a group is the truth's, for each model and group, and the errors are taken there;
intervals are paired over photographs. Groups follow from WordNet ids: vehicles, scenes, everyday
and people. --workdir takes several models (runs, exported checkpoints, released names), divided by
commas. Each is read out by the settings of its own config, or with --choose by the temperature and
tau that serve best on the validation split; --config.colour.* changes the settings of these models,
not of the baseline. All are scored on the photographs of the first model's config, changed by
--config.data.*, and on drawn scenes.

--judge asks EfficientNet-Lite2, which needs the extra `perceptual`, whether it takes the coloured
photographs for what it takes the true ones for. --faces compares the skin of the faces in them, by
how light it is. docs/metrics.md defines all metrics.

Prints the tables and writes matched.json, matched.csv and matched.md, the tables, to --out.
"""

from functools import partial
from pathlib import Path

from cic_jax import startup

with startup.imports(__name__):
    import numpy as np
    from absl import flags
    from ml_collections import config_flags

    from cic_jax import checkpoint, entry, photos, read_out
    from cic_jax.configs import default
    from cic_jax.model import Model
    from cic_jax.report import gallery
    from cic_jax.report import matched as report
    from cic_jax.report.markdown import markdown
    from cic_jax.train import choice, coherence, faces, judge, matched
    from cic_jax.train.config import check
    from cic_jax.train.sample import Cells, Sample, read

CONFIG = entry.define_config(default.get_config())
WORKDIR = flags.DEFINE_list("workdir", None, "Models, divided by commas.", required=True)
BASELINE = flags.DEFINE_string("baseline", None, "A model that the others are compared with.")
SPLIT = flags.DEFINE_enum("split", "test", ["train", "validation", "test"], "Which photographs.")
CHOOSE = flags.DEFINE_bool("choose", False, "Choose temperature and tau on the validation split.")
TEMPERATURES = flags.DEFINE_list("temperatures", ["0.38"], "To choose from.")
TAUS = flags.DEFINE_list("taus", ["0", "0.25", "0.5", "0.75"], "To choose from.")
LIMIT = flags.DEFINE_integer("limit", 0, "Photographs of each group at most; 0 takes all.")
SCENES = flags.DEFINE_integer("scenes", 100, "Drawn scenes, whose objects are known; 0 for none.")
JUDGE = flags.DEFINE_bool("judge", False, "Compare a classifier's verdicts, too.")
FACES = flags.DEFINE_bool("faces", False, "Compare the skin of faces, too.")
OUT = flags.DEFINE_string("out", ".", "The folder of the files.")
FACTORY = flags.DEFINE_multi_string("factory", [], "module:function that built a model.")


def score(
    things: coherence.Things, cell_ab: Cells, settings: read_out.Settings
) -> dict[str, matched.Scores]:
    """Score colours by group, as they are read out and as colourful as the truth."""
    spreads = partial(coherence.spreads, things)
    return matched.assess(things.sample, cell_ab, float(settings.saturation), [spreads])


def chosen(name: str, model: Model, validation: Sample) -> read_out.Settings:
    """Choose a model's settings on the validation split, and print all that were tried."""
    own = read_out.from_config(default.completed(model.description["config"]).colour)
    choices = choice.choose(
        model, validation, own, list(map(float, TEMPERATURES.value)), list(map(float, TAUS.value))
    )
    print(f"{name}, on {len(validation.names)} photographs of the validation split, best first:")
    for tried in choices:
        groups = ", ".join(
            f"{group} {error:.2f} ({tried.shares[group]:.0%} as colourful)"
            for group, error in tried.by_group.items()
        )
        print(
            f"  T = {tried.settings.temperature:g}, tau = {tried.settings.tau:g}, saturation "
            f"{tried.settings.saturation:.2f}: RMSE of ab {tried.rmse_ab:.2f}: {groups}"
        )
    return choices[0].settings


def main() -> None:
    """Score every model, print the table, write the files."""
    names = [*WORKDIR.value, *([BASELINE.value] if BASELINE.value else [])]
    overrides = config_flags.get_override_values(flags.FLAGS["config"])
    models = {
        name: checkpoint.load(
            name,
            factories=FACTORY.value,
            overrides=overrides if name in WORKDIR.value else None,
        )
        for name in dict.fromkeys(names)
    }
    config = default.completed(next(iter(models.values())).description["config"])
    check(config)
    splits = photos.open_splits(config.data)
    validation = read(splits["validation"], config.data, LIMIT.value) if CHOOSE.value else None
    things = coherence.segmented(read(splits[SPLIT.value], config.data, LIMIT.value))
    drawn = coherence.drawn(SCENES.value, config.data.size) if SCENES.value else None
    look = judge.load() if JUDGE.value else None
    sample = things.sample
    scored: dict[str, report.Scored] = {}
    pictures: dict[str, np.ndarray] = {}
    for name, model in models.items():
        if validation is None:
            own = default.completed(model.description["config"]).colour
            settings = read_out.from_config(own)
        else:
            settings = chosen(name, model, validation)
        (cell_ab,) = matched.cells(model, sample, [settings])
        groups = score(things, cell_ab, settings)
        if JUDGE.value or FACES.value:
            pictures[name] = judge.coloured(sample, cell_ab, float(settings.saturation))
        if drawn is not None:
            (cell_ab,) = matched.cells(model, drawn.sample, [settings])
            groups[coherence.DRAWN] = score(drawn, cell_ab, settings)[coherence.DRAWN]
        scored[name] = report.Scored(settings, groups)
    summarised = report.summary(scored, BASELINE.value)
    tables = [markdown(report.rows(summarised))]
    if FACES.value:
        summarised["skin"] = faces.assess(sample.photo, pictures)
        tables.append(markdown(report.skin_rows(summarised["skin"])))
    if look is not None:
        pictures["grey"] = gallery.grey(sample.photo)
        summarised["semantics"] = judge.assess(look, sample, pictures)
        tables.append(markdown(report.judged_rows(summarised["semantics"])))
    print("\n\n".join(tables))
    report.write(summarised, scored, Path(OUT.value) / "matched")
    (Path(OUT.value) / "matched.md").write_text("\n\n".join(tables) + "\n", encoding="utf-8")


if __name__ == "__main__":
    entry.run(main)

"""The card of a released model, in Markdown: its training, data, scores, limits and licence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cic_jax import checkpoint, checksums, model
from cic_jax.report.markdown import Rows, Scores, metric_rows, section

EVERYTHING = (
    "All of the config, and the validation metrics of this step before rounding to bfloat16, are "
    f"in [{checkpoint.DESCRIPTION}]({checkpoint.DESCRIPTION})."
)
LICENCE = (
    "The weights are under the Apache License 2.0, as the rest of this repository "
    "([LICENSE](../../LICENSE)), without warranty. The photographs that they were trained on are "
    "not included and stay under their own terms, above: whoever wants to use the weights for what "
    "those terms do not allow should train on other photographs."
)


class Texts(NamedTuple):
    """Texts of a card that a run cannot supply, in Markdown without headings."""

    data: str  # where the photographs come from, and on what terms
    limits: str  # what the model does badly
    comparison: str = ""  # tables of it beside another model; "" for none


class Trained(NamedTuple):
    """The best step of a training run, and what the run recorded about it."""

    model: model.Model
    step: int
    minutes: float | None  # of training up to that step; None without a log
    device: str | None  # on which it last trained, if recorded


def card(
    name: str,
    trained: Trained,
    photographs: Mapping[str, int],
    scores: Scores,
    texts: Texts,
    size: int,
) -> str:
    """Write the whole card.

    Args:
        name: Name of the released model.
        trained: The model and how it was trained.
        photographs: Number of photographs by split.
        scores: Metrics on the test split, of the model and of the photographs left grey.
        texts: Texts on the data and on the model's limits.
        size: Size of all files in bytes.
    """
    config = trained.model.description["config"]
    parts = [
        f"# {name}",
        _lead(trained.model, size),
        section("How to use it", _usage(name)),
        section("Training", EVERYTHING, rows=_training(trained, photographs)),
        section("Data and terms", _data(config["data"], photographs), texts.data),
        section("How well it does", _scored(config, photographs), rows=metric_rows(scores)),
        *([section("Beside another model", texts.comparison)] if texts.comparison else []),
        section("What it does badly", texts.limits),
        section("Licence", LICENCE),
    ]
    return "\n\n".join(parts) + "\n"


def _lead(built: model.Model, size: int) -> str:
    description = built.description
    centers = description["centers"]
    predicts = "ab itself" if centers is None else f"a distribution over {len(centers)} bins of ab"
    return (
        f"Colours greyscale photographs: from lightness it predicts {predicts}, for every 4 x 4 "
        f"pixels. The {description['network']} network at width {description['width']:g}: "
        f"{model.parameter_count(built.variables):,} parameters and the running statistics, in "
        f"bfloat16, {size / 1e6:.1f} MB in all."
    )


def _usage(name: str) -> str:
    return (
        f"```\ncic-jax colorize photo.jpg --out=coloured --checkpoint={name}\n```\n\n"
        "```python\nfrom cic_jax import Colorizer\n\n"
        "# uint8 (h, w) or (h, w, 3) -> uint8 (h, w, 3)\n"
        f'coloured = Colorizer.restore("{name}")(photo)\n```\n\n'
        f"Loading verifies the files; `sha256sum -c {checksums.NAME}` does so by hand."
    )


def _training(trained: Trained, photographs: Mapping[str, int]) -> Rows:
    config = trained.model.description["config"]
    train, size = config["train"], config["train"]["crop"]
    seen = trained.step * train["batch_size"]
    warm = f", warm-up of {train['warmup_steps']} steps" if train["schedule"] == "cosine" else ""
    facts = {
        "Step": f"{trained.step:,}, of the best validation {train['best_metric']}",
        "Crops seen": f"{seen:,} of {size} x {size} pixels, in batches of {train['batch_size']}",
        "Epochs": f"{train['epochs']:g} planned; up to this step each training photograph was seen "
        f"{seen / photographs['train']:.3g} times in the mean",
        "Learning rate": f"{train['learning_rate']:g}, {train['schedule']}{warm}",
    }
    if train.get("average"):
        facts["Average"] = f"of the parameters at each step, decay {train['average']:g}"
    if train["init_from"]:
        facts["Started from"] = train["init_from"]
    if trained.minutes is not None:
        facts["Time"] = f"{trained.minutes:.3g} minutes of steps, evaluations left out"
    if trained.device is not None:
        facts["Device"] = trained.device
    return [{"What": name, "Value": value} for name, value in facts.items()]


def _data(data: Mapping[str, Any], photographs: Mapping[str, int]) -> str:
    counts = ", ".join(f"{count:,} for {split}" for split, count in photographs.items())
    chosen = {
        "synthetic_vehicles": f"{data['scenes']:,} drawn scenes",
        "imagenet_vehicles": ", ".join(data["synsets"]) or data["subset"],
    }.get(data["source"], ", ".join(data["labels"]))
    return (
        f"Source `{data['source']}`{chosen and f' ({chosen})'}, photographs: {counts}. The split "
        "of a photograph depends on its content alone."
    )


def _scored(config: Mapping[str, Any], photographs: Mapping[str, int]) -> str:
    return (
        f"These very weights on the {photographs['test']:,} test photographs, which they never "
        f"saw, at T = {config['colour']['temperature']:g}: means with 95 % bootstrap intervals "
        "over photographs, beside the photographs left grey (ab = 0)."
    )


def read_texts(data: Path, limits: Path, comparison: Path | None = None) -> Texts:
    """Read the texts from files of Markdown; ValueError names a missing or empty one."""
    texts = []
    files = {"data_card": data, "limits": limits, "comparison": comparison}
    for name, path in files.items():
        if path is None:
            continue
        text = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
        if not text:
            raise ValueError(f"--{name}: expected a text in Markdown, {path} is none or empty")
        texts.append(text)
    return Texts(*texts)

"""The text of experiments/RESULTS.md: what ran, what came out, from the files that runs left."""

import shlex
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cic_jax import metrics
from cic_jax.report.markdown import Rows, written
from cic_jax.report.names import label
from cic_jax.train.bootstrap import Interval

PLACES = {"config.data.path": "TARS", "config.data.data_dir": "PREPARED", "index": "INDEX"}
REPORTED = ("rmse_ab", "rmse", "psnr", "ssim", "auc_rebalanced", "colorfulness")

Log = Sequence[Mapping[str, Any]]


class Credit(NamedTuple):
    """Of a photograph that may be shown."""

    file: str
    author: str
    page: str


def credits(index: Iterable[Mapping[str, str]]) -> dict[str, Credit]:
    """The photographs that may be shown, by name; rows have the columns of an index.csv.

    Raises ValueError where one of them names no author or page.
    """
    found = {}
    for row in index:
        if row["may_be_shown"] == "yes":
            if not row["author"] or not row["page"]:
                raise ValueError(f"the index names no author or no page of {row['file']}")
            found[row["file"]] = Credit(row["file"], row["author"], row["page"])
    return found


def credited(shown: Sequence[Credit]) -> str:
    """The line below a figure."""
    if not shown:
        return "Scenes drawn by this project."
    each = "; ".join(f"[{credit.author}]({credit.page})" for credit in shown)
    return f"Photographs, from top to bottom: {each} (CC BY 2.0), coloured by the models."


def command(arguments: Sequence[str]) -> str:
    """The command that was run, folders of photographs replaced by what they hold.

    A run that lies elsewhere on this machine is written as if it lay in runs/.
    """
    words = ["python", f"experiments/{Path(arguments[0]).name}"]
    for given in arguments[1:]:
        argument = given
        flag, _, value = given.lstrip("-").partition("=")
        if flag in PLACES and value:
            argument = f"--{flag}={PLACES[flag]}"
        elif flag == "workdir" and Path(value).is_absolute():
            argument = f"--workdir=runs/{Path(value).name}"
        words.append(argument)
    return shlex.join(words)


def training_minutes(log: Log, batch_size: int) -> float:
    """Of steps alone, evaluations left out: photographs over their speed, by the log's lines."""
    seconds, before = 0.0, 0
    for line in log:
        if line["split"] == "train":
            seconds += batch_size * (line["step"] - before) / line["images_per_second"]
            before = line["step"]
    return seconds / 60


def run_row(
    name: str, config: Mapping[str, Any], log: Log, machine: Mapping[str, Any] | None
) -> dict[str, str]:
    """What exactly was trained: a row of the first table."""
    model, train, data = config["model"], config["train"], config["data"]
    steps = max((line["step"] for line in log), default=0)
    return {
        "Run": label(name),
        "Network": f"{model['network']}, width {model['width']:g}, {model['dtype']}",
        "Photographs": f"{data['source']}, crops of {train['crop']}",
        "Epochs": f"{train['epochs']:.3g}",
        "Steps": f"{steps}",
        "Seen": f"{steps * train['batch_size']:,}",
        "Minutes of steps": f"{training_minutes(log, train['batch_size']):.1f}",
        "Machine": "not recorded" if machine is None else device(machine),
    }


def device(machine: Mapping[str, Any]) -> str:
    """A machine in a few words."""
    if machine["device"] == "cpu":
        return f"{machine['cores']} cores of {machine['processor']}"
    return str(machine["device"])


def released_rows(scores: Mapping[str, Mapping[str, Interval]]) -> Rows:
    """Tabulate what evaluate.py wrote: metrics of the model and of photographs left grey."""
    return [
        {
            "Metric": metric.title,
            "This model": written(metric, scores["model"][name]),
            "Left grey": written(metric, scores["grey"][name]),
            "Better": metric.better,
        }
        for name, metric in ((name, metrics.lookup(name)) for name in REPORTED)
    ]


def benchmark_rows(benchmark: Mapping[str, Any]) -> Rows:
    """Each contender's median rate and ratio, of benchmark.json."""
    return [
        {
            "Figure": figure,
            "Work": row["work"],
            "By": row["by"],
            "Rate": f"{row['rate']:.4g} {row['unit']}/s",
            "Time beside the first": f"{statistics.median(row['ratios']):.3g}",
        }
        for figure, rows in benchmark["figures"].items()
        for row in rows
    ]

"""Parts of experiments/RESULTS.md, made from the files that runs wrote."""

import shlex
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cic_jax.report.markdown import Rows
from cic_jax.report.names import label

PLACES = {"config.data.path": "TARS", "config.data.data_dir": "PREPARED", "index": "INDEX"}

Log = Sequence[Mapping[str, Any]]


class Credit(NamedTuple):
    """Credit for a photograph that may be shown."""

    file: str
    author: str
    page: str


def credits(index: Iterable[Mapping[str, str]]) -> dict[str, Credit]:
    """Credit the photographs that may be shown, by file; rows have the columns of an index.csv.

    Raises ValueError where one of them has no author or page.
    """
    allowed = {}
    for row in index:
        if row["may_be_shown"] == "yes":
            if not row["author"] or not row["page"]:
                raise ValueError(f"the index names no author or no page of {row['file']}")
            allowed[row["file"]] = Credit(row["file"], row["author"], row["page"])
    return allowed


def credited(shown: Sequence[Credit]) -> str:
    """Write the line below a figure of photographs; none means that they were drawn."""
    if not shown:
        return "Scenes drawn by this project."
    authors = "; ".join(f"[{credit.author}]({credit.page})" for credit in shown)
    return f"Photographs, from top to bottom: {authors} (CC BY 2.0), coloured by the models."


def command(arguments: Sequence[str]) -> str:
    """Write the command that was run, with names such as TARS for folders of photographs.

    A run anywhere on this machine is written as if it were in runs/.
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
    """Measure the time of the steps alone, without evaluations, from the speeds in the log."""
    seconds, before = 0.0, 0
    for line in log:
        if line["split"] == "train":
            seconds += batch_size * (line["step"] - before) / line["images_per_second"]
            before = line["step"]
    return seconds / 60


def run_row(
    name: str, config: Mapping[str, Any], log: Log, machine: Mapping[str, Any] | None
) -> dict[str, str]:
    """Describe a training run in a row: network, photographs, steps, time and machine."""
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
    """Describe a machine in a few words."""
    if machine["device"] == "cpu":
        return f"{machine['cores']} cores of {machine['processor']}"
    return str(machine["device"])


def benchmark_rows(benchmark: Mapping[str, Any]) -> Rows:
    """Tabulate each contender's median rate and ratio in benchmark.json."""
    return [
        {
            "Measurement": measurement,
            "Work": row["work"],
            "By": row["by"],
            "Rate": f"{row['rate']:.4g} {row['unit']}/s",
            # A probe of the machine is timed in the same rounds, but compared with nothing.
            "Time relative to the first": f"{statistics.median(row['ratios']):.3g}"
            if row["ratios"]
            else "",
        }
        for measurement, rows in benchmark["figures"].items()
        for row in rows
    ]

"""The whole soak: `python -m tests.soak --minutes=60 --out=docs/soak.md`, in about two hours.

Trains for so many minutes while the run is ended by force every minute or so, lets it end, trains
the same undisturbed, compares, and writes the table.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from cic_jax import machine
from tests.soak import soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=soak.FULL.minutes)
    parser.add_argument("--home", type=Path, help="folder for both runs; default: a temporary one")
    parser.add_argument("--out", type=Path, default=Path("docs/soak.md"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    home = options.home or Path(tempfile.mkdtemp(prefix="soak"))
    result = soak.soak(home, soak.FULL._replace(minutes=options.minutes), options.seed)
    options.out.write_text(page(result, options.minutes))
    same = not (result["arrays that differ"] or result["lines that differ"])
    print(f"{len(result['kills'])} ends by force: {'the same' if same else 'NOT the same'} run")
    return 0 if same else 1


def page(result: dict[str, Any], minutes: float) -> str:
    """Return the table in Markdown."""
    about = machine.describe()
    kinds = ", ".join(f"{count} {kind}" for kind, count in result["starts"].items())
    killed, calm = (result[name]["seconds"] for name in ("killed", "undisturbed"))
    rows = [
        ("step at the end", result["step"]),
        ("arrays compared (parameters, statistics, averages, optimiser)", result["arrays"]),
        ("arrays that differ in a bit", len(result["arrays that differ"])),
        ("SHA-256 of all batches", "the same" if result["same batches"] else "differs"),
        ("lines of the log compared (loss of every step, metrics)", result["lines of the log"]),
        ("lines that differ", result["lines that differ"]),
        ("saves of both runs at the same step", result["saves of both"]),
        ("saves whose SHA-256 differ", result["saves that differ"]),
        ("saves that a kill had damaged", result["steps that gave way"]),
        ("seconds of both runs, killed and undisturbed", _seconds(killed, calm)),
        ("seconds of them lost to kills", f"{killed['lost']:.0f}"),
    ]
    lines = [
        "# A run killed again and again",
        "",
        f"`python -m tests.soak --minutes={minutes:g}` trained for {minutes:g} minutes and was",
        f"ended by force {len(result['kills'])} times: {kinds}. Then it was let end, and compared",
        "with the same training without any such end. Machine: "
        f"{about['processor']}; {about['cores']} cores; JAX {about['jax']}.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in rows),
        "",
        "| second | ended by | last step | went on from | exit status |",
        "|---|---|---|---|---|",
        *(
            f"| {kill['second']:.0f} | {kill['kind']} | {kill['step']} | {kill['saved']} "
            f"| {kill['status']} |"
            for kill in result["kills"]
        ),
        "",
    ]
    return "\n".join(lines)


def _seconds(*runs: dict[str, float]) -> str:
    return " and ".join(f"{sum(seconds.values()):.0f}" for seconds in runs)


if __name__ == "__main__":
    sys.exit(main())

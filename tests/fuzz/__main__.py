"""Fuzzing for as long as wanted: `python -m tests.fuzz --minutes=60 [--target=photographs]`.

Each round draws other inputs. The first that breaks a promise ends the command, and is printed.
`--engine=atheris` looks for inputs that reach new code instead (the extra `fuzz`).
"""

import argparse
import importlib.util
import itertools
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from targets import PACKAGES, TARGETS
from test_fuzz import fuzz, guided


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--target", choices=TARGETS, action="append")
    parser.add_argument("--engine", choices=["hypothesis", "atheris"], default="hypothesis")
    options = parser.parse_args()
    names = [
        name
        for name in options.target or TARGETS
        if name not in PACKAGES or importlib.util.find_spec(PACKAGES[name])
    ]
    if options.engine == "atheris":
        sys.exit(guided(60 * options.minutes, names).returncode)
    end = time.monotonic() + 60 * options.minutes
    for rounds, name in enumerate(itertools.cycle(names), start=1):
        if time.monotonic() > end:
            break
        fuzz(name, 500)
        print(f"round {rounds}: 500 inputs of {name}", flush=True)


if __name__ == "__main__":
    main()

"""Fuzzing guided by coverage, by Atheris: `python tests/fuzz/guided.py SECONDS TARGET...`.

Inputs that reach new code are kept and changed further. A process of its own, since libFuzzer ends
the one that it runs in: with status 0 after so many seconds, else at the first input that breaks a
promise, which it prints and leaves in the working directory. The first byte of an input chooses
its target; the rest is the file to read, or the choices that Hypothesis makes.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris
from hypothesis import HealthCheck, given, settings

sys.path.insert(0, str(Path(__file__).parent))

MOST = 2**16  # bytes of an input

with atheris.instrument_imports(include=["cic_jax", "PIL", "tarfile", "safetensors", "zipfile"]):
    from targets import TARGETS, timed


def by_bytes(name):
    """A function that checks the target on bytes, and samples of them."""
    target = TARGETS[name]()
    check = timed(target.check)
    if target.samples:
        return check, target.samples
    drawn = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
    return drawn(given(target.inputs)(check)).hypothesis.fuzz_one_input, [bytes(range(64))]


def main() -> None:
    seconds, *names = sys.argv[1:]
    checks, samples = zip(*map(by_bytes, names), strict=True)

    def check(content):
        if content:
            checks[content[0] % len(checks)](content[1:])

    with TemporaryDirectory() as folder:
        for index, contents in enumerate(samples):
            for number, content in enumerate(contents):
                sample = bytes([index]) + content
                (Path(folder) / f"{index}-{number}").write_bytes(sample[:MOST])
        limits = {"max_total_time": seconds, "max_len": MOST, "rss_limit_mb": 8000}
        options = limits | {"report_slow_units": 60, "print_final_stats": 1}
        flags = [f"-{name}={value}" for name, value in options.items()]
        atheris.Setup([sys.argv[0], *flags, folder], check)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

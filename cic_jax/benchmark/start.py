"""Measurements of small photographs, from the start of a process to its end, and of its memory."""

import re
import shutil
import tempfile
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cic_jax import checkpoint, machine
from cic_jax.benchmark import process
from cic_jax.benchmark.commands import export
from cic_jax.benchmark.report import OURS, Bench
from cic_jax.benchmark.timing import Work
from cic_jax.benchmark.work import Case

RELEASED = ("everyday", "simplified_final")
SMALL = (400, 300)  # width and height of small photographs
MANY, ASPECT = 20, 2.0  # small ones of one shape, or of as many, from 1 : 2 to 2 : 1
HUNDRED = 100  # of one shape
MEGAPIXEL, SHAPES, LONGER = 1_000_000, 33, 3.0  # for memory: from 1 : 3 to 3 : 1
LARGEST = (10_000, 10_000)
NOTEBOOK = """
import sys
import numpy as np
from PIL import Image
from cic_jax import Colorizer
Colorizer.restore(sys.argv[1])(np.asarray(Image.open(sys.argv[2])))
"""


def start(bench: Bench) -> None:
    """Measure commands on small photographs, a first call of the library, and peak memory.

    Each with what earlier processes have left, and as the first of all. `bench.tree` is another
    tree of this package, which takes turns with this one; `bench.cases` selects names.
    """
    models: tuple[str, ...] = RELEASED
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if bench.quick:
            models = (str(export(Case("simplified", 0.05, 1, 256), home / "model")),)
        photographs = _write(home, bench.quick)
        for model in models:
            told = ["-m", "cic_jax.cli", "colorize", f"--checkpoint={model}", "--overwrite"]
            commands = {
                name: [*told, f"--out={home / 'ours'}", str(home / name)] for name in photographs
            }
            photo = str(next((home / "one").iterdir()))
            commands["first call in a notebook"] = ["-c", NOTEBOOK, model, photo]
            for name, command in commands.items():
                work = Work(f"{name}, {Path(model).name}", photographs.get(name, 1), "photographs")
                if not re.search(bench.cases, work.name):
                    continue
                rounds = 1 if name.startswith("memory") else None  # which hardly differs
                contenders = _both(home, command, bench.tree)
                if name == "one":
                    contenders["colorize.py, without JAX"] = partial(_script, home, photo, model)
                bench.report.measure(work, contenders, _facts, rounds)


def _write(home: Path, quick: bool) -> dict[str, int]:
    """Write the photographs, in a folder for each measurement; return how many are in each."""
    many = 2 if quick else MANY
    small = SMALL[0] * SMALL[1]
    sizes = {"one": [SMALL], f"{many} of {many} shapes": _shapes(many, small, ASPECT)}
    if not quick:
        sizes[f"{many} of one shape"] = [SMALL] * many
        sizes[f"{HUNDRED} of one shape"] = [SMALL] * HUNDRED
        sizes[f"memory: {SHAPES} of {SHAPES} shapes"] = _shapes(SHAPES, MEGAPIXEL, LONGER)
    for name, each in sizes.items():
        (home / name).mkdir()
        for i, size in enumerate(each):
            process.write_photograph(home / name / f"{i}.jpg", *size)
    counts = {name: len(each) for name, each in sizes.items()}
    if not quick:
        name = f"memory: {LARGEST[0] * LARGEST[1] // 10**6} megapixels"
        (home / name).mkdir()
        _write_grey(home / name / "0.jpg", LARGEST)
        counts[name] = 1
    return counts


def _shapes(count: int, pixels: int, aspect: float) -> list[tuple[int, int]]:
    """Return widths and heights of one size, as long as wide times `aspect` at most."""
    aspects = [aspect ** (2 * i / (count - 1) - 1) for i in range(count)]
    return [(round((pixels * x) ** 0.5), round((pixels / x) ** 0.5)) for x in aspects]


def _write_grey(path: Path, size: tuple[int, int]) -> None:
    """Write a grey JPEG of smooth noise, with little memory."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).save(path, quality=90)


def _both(home: Path, command: list[str], tree: str) -> dict[str, Callable]:
    """Return a command of this tree and of another, each later and for the first time."""
    trees = {OURS: process.ROOT}
    if tree:
        trees[f"{OURS} of {machine.commit(Path(tree)) or tree}"] = Path(tree)
    return {
        f"{name}{', first time' if first else ''}": partial(_run, home, command, root, first)
        for name, root in trees.items()
        for first in (False, True)
    }


def _run(home: Path, command: list[str], root: Path, first: bool) -> Callable[[], process.Spent]:
    """Prepare a command; for the first time, every run finds an empty folder of programs."""

    def run() -> process.Spent:
        kept = home / (uuid.uuid4().hex if first else f"programs of {root.name}")
        return process.spent(command, root, JAX_COMPILATION_CACHE_DIR=str(kept))

    if not first:
        run()
    return run


def _script(home: Path, photo: str, model: str) -> Callable[[], process.Spent]:
    """Prepare the script that `cic-jax export` writes beside model.onnx."""
    from cic_jax.export import standalone_path
    from cic_jax.export.onnx_model import onnx_model

    folder = home / "exported" / Path(model).name
    folder.mkdir(parents=True, exist_ok=True)
    file = onnx_model(checkpoint.load(model))
    (folder / "model.onnx").write_bytes(file.SerializeToString())
    script = shutil.copyfile(standalone_path(), folder / "colorize.py")
    command = [str(script), photo, str(home / "script.jpg")]
    return partial(process.spent, command, process.ROOT)


def _facts(name: str, spent: Any) -> dict[str, float]:
    return {"peak MiB": spent.peak, "processor s": spent.seconds}

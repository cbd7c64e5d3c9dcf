"""Rehearse the commands of docs/gpu.md, in an environment like that of the GPU machine.

    python experiments/rehearse.py --home=runs/rehearsal --python=python3.12

Makes a virtual environment with what docs/gpu/machine.txt lists, and fetches the wheels that
travel; draws photographs and packs them; copies the repository, without released weights, to a new
folder; runs there every command of the page, tiny, without a network and without TensorFlow; and
merges here what came back. docs/gpu/*.sh are run as they are: only flags for the size are added.
Environment and wheels are kept in --home for the next time. Writes rehearsal.json there: versions,
sizes and seconds.
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from cic_jax import startup

with startup.imports(__name__):
    import numpy as np
    from absl import app, flags
    from PIL import Image

    from cic_jax import entry
    from cic_jax.photos import pack

ROOT = Path(__file__).parents[1]
HOME = flags.DEFINE_string("home", "runs/rehearsal", "Folder of the rehearsal.")
PYTHON = flags.DEFINE_string("python", "python3.12", "Interpreter of the machine's version.")
PART = flags.DEFINE_enum("part", "all", ["all", "study", "lite"], "Which part of the page.")
BRIEF = flags.DEFINE_bool(
    "brief", False, "Train one model, the last, of each command of the study."
)

PAGE = "docs/gpu.md"
ON_MACHINE = re.compile(r"^ *bash docs/gpu/((study|lite)\.sh.*)$", re.MULTILINE)
WHEELS = re.compile(r"^ *bash docs/gpu/wheels\.sh (\S+)$", re.MULTILINE)
WIDTH = ["--config.model.width=0.05"]
CUT = ["--config.data.size=48", "--config.data.short_side=48"]
TINY = [
    *WIDTH,
    *CUT,
    "--config.train.batch_size=8",
    "--config.train.crop=32",
    "--config.train.epochs=0.5",
]
# A random encoder: to read ImageNet's needs PyTorch, which comes with gigabytes of CUDA.
LITE = [
    "--config.train.encoder=random",
    "--config.train.warmup_steps=1",
    "--config.train.evaluate_every=0.25",
]
WNIDS = re.compile(r"n\d{8}")
LITE_WNIDS = ("n00001740", "n00007846")  # besides those of docs/gpu/study_sets.sh
PHOTOGRAPHS = 14  # of each id
FILES, FILE, TREE, BACK = 8, 16 * 2**20, 64 * 2**20, 64 * 2**20  # the machine's limits


def main() -> None:
    """Rehearse both parts of the page, and write what was found."""
    home = Path(HOME.value).absolute()
    home.mkdir(parents=True, exist_ok=True)
    found: dict = {"commands": {}}
    environment(home / "venv")
    fetch_wheels(home)
    tars = draw(home / "tars")
    versions = (
        "import jax, flax, sys; print(sys.version.split()[0], jax.__version__, flax.__version__)"
    )
    found["python, jax, flax"] = on_machine(home, home, versions).split()
    lacks = "import importlib.util as u; print(u.find_spec('tensorflow'), u.find_spec('pyarrow'))"
    found["tensorflow, pyarrow"] = on_machine(home, home, lacks).split()
    kinds = ("study", "lite") if PART.value == "all" else (PART.value,)
    for kind in kinds:
        here, machine = home / kind / "here", home / kind / "machine"
        shutil.rmtree(home / kind, ignore_errors=True)
        found["bytes"] = require_room(copy_tree(here, machine), home / "runs/wheels")
        call(here, ["bash", f"docs/gpu/pack_{kind}.sh", tars, *CUT], this_python())
        carry(home, here, machine)
        brought = rehearse(home, machine, kind, found["commands"])
        if kind == "study":
            tables = ["bash", "docs/gpu/merge_study.sh", tars, ",".join(map(str, brought)), *TINY]
            call(here, tables, this_python())
            study = json.loads((here / "runs/study/study.json").read_text())
            found["models"] = sorted(study["models"])
        (home / "rehearsal.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def environment(venv: Path) -> None:
    """Make the virtual environment, unless it is there."""
    if (venv / "ready").exists():
        return
    if shutil.which(PYTHON.value) is None:
        raise app.UsageError(f"--python: no {PYTHON.value} here; name an interpreter")
    shutil.rmtree(venv, ignore_errors=True)
    subprocess.run([PYTHON.value, "-m", "venv", venv], check=True)
    listed = ROOT / "docs/gpu/machine.txt"
    subprocess.run([venv / "bin/pip", "install", "--quiet", "--requirement", listed], check=True)
    (venv / "ready").touch()


def fetch_wheels(home: Path) -> None:
    """Fetch the wheels as the page says, those of lite among them, unless they are there."""
    if any((home / "runs/wheels").glob("*.whl")):
        return
    more = WHEELS.findall((ROOT / PAGE).read_text(encoding="utf-8"))
    path = f"{home}/venv/bin:{os.environ['PATH']}"
    shutil.copytree(ROOT / "docs/gpu", home / "docs/gpu", dirs_exist_ok=True)
    call(home, ["bash", "docs/gpu/wheels.sh", *sorted(set(more))], os.environ | {"PATH": path})


def draw(root: Path) -> Path:
    """Write a tar of smooth random photographs for each id; return their folder."""
    root.mkdir(exist_ok=True)
    wnids = {*WNIDS.findall((ROOT / "docs/gpu/study_sets.sh").read_text()), *LITE_WNIDS}
    for number, wnid in enumerate(sorted(wnids)):
        with tarfile.open(root / f"{wnid}.tar", "w") as tar:
            for index in range(PHOTOGRAPHS):
                rng = np.random.default_rng(number * PHOTOGRAPHS + index)
                coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8))
                stream = io.BytesIO()
                coarse.resize((80, 60), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
                member = tarfile.TarInfo(f"{wnid}_{index}.JPEG")
                member.size = stream.tell()
                stream.seek(0)
                tar.addfile(member, stream)
    return root


def copy_tree(here: Path, machine: Path) -> int:
    """Copy what git does not ignore, for here and for the machine; return the latter's bytes.

    Released weights stay behind, as the page says.
    """
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True)
    size = 0
    for name in done.stdout.rstrip("\0").split("\0"):
        source, weights = ROOT / name, re.match(r"checkpoints/(?!cards)[^/]+/", name)
        if weights or not os.path.lexists(source):
            continue
        for root in (here, machine):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, root / name, follow_symlinks=False)
        size += source.lstat().st_size
    return size


def require_room(tree: int, wheels: Path) -> dict[str, int]:
    """Return the bytes of tree and wheels; SystemExit if no part can travel with them."""
    sizes = {"tree": tree, "wheels": sum(path.stat().st_size for path in wheels.iterdir())}
    if sum(sizes.values()) + pack.LIMIT > TREE:
        raise SystemExit(f"no part of {pack.LIMIT:,} bytes can travel with {sizes}")
    return sizes


def carry(home: Path, here: Path, machine: Path) -> None:
    """Bring wheels and packed photographs to the machine."""
    shutil.copytree(home / "runs/wheels", machine / "runs/wheels")
    shutil.copytree(here / "runs/parts", machine / "runs/parts")


def rehearse(home: Path, machine: Path, kind: str, found: dict) -> list[Path]:
    """Run the commands of one kind on the machine; return the folders of what came back."""
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    commands = [line for line, script in ON_MACHINE.findall(page) if script == kind]
    if not commands:
        raise app.UsageError(f"{PAGE} has no command of docs/gpu/{kind}.sh")
    folders = []
    for number, line in enumerate(commands):
        out = home / kind / "brought" / str(number)
        out.mkdir(parents=True)
        words = ["bash", *f"docs/gpu/{line}".split(), *TINY, *(LITE if kind == "lite" else [])]
        if BRIEF.value and kind == "study":
            words[2] = words[2].split(",")[-1]
        started = time.monotonic()
        call(machine, ["unshare", "--net", *words], machine_environment(home, home / kind, out))
        sizes = {path.name: path.stat().st_size for path in sorted(out.iterdir())}
        most = max(sizes.values(), default=0)
        if not sizes or len(sizes) > FILES or most > FILE or sum(sizes.values()) > BACK:
            raise SystemExit(f"{line} leaves what cannot come back: {sizes}")
        found[line] = {"seconds": round(time.monotonic() - started, 1), "brought": sizes}
        folders.append(out)
    return folders


def machine_environment(home: Path, place: Path, out: Path) -> dict[str, str]:
    """Return the variables of the machine: none of this environment's."""
    return {
        "PATH": f"{home}/venv/bin:/usr/bin:/bin",
        "HOME": str(place),
        "SITE": str(place / "site"),
        "OUT": str(out),
        "SECONDS_AT_MOST": "3600",
    }


def this_python() -> dict[str, str]:
    """Return the variables of commands that run here."""
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": ".",
    }


def on_machine(home: Path, place: Path, code: str) -> str:
    """Run a line of Python on the machine; return what it prints."""
    words = [f"{home}/venv/bin/python3", "-c", code]
    return subprocess.run(
        words,
        env=machine_environment(home, place, place),
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def call(folder: Path, words: list, environment: dict[str, str]) -> None:
    """Run a command in a folder; SystemExit if it fails."""
    print("$", *words, flush=True)
    done = subprocess.run(list(map(str, words)), cwd=folder, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"failed with status {done.returncode}: {' '.join(map(str, words))}")


if __name__ == "__main__":
    entry.run(main)

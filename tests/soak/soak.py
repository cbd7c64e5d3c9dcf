"""A run that is killed again and again, and one that is left in peace: are they the same?"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import orbax.checkpoint as ocp
import photo_files

from cic_jax import checkpoint, step_files
from cic_jax.configs import default
from cic_jax.train import goodput, record

ROOT = Path(__file__).parents[2]
START_SECONDS = 900  # in which a start must train its first step, or a signal end the run


class Plan(NamedTuple):
    """How long the run is killed, how often, and how large it is."""

    minutes: float
    kill_seconds: float  # on average, between the first step of a start and its end
    width: float
    crop: int
    evaluate_every: float  # epochs
    save_every_minutes: float


QUICK = Plan(0.8, 3.0, width=0.05, crop=16, evaluate_every=15.0, save_every_minutes=0.01)
FULL = Plan(60.0, 45.0, width=0.125, crop=48, evaluate_every=10.0, save_every_minutes=0.1)


class Kill(NamedTuple):
    """One end of the run by force: what did it, when, and what it cost."""

    kind: str
    second: float  # since the first start
    step: int  # the last one logged
    saved: int  # the step from which the next start goes on
    status: int  # of the process


KINDS = {
    "SIGKILL": (signal.SIGKILL, "training"),
    "SIGTERM": (signal.SIGTERM, "training"),
    "SIGKILL in a save": (signal.SIGKILL, "saving"),
    "SIGINT": (signal.SIGINT, "training"),
    "SIGTERM in a save": (signal.SIGTERM, "saving"),
    "SIGKILL at the start": (signal.SIGKILL, "starting"),
}


def soak(home: Path, plan: Plan, seed: int = 0) -> dict[str, Any]:
    """Kill a run for some minutes, let it end, repeat it undisturbed; return what was found."""
    config = prepared(home, plan)
    killed, kills = home / "killed", []
    rng, began = random.Random(seed), time.monotonic()
    while time.monotonic() < began + 60 * plan.minutes or len(kills) < len(KINDS):
        kind = list(KINDS)[len(kills) % len(KINDS)]
        kills.append(_killed(home, config, killed, plan, kind, rng, began))
    steps_per_epoch = _steps_per_epoch(killed)
    whole = config["train"]["evaluate_every"]
    config["train"]["epochs"] = (kills[-1].step // (whole * steps_per_epoch) + 1) * whole
    for workdir in (killed, home / "undisturbed"):
        process = _start(home, config, workdir)
        assert process.wait() == 0, (home / "output.txt").read_text()[-5000:]
    return {
        "kills": [kill._asdict() for kill in kills],
        "starts": {kind: sum(kill.kind == kind for kill in kills) for kind in KINDS},
        "killed": json.loads((killed / goodput.TIME).read_text()),
        "undisturbed": json.loads((home / "undisturbed" / goodput.TIME).read_text()),
        "steps that gave way": _gave_way((home / "output.txt").read_text(errors="replace")),
        **compared(killed, home / "undisturbed"),
    }


def prepared(home: Path, plan: Plan) -> dict[str, Any]:
    """Make photographs, and the config of a run without end."""
    (home / "photos").mkdir(parents=True)
    photo_files.two_coloured(home / "photos", 60)
    config = default.get_config()
    config.data.update(source="folder", path=str(home / "photos"), data_dir=str(home / "prepared"))
    config.data.update(size=64, short_side=64)
    config.model.update(network="simplified", width=plan.width)
    config.train.update(batch_size=8, crop=plan.crop, crop_scale=0.8, average=0.99)
    config.train.update(init="data", output_bias="prior", learning_rate=1e-4, epochs=1e6)
    config.train.update(
        evaluate_every=plan.evaluate_every, save_every_minutes=plan.save_every_minutes
    )
    return json.loads(config.to_json())


def _start(home: Path, config: dict[str, Any], workdir: Path) -> subprocess.Popen:
    (home / "config.json").write_text(json.dumps(config))
    cache = {
        "JAX_COMPILATION_CACHE_DIR": str(home / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
    }
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "helpers")])
    with (home / "output.txt").open("a") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.soak.worker", str(home / "config.json"), str(workdir)],
            env={"JAX_PLATFORMS": "cpu"} | os.environ | cache | {"PYTHONPATH": paths},
            cwd=ROOT,
            stdout=output,
            stderr=output,
        )


def _killed(
    home: Path,
    config: dict[str, Any],
    workdir: Path,
    plan: Plan,
    kind: str,
    rng: random.Random,
    began: float,
) -> Kill:
    """Start the run and end it by force."""
    number, moment = KINDS[kind]
    before = _last_step(workdir)
    process = _start(home, config, workdir)
    if moment == "starting":
        time.sleep(rng.uniform(0.5, 6.0))
    else:
        _wait(process, lambda: _last_step(workdir) > before, "trained no step")
        time.sleep(rng.uniform(0.2, 1.8) * plan.kill_seconds)
    if moment == "saving":
        _wait(process, lambda: _is_saving(workdir), "saved no step")
        time.sleep(rng.uniform(0.0, 0.03))
    process.send_signal(number)
    status = process.wait(START_SECONDS)
    assert status in (0, -signal.SIGKILL), (home / "output.txt").read_text()[-5000:]
    return Kill(
        kind, round(time.monotonic() - began, 1), _last_step(workdir), _saved(workdir), status
    )


def _wait(process: subprocess.Popen, until, otherwise: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not until():
        assert process.poll() is None, f"ended by itself with status {process.poll()}"
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.002)


def _last_step(workdir: Path) -> int:
    """Return the step of the log's last line, read from its end."""
    path = workdir / record.LOG
    if not path.exists():
        return 0
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4000))
        *whole, _ = file.read().decode(errors="replace").split("\n")
    return json.loads(whole[-1])["step"] if whole else 0


def _saved(workdir: Path) -> int:
    steps = workdir / "checkpoints"
    names = [path.name for path in steps.iterdir()] if steps.is_dir() else []
    return max((int(name) for name in names if name.isdigit()), default=0)


def _is_saving(workdir: Path) -> bool:
    return any("tmp" in path.name for path in (workdir / "checkpoints").iterdir())


def _gave_way(output: str) -> int:
    """Count the steps that were found damaged, but for older ones, of which a kill left a part."""
    said = re.findall(r"Step (\d+) .* training goes on from step (\d+)", output)
    return sum(int(damaged) > int(step) for damaged, step in said)


def _steps_per_epoch(workdir: Path) -> int:
    line = next(line for line in record.read(workdir) if line["split"] == "train")
    return round(line["step"] / line["epoch"])


def compared(killed: Path, undisturbed: Path) -> dict[str, Any]:
    """Compare the arrays, batches and logs of two runs."""
    (step, arrays, about), (other, expected, wanted) = (_latest(x) for x in (killed, undisturbed))
    logs = [record.read(workdir) for workdir in (killed, undisturbed)]
    trained, saved = zip(*(_lines(log) for log in logs), strict=True)
    common = saved[0].keys() & saved[1].keys()
    return {
        "step": step,
        "same step": step == other,
        "arrays": len(arrays),
        "arrays that differ": [
            name
            for name in sorted(arrays.keys() | expected.keys())
            if name not in arrays
            or name not in expected
            or arrays[name].tobytes() != expected[name].tobytes()
        ],
        "same batches": about["batches"] == wanted["batches"],
        "lines of the log": len(trained[1]),
        "lines that differ": sum(
            trained[0].get(key) != trained[1].get(key)
            for key in trained[0].keys() | trained[1].keys()
        ),
        "saves of both": len(common),
        "saves that differ": sum(saved[0][at] != saved[1][at] for at in common),
    }


def _latest(workdir: Path) -> tuple[int, dict[str, np.ndarray], step_files.Record]:
    items = {name: ocp.args.StandardRestore() for name in ("variables", "optimizer")}
    with checkpoint.manager(workdir) as manager:
        step = manager.latest_step()
        restored = manager.restore(step, args=ocp.args.Composite(**items))
    leaves = jax.tree.leaves_with_path({name: restored[name] for name in items})
    arrays = {jax.tree_util.keystr(path): np.asarray(x) for path, x in leaves}
    return step, arrays, step_files.read(workdir / "checkpoints" / str(step))[1]


def _lines(log: list[dict[str, Any]]) -> tuple[dict, dict]:
    """Return the lines of training and validation without speed, and those of the saves."""
    trained = {
        (line["step"], line["split"]): {k: v for k, v in line.items() if k != "images_per_second"}
        for line in log
        if line["split"] in ("train", "validation")
    }
    return trained, {line["step"]: line for line in log if line["split"] == "saved"}

"""Ray with two workers, one of which is killed: every photograph is done, and recorded once."""

import json
import os
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import psutil
import pytest
from commands import ROOT
from photo_files import photograph
from tiny_models import tiny_model

from cic_jax import checkpoint
from cic_jax.archive import Colorize, Photograph

COUNT = 40
PATIENCE = 300  # seconds


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "tiny"
    checkpoint.export(path, tiny_model(gain=30.0))
    return path


def test_a_row_for_each_photograph_whatever_is_wrong_with_it(weights, tmp_path):
    colorize = Colorize(str(weights), str(tmp_path / "out"))
    good, bad = photograph(tmp_path / "a.png"), tmp_path / "b.jpg"
    bad.write_text("words")
    photographs = [Photograph(str(x), x.name) for x in (bad, good, tmp_path / "none.jpg")]
    columns = {key: np.array([getattr(x, key) for x in photographs]) for key in Photograph._fields}
    rows = colorize(columns)
    assert list(rows["file"]) == [x.name for x in photographs]
    assert list(rows["status"]) == ["failed", "coloured", "failed"]
    assert rows["reason"][0].startswith("empty, or no photograph")
    assert rows["reason"][2] == "no such file or directory"
    record = json.loads(rows["record"][1])
    assert record["result"] == rows["result"][1] == "a.png"
    assert (tmp_path / "out" / "a.png").stat().st_size == record["result_bytes"]


def workers(driver):
    """The processes that Ray started for the class, below the one that started Ray."""
    named = []
    for child in psutil.Process(driver.pid).children(recursive=True):
        try:
            if child.cmdline()[:1] and child.cmdline()[0].startswith("ray::MapWorker"):
                named.append(child)
        except psutil.NoSuchProcess:
            continue
    return named


@pytest.mark.slow
def test_two_workers_one_of_them_killed(weights, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    for number in range(COUNT):
        photograph(source / f"{number}.png", (30 + number % 3, 20))
    (source / "words.jpg").write_text("words")
    manifest = out / "manifest" / "1-of-1.jsonl"
    flags = [f"--photos={source}", f"--out={out}", f"--checkpoint={weights}"]
    command = [sys.executable, "experiments/archive_ray.py", *flags, "--workers=2", "--batch=1"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "RAY_worker_niceness": "0"}

    def lines():
        return manifest.read_text().splitlines() if manifest.exists() else []

    log = tmp_path / "log"  # of Ray
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as driver,
    ):
        end = time.monotonic() + PATIENCE
        while not lines() and time.monotonic() < end and driver.poll() is None:
            time.sleep(0.02)
        victims = workers(driver)
        assert victims, log.read_text()
        victims[0].kill()
        at_the_kill = len(lines())
        said = driver.communicate(timeout=PATIENCE)[0]
    assert 0 < at_the_kill < COUNT
    assert driver.returncode == 0, log.read_text()
    assert f"{COUNT} coloured into {out}, 1 failed" in said.splitlines()  # Ray prints there, too
    records = [json.loads(line) for line in lines()]
    assert Counter(x["status"] for x in records) == {"coloured": COUNT, "failed": 1}
    assert len({x["file"] for x in records}) == COUNT + 1
    assert {x.name for x in out.iterdir()} == {
        "manifest",
        *(f"{number}.png" for number in range(COUNT)),
    }

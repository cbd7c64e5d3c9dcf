"""Costs of an archive's workers: what they are told by, and the table of them."""

import sys

from cic_jax.benchmark import archives
from cic_jax.benchmark.archives import PLAIN, RAY, SHARES, Cost, Work

BUSY = """
import subprocess, sys, time
if len(sys.argv) > 1:
    subprocess.run([sys.executable, *sys.argv[1:]], check=True)
while time.process_time() < 0.4:
    pass
"""


def test_the_cost_is_that_of_all_processes_of_a_contender(tmp_path):
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    command = [sys.executable, str(script), str(script)]  # and one below it
    cost = archives._run(lambda _: [(command, None)])
    assert 0.4 < cost.processor < 1.5
    assert cost.wall > 0.7


def test_ratios_are_of_one_round(tmp_path):
    costs = {
        PLAIN: [Cost(0.2, 0.4), Cost(0.1, 0.2)],
        SHARES: [Cost(0.1, 0.2), Cost(0.05, 0.1)],
        RAY: [Cost(0.2, 0.4), Cost(0.1, 0.2)],
    }
    work = Work(tmp_path, (10, 20), "everyday", tmp_path)
    text = archives.report(work, costs, {"of the folder": [1.0, 2.0, 3.0, 4.0, 5.0]})
    assert f"| {SHARES} | 7.50 | 2.00 | 15.00 |" in text
    assert f"| {RAY} | 3.75 | 1.00 | 7.50 |" in text
    assert "| of the folder | 1.0 | 2.0 | 3.0 | 4.0 | 5.0 | 15.0 |" in text

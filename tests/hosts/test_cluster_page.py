"""What docs/cluster.md and its files say agrees with the code and the measurements."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from cic_jax import hosts
from cic_jax.benchmark import scaling
from cic_jax.configs import eight_gpus

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/cluster.md").read_text()
SLURM = ROOT / "docs/cluster/train.slurm"
SERVICE, JOB = yaml.safe_load_all((ROOT / "docs/cluster/train.yaml").read_text())
POD = JOB["spec"]["template"]["spec"]
BATCH = re.findall(r"^#SBATCH --([\w-]+)=(.+)$", SLURM.read_text(), re.MULTILINE)


def slurm_command():
    """The words after srun's own options."""
    (line,) = re.findall(r"^srun .*$", SLURM.read_text().replace("\\\n", " "), re.MULTILINE)
    words = shlex.split(line)
    return words[words.index("python") :]


def flags(command):
    assert command[:2] == ["python", "experiments/train.py"]
    return {k: v or "true" for k, _, v in (word[2:].partition("=") for word in command[2:])}


@pytest.mark.parametrize("command", [slurm_command(), POD["containers"][0]["command"]])
def test_the_commands_have_flags_and_keys_that_exist(command):
    script = (ROOT / "experiments/train.py").read_text()
    config = eight_gpus.get_config()
    for name, value in flags(command).items():
        section, _, key = name.removeprefix("config.").partition(".")
        if key:
            config[section][key] = type(config[section][key])(value)  # ConfigDict checks the type
        elif name != "config":
            assert re.search(rf'DEFINE_\w+\(\s*"{name}"', script), name
    assert (ROOT / flags(command)["config"]).samefile(ROOT / "configs/eight_gpus.py")
    assert config.train.batch_size == 32 * 8 * 8


def test_the_batch_file_is_bash_and_asks_slurm_for_what_it_uses():
    subprocess.run(["bash", "-n", SLURM], check=True)
    asked = dict(BATCH)
    assert len(asked) == len(BATCH) == SLURM.read_text().count("\n#SBATCH ")
    assert (asked["nodes"], asked["ntasks-per-node"], asked["gpus-per-node"]) == ("8", "1", "8")
    assert asked["signal"].startswith("TERM@")
    # Slurm reads no directive after the first command.
    assert SLURM.read_text().rindex("#SBATCH") < SLURM.read_text().index("\nset ")
    assert "distributed" in flags(slurm_command())


def test_the_pods_find_each_other():
    name = SERVICE["metadata"]["name"]
    assert (SERVICE["kind"], SERVICE["spec"]["clusterIP"]) == ("Service", "None")
    assert SERVICE["spec"]["selector"] == {"job-name": JOB["metadata"]["name"]}
    assert (JOB["kind"], JOB["spec"]["completionMode"]) == ("Job", "Indexed")
    assert POD["subdomain"] == name
    given = flags(POD["containers"][0]["command"])
    count = int(given["hosts"])
    assert JOB["spec"]["completions"] == JOB["spec"]["parallelism"] == count
    assert given["coordinator"].startswith(f"{JOB['metadata']['name']}-0.{name}:")
    last = {"JOB_COMPLETION_INDEX": str(count - 1)}
    place = hosts.find(given["coordinator"], count, environment=last)
    assert (place.host, place.device) == (count - 1, None)
    mounts = {mount["name"] for mount in POD["containers"][0]["volumeMounts"]}
    assert mounts == {volume["name"] for volume in POD["volumes"]}


def test_the_tables_are_those_that_the_arithmetic_gives():
    assert scaling.exchanges() in PAGE
    assert scaling.steps() in PAGE


def test_the_arithmetic_starts_from_the_measurements():
    rates = {}
    for name in ("gpu", "gpu_full", "benchmark"):
        figures = json.loads((ROOT / f"docs/benchmark/{name}.json").read_text())["figures"]
        ours = [x for rows in figures.values() for x in rows if x["by"] == "cic_jax"]
        rates |= {x["work"]: x["rate"] for x in ours}
    for (network, batch), rate in scaling.CROPS_PER_SECOND.items():
        assert rate == round(rates[f"{network}, {batch} x 176², bfloat16"])
    (decoded,) = (rate for work, rate in rates.items() if work.startswith("random windows"))
    assert round(decoded / 2) == scaling.DECODED_PER_CORE
    assert f"{scaling.DECODED_PER_CORE:,.0f} photographs" in PAGE


def test_a_ring_sends_nearly_twice_the_bytes():
    assert scaling.ring_seconds(100, 1, 10.0) == 0
    assert scaling.ring_seconds(100, 2, 10.0) == 10
    assert scaling.ring_seconds(100, 8, 10.0) == pytest.approx(2 * 7 / 8 * 10)
    within, links = scaling.exchange_seconds(10**9, 8), scaling.exchange_seconds(10**9, 16)
    assert within == pytest.approx(1.75 / 450)
    assert links - within == pytest.approx(1 / 50)

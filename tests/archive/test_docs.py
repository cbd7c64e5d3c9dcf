"""The batch file for Slurm asks for what the command has."""

import argparse
import re
import subprocess

from commands import ROOT

from cic_jax.cli import colorize_flags

SLURM = ROOT / "docs/cluster/archive.slurm"


def test_the_batch_file_names_a_share_for_each_task():
    subprocess.run(["bash", "-n", SLURM], check=True)
    text = SLURM.read_text()
    asked = dict(re.findall(r"^#SBATCH --([\w-]+)=(.+)$", text, re.MULTILINE))
    assert len(asked) == text.count("\n#SBATCH ")
    # Slurm reads no directive after the first command.
    assert text.rindex("#SBATCH") < text.index("\nset ")
    assert (asked["array"], asked["cpus-per-task"]) == ("1-64", "1")
    line = text[text.index("\ncic-jax ") :].replace("cic-jax", "echo", 1)
    task = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "64"}
    said = subprocess.run(
        ["bash", "-c", line], env=task, capture_output=True, text=True, check=True
    )
    _, *arguments = said.stdout.split()
    parser = colorize_flags.add(argparse.ArgumentParser().add_subparsers())
    options = parser.parse_args(arguments)
    assert (options.share, str(options.list), options.out) == ((3, 64), "paths.txt", "coloured")

"""What is kept of a study's runs beside the code: all that its report needs but the photographs.

The folder can stand for the directory of the study: `experiments/results.py --study=FOLDER` reports
it, and each run's `model/` can be loaded, trained on and coloured with.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from cic_jax import checkpoint
from cic_jax.report.release import without_paths
from cic_jax.study import scored
from cic_jax.study.runs import EXPORT, Run
from cic_jax.train import goodput, record
from cic_jax.train.directory import write_json

STUDY = "study.json"
FILES = (record.LOG, record.MACHINE, goodput.TIME)


def keep(workdir: Path, runs: Sequence[Run], out: Path) -> list[str]:
    """Write what is kept of the scored runs to `out`; return the names of their directories.

    That is each run's log, machine, times, config, scores of every photograph, and the parameters
    at its least validation loss in bfloat16. Pictures of photographs and paths of this machine are
    left out. What `out` has of other runs stays.

    Args:
        workdir: Directory of the study.
        runs: Its runs; those that are not scored are left out.
        out: The folder.
    """
    names = []
    for run in runs:
        result = scored.read(run.home)
        if result is None:
            continue
        name = run.home.relative_to(workdir)
        home = out / name
        home.mkdir(parents=True, exist_ok=True)
        for file in FILES:
            shutil.copyfile(run.home / file, home / file)
        if checkpoint.has_steps(run.home):
            model = checkpoint.load(run.home, step=result.about["best"])
            shutil.rmtree(home / EXPORT, ignore_errors=True)
            checkpoint.export(
                home / EXPORT, model._replace(description=without_paths(model.description))
            )
        elif (run.home / EXPORT).exists():
            shutil.copytree(run.home / EXPORT, home / EXPORT, dirs_exist_ok=True)
        description = without_paths(result.about["description"])
        write_json(home / checkpoint.CONFIG, description["config"])
        about = {**result.about, "description": description}
        scored.write(home, result._replace(about=about, pictures={}))
        names.append(name.as_posix())
    if (workdir / STUDY).exists():
        shutil.copyfile(workdir / STUDY, out / STUDY)
    return names

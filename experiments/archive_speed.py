"""Measure how many photographs an archive's workers colour, beside one plain process.

    python experiments/archive_speed.py --photos=PHOTOS --out=docs/benchmark/archive.md

Colours the first photographs of a folder by `cic-jax colorize` on all cores, in shares with a core
each, and by Ray with a worker per core. Each does two numbers of photographs, so that the time of
starting falls out of the difference. Processor seconds are those of all processes of a contender;
they are the measure where other programs use the machine, too. Then one core takes the stages of
colouring apart, for the same photographs and for drawn ones of 12 megapixels.
"""

import tempfile
from pathlib import Path

from cic_jax import startup

with startup.imports(__name__):
    from absl import flags

    from cic_jax import entry
    from cic_jax.benchmark import archives

PHOTOS = flags.DEFINE_string("photos", None, "Folder of photographs.", required=True)
OUT = flags.DEFINE_string("out", None, "File of the result, in Markdown; None prints it.")
CHECKPOINT = flags.DEFINE_string("checkpoint", "everyday", "The model.")
FEW = flags.DEFINE_integer("few", 48, "Photographs of the short run.", 2)
MANY = flags.DEFINE_integer("many", 240, "Photographs of the long run.", 4)
ROUNDS = flags.DEFINE_integer("rounds", 2, "Rounds, in each of which all contenders run.", 1)


def main() -> None:
    """Measure in turns, and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        work = archives.Work(
            Path(PHOTOS.value), (FEW.value, MANY.value), CHECKPOINT.value, Path(folder)
        )
        costs = archives.measure(work, ROUNDS.value)
        text = archives.report(work, costs, archives.stages(work))
    if OUT.value:
        Path(OUT.value).write_text(text)
    print(text)


if __name__ == "__main__":
    entry.run(main)

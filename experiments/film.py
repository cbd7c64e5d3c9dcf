"""Measure how steady the colours of films are, how quickly they are made, and in what memory.

    python experiments/film.py --model=everyday

Drawn shots, in which vehicles drive and the camera moves, are coloured picture by picture and held
steady. Prints colour distribution consistency (Liu et al., 2021), the difference along motion, the
error and the colourfulness, beside those of the truth. Then films of two lengths are written and
coloured from file to file: pictures per second, compiling left out, and the peak memory so far.
"""

import resource
import tempfile
import time
from pathlib import Path

from cic_jax import startup

with startup.imports(__name__):
    import numpy as np
    from absl import flags

    from cic_jax import Colorizer, entry, film
    from cic_jax.film import colouring, comparison, reading
    from cic_jax.film.writing import Encoder
    from cic_jax.report.markdown import markdown
    from cic_jax.scenes.moving import shoot

MODEL = flags.DEFINE_string("model", "everyday", "A run, an exported checkpoint or a release.")
SHOTS = flags.DEFINE_integer("shots", 6, "Drawn shots.", lower_bound=1)
PICTURES = flags.DEFINE_integer("pictures", 32, "Pictures of a shot.", lower_bound=8)
SIDE = flags.DEFINE_integer("side", 256, "Pixels of a side.", lower_bound=64)
LENGTHS = flags.DEFINE_list("lengths", ["100", "400"], "Pictures of the films; none for none.")
SEED = 1  # of the drawn shots; those to train on have another


def main() -> None:
    """Print both tables."""
    colorizer = Colorizer.restore(MODEL.value)
    shots = [
        comparison.compare(
            colorizer,
            np.stack(list(shoot(SEED, index, PICTURES.value, SIDE.value))),
            colouring.Settings(),
        )
        for index in range(SHOTS.value)
    ]
    rows = []
    for way in shots[0]:
        means = comparison.Scores(*np.mean([shot[way] for shot in shots], axis=0).tolist())
        rows.append(
            {
                "colours": way,
                "CDC, x 1000": f"{1000 * means.consistency:.2f}",
                "along motion": f"{means.warped:.2f}",
                "RMSE ab": f"{means.error:.1f}",
                "colourfulness": f"{means.chroma:.1f}",
            }
        )
    print(markdown(rows), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        print(markdown([measure(colorizer, int(n), Path(folder)) for n in LENGTHS.value]))


def measure(colorizer: Colorizer, pictures: int, folder: Path) -> dict[str, str]:
    """Colour a film of so many pictures; the first part is not timed, as programs are compiled."""
    source = write(folder / f"{pictures}.mp4", pictures)
    begun: list[tuple[float, int]] = []

    def report(done: int, _: int) -> None:
        if done >= pictures // 4:
            begun.append((time.perf_counter(), done))

    film.colorize(colorizer, source, folder / f"{pictures}_out.mp4", report=report)
    seconds = begun[-1][0] - begun[0][0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {
        "pictures": str(pictures),
        "size": f"{SIDE.value} x {SIDE.value}",
        "per second": f"{(begun[-1][1] - begun[0][1]) / seconds:.1f}",
        "peak memory so far, GB": f"{peak:.2f}",
    }


def write(path: Path, pictures: int) -> Path:
    """Write a drawn film of so many pictures, in shots."""
    from fractions import Fraction

    tags = reading.Colours(1, 1, 1, 1)
    rate = Fraction(25)
    look = reading.Look(SIDE.value, SIDE.value, Fraction(1), 0, None, tags, 1 / rate, rate)
    encoder = Encoder(path, look, "mp4")
    for number in range(0, pictures, PICTURES.value):
        for i, picture in enumerate(shoot(SEED, number, PICTURES.value, SIDE.value)):
            if number + i < pictures:
                encoder.write(picture, number + i, 1)
    encoder.close()
    return path


if __name__ == "__main__":
    entry.run(main)

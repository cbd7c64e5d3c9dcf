"""Photographs for measurements: those of a folder, or drawn scenes."""

from cic_jax import photos
from cic_jax.benchmark.report import Bench
from cic_jax.configs import default

SIZE = 256  # of drawn scenes, and of windows


def sample(bench: Bench, count: int) -> photos.Photographs:
    """Return the first `count` training photographs, encoded and in memory: image, name, label."""
    data = default.get_config().data
    data.data_dir = str(bench.report.out / "photographs")
    data.scenes, data.size = (24, 64) if bench.quick else (max(count, 32), SIZE)
    if bench.photos:
        data.source, data.path = "folder", bench.photos
    train = photos.open_splits(data)["train"]
    fields = ("image", "name", "label")  # without a scene's other fields
    first = (train[i] for i in range(min(count, len(train))))
    return photos.Photographs("train", [{key: record[key] for key in fields} for record in first])

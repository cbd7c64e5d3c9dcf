"""Sources of photographs, splits by content, and windows and batches of uint8 RGB."""

from pathlib import Path

from ml_collections import ConfigDict

from cic_jax.photos.batches import (
    Resident,
    evaluation_batches,
    require_some,
    resident,
    stream,
)
from cic_jax.photos.photographs import Photographs
from cic_jax.photos.windows import decode, window

__all__ = [
    "Photographs",
    "Resident",
    "decode",
    "evaluation_batches",
    "open_splits",
    "require_some",
    "resident",
    "stream",
    "window",
]

DATA_DIR = "~/.cache/cic_jax"


def open_splits(data: ConfigDict) -> dict[str, Photographs]:
    """Open the splits 'train', 'validation' and 'test' of `data.source`; prepare them if needed.

    `data.source` is one of:

    * 'synthetic_vehicles': drawn scenes, determined by `scenes`, `seed` and `size`;
    * 'imagenet_vehicles': tars in the folder `path`, of the `subset` 'experimental' or 'final' or
      of the WordNet ids in `synsets`;
    * 'folder': the photographs below `path`;
    * the name of a TFDS set prepared in `path` ('': TFDS's own folder), reduced to the classes in
      `labels` (empty: all classes, but only the vehicles of imagenet2012).

    Prepared data are kept below `data.data_dir` ('': ~/.cache/cic_jax). ValueError or
    FileNotFoundError describe a wrong source or path, or photographs that cannot be used.
    """
    # TFDS takes seconds to import, and is not needed to decode a photograph.
    data_dir = Path(data.data_dir or DATA_DIR).expanduser().absolute()
    if data.source == "synthetic_vehicles":
        from cic_jax.photos.builder import prepare, splits
        from cic_jax.photos.synthetic import SyntheticConfig, SyntheticVehicles

        name = f"{data.scenes}_scenes_{data.size}_seed_{data.seed}"
        config = SyntheticConfig(name=name, scenes=data.scenes, size=data.size, seed=data.seed)
        return splits(prepare(SyntheticVehicles, config, data_dir))
    if data.source == "imagenet_vehicles":
        from cic_jax.photos.imagenet import open_vehicles

        return open_vehicles(tuple(data.synsets) or data.subset, data.path, data_dir)
    if data.source == "folder":
        from cic_jax.photos.folder import open_folder

        return open_folder(data.path, data_dir)
    from cic_jax.photos.tfds_sets import open_named

    return open_named(data.source, data.labels, data.path, data_dir)

"""A small copy of a prepared set: re-encoded windows that open without the originals.

Splits, order, names, labels and report stay those of the set: nothing is split anew, since
re-encoding could change a photograph's hash.
"""

import functools
import io
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from ml_collections import ConfigDict
from PIL import Image

from cic_jax import checksums
from cic_jax.photos import builder, imagenet, open_splits
from cic_jax.photos.photographs import Photographs
from cic_jax.photos.threads import ordered_map
from cic_jax.photos.windows import window

FORMATS = ("webp", "avif")
SOURCE = "imagenet_vehicles"  # whose prepared sets open without the originals
PART, COUNT = "part_{:02d}", "parts.json"
LIMIT = 24 * 2**20  # bytes of a part
SHARDS = {"min_shard_size": 4 * 2**20, "max_shard_size": 8 * 2**20}  # so that parts fill up


class PackError(ValueError):
    """A set that cannot be packed, or parts that cannot be joined; the message says why."""


def encode(record: dict[str, Any], *, size: int, short_side: int, kind: str, quality: int) -> bytes:
    """Re-encode the centre window of a photograph, without what would be reflected around it.

    Args:
        record: The photograph, as `Photographs` gives it.
        size: Side of the window, in pixels; a smaller photograph keeps its sides.
        short_side: Length to which a larger short side is reduced first; 0 keeps it.
        kind: One of FORMATS.
        quality: 1 to 100, on the format's own scale.
    """
    pixels, mask = window(record["image"], size, short_side)
    real = pixels[mask.any(axis=1)][:, mask.any(axis=0)]
    stream = io.BytesIO()
    options = {"method": 6} if kind == "webp" else {"speed": 6}
    Image.fromarray(np.ascontiguousarray(real)).save(stream, kind, quality=quality, **options)
    return stream.getvalue()


def pack(data: ConfigDict, out: Path, *, kind: str = "webp", quality: int = 90) -> dict[str, int]:
    """Write the set of a config's `data` below `out`, a `data_dir` to open it from.

    Args:
        data: The set, prepared or to be prepared; its `size` and `short_side` cut the windows.
        out: Folder that `config.data.data_dir` will name.
        kind: One of FORMATS.
        quality: 1 to 100, on the format's own scale.

    Returns:
        The number of photographs by split.

    Raises:
        PackError: Another source than `imagenet_vehicles`, or the set is in `out` already.
    """
    if data.source != SOURCE:
        raise PackError(
            f"config.data.source must be {SOURCE}, whose sets open without their originals; it is "
            f"{data.source}"
        )
    splits = open_splits(data)
    cut = {"size": data.size, "short_side": data.short_side, "kind": kind, "quality": quality}
    config = imagenet.subset_config(tuple(data.synsets) or data.subset)
    with builder.quiet():
        copy = _Copy(
            splits, cut, data_dir=out.absolute(), config=config, file_format="array_record"
        )
        if copy.is_prepared():
            raise PackError(f"{copy.data_dir} exists already: delete it, or pack elsewhere")
        options = tfds.download.DownloadConfig(try_download_gcs=False, **SHARDS)
        copy.download_and_prepare(download_config=options)
    return {split: len(photographs) for split, photographs in splits.items()}


class _Copy(imagenet.ImagenetVehicles, skip_registration=True):  # type: ignore[call-arg]
    """Builder of the copy: it has the set's name and version, and takes the photographs from it."""

    name = SOURCE
    MANUAL_DOWNLOAD_INSTRUCTIONS = ""  # nothing to bring by hand

    def __init__(self, splits: dict[str, Photographs], cut: dict[str, Any], **options: Any):
        self._splits, self._cut = splits, cut
        super().__init__(**options)

    def _info(self) -> tfds.core.DatasetInfo:
        features = super()._info().features
        # The order of the examples is that of the originals.
        return tfds.core.DatasetInfo(builder=self, features=features, disable_shuffling=True)

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        del dl_manager
        report = dict(self._splits["train"].report) | {"packed": self._cut}
        (Path(self.data_dir) / builder.REPORT).write_text(json.dumps(report, indent=2))
        return {name: self._examples(split) for name, split in self._splits.items() if split}

    def _examples(self, photographs: Photographs) -> Iterator[tuple[int, dict[str, Any]]]:
        images = ordered_map(functools.partial(encode, **self._cut), photographs)
        for position, (record, image) in enumerate(zip(photographs, images, strict=True)):
            yield (
                position,
                {
                    "image": io.BytesIO(image),
                    "name": record["name"],
                    "label": record["label"],
                },
            )


def divide(whole: Path, out: Path, limit: int = LIMIT) -> list[Path]:
    """Move the files of a folder into parts of at most `limit` bytes, each with its checksums.

    Raises PackError where one file is larger.
    """
    parts: list[list[Path]] = [[]]
    size = 0
    for file in sorted(path for path in whole.rglob("*") if path.is_file()):
        length = file.stat().st_size
        if length > limit:
            raise PackError(f"{file} has {length:,} bytes, and a part at most {limit:,}")
        if size + length > limit:
            parts.append([])
            size = 0
        parts[-1].append(file)
        size += length
    folders = []
    for number, files in enumerate(parts):
        folder = out / PART.format(number)
        moved = [folder / file.relative_to(whole) for file in files]
        for file, target in zip(files, moved, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, target)
        checksums.write(folder, moved)
        (folder / COUNT).write_text(json.dumps({"parts": len(parts)}) + "\n")
        folders.append(folder)
    shutil.rmtree(whole)
    return folders


def join(folder: Path, out: Path) -> list[Path]:
    """Copy the files of all parts in a folder to `out`; return the parts.

    Raises PackError where parts are missing or damaged.
    """
    parts = sorted(folder.glob("part_*"))
    counts = {json.loads((part / COUNT).read_text())["parts"] for part in parts}
    if counts != {len(parts)}:
        wanted = " or ".join(map(str, sorted(counts))) or "some"
        raise PackError(f"expected {wanted} parts in {folder}, found {len(parts)}: bring the rest")
    for part in parts:
        if wrong := checksums.differences(part, _content(part)):
            raise PackError(f"{part} is damaged: {', '.join(wrong[:3])}: bring it again")
        for file in _content(part):
            target = out / file.relative_to(part)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    return parts


def _content(part: Path) -> Sequence[Path]:
    kept = {part / COUNT, part / checksums.NAME}
    return [path for path in part.rglob("*") if path.is_file() and path not in kept]

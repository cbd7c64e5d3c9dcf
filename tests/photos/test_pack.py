"""A packed set is its original, photograph by photograph, but for the encoding."""

import shutil

import numpy as np
import pytest
from photo_files import encode, numbered, picture, write_tar

from cic_jax import photos
from cic_jax.configs import default
from cic_jax.photos import pack

CARS, BOATS = "n02958343", "n02858304"
SIZE = 64  # pictures are 80 x 60: a window lacks pixels above and below


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    root = tmp_path_factory.mktemp("set")
    for wnid, first in ((CARS, 0), (BOATS, 100)):
        images = [encode(picture(seed)) for seed in range(first, first + 25)]
        write_tar(root / f"{wnid}.tar", numbered(wnid, images))
    data = default.get_config().data
    data.update(source="imagenet_vehicles", path=str(root), data_dir=str(root / "prepared"))
    data.update(synsets=(BOATS, CARS), size=SIZE, short_side=SIZE)
    return data


@pytest.fixture(scope="module")
def parts(original, tmp_path_factory):
    out = tmp_path_factory.mktemp("packed")
    counts = pack.pack(original, out / "whole", quality=90)
    assert sum(counts.values()) > 40
    largest = max(path.stat().st_size for path in (out / "whole").rglob("*") if path.is_file())
    assert len(pack.divide(out / "whole", out, largest)) > 1
    return out


def test_each_photograph_keeps_split_place_name_and_label(original, parts, tmp_path):
    pack.join(parts, tmp_path)
    packed = original.copy_and_resolve_references()
    packed.update(path="", data_dir=str(tmp_path))
    before, after = photos.open_splits(original), photos.open_splits(packed)
    for split, photographs in before.items():
        told = [(photo["name"], photo["label"]) for photo in photographs]
        assert told == [(photo["name"], photo["label"]) for photo in after[split]]
        assert photographs
        for one, other in zip(photographs, after[split], strict=True):
            assert other["image"][8:12] == b"WEBP"
            (pixels, mask), (again, same) = (
                photos.window(photo["image"], SIZE, SIZE) for photo in (one, other)
            )
            np.testing.assert_array_equal(mask, same)
            assert np.abs(pixels.astype(float) - again).mean() < 6
    report = after["test"].report
    assert report["packed"] == {"size": SIZE, "short_side": SIZE, "kind": "webp", "quality": 90}
    assert report["kept"] == before["test"].report["kept"]
    packed.path = original.path  # the tars that it was made from are known again
    photos.open_splits(packed)


def test_parts_that_are_missing_or_damaged_are_refused(parts, tmp_path):
    shutil.copytree(parts, tmp_path / "brought")
    first, *rest = sorted((tmp_path / "brought").iterdir())
    shutil.rmtree(rest[-1])
    with pytest.raises(pack.PackError, match=r"expected \d+ parts in .*bring the rest"):
        pack.join(tmp_path / "brought", tmp_path / "set")
    shutil.copytree(parts / rest[-1].name, rest[-1])
    next(path for path in first.rglob("*.json") if path.name != pack.COUNT).write_text("{}")
    with pytest.raises(pack.PackError, match="was changed: bring it again"):
        pack.join(tmp_path / "brought", tmp_path / "set")
    with pytest.raises(pack.PackError, match="found 0: bring the rest"):
        pack.join(tmp_path, tmp_path / "set")


def test_sets_that_need_their_originals_are_refused(tmp_path):
    data = default.get_config().data
    data.source = "folder"
    with pytest.raises(pack.PackError, match="must be imagenet_vehicles"):
        pack.pack(data, tmp_path)

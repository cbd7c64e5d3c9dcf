"""No model of the study has seen a test photograph, or a near-duplicate of one."""

import importlib
import io
import os
from pathlib import Path

import numpy as np
import pytest
from photo_files import encode, numbered, picture, write_tar
from PIL import Image

from cic_jax import photos
from cic_jax.configs import default
from cic_jax.photos.split import NEAR, difference_hash
from cic_jax.study import published

TARS = os.environ.get("CIC_JAX_TARS")  # a folder of <wnid>.tar, 5,000 photographs or more
CARS, BOATS = "n02958343", "n02858304"


def trained_and_tested(sets):
    """Hash the photographs that any model trains or is chosen on, and those of the test."""
    splits = {subset: photos.open_splits(data) for subset, data in sets.items()}
    seen = set()
    for name in published.MODELS:
        subset = importlib.import_module(f"cic_jax.configs.{name}").get_config().data.subset
        seen.add(subset)
    used = [splits[subset][side] for subset in seen for side in ("train", "validation")]
    return hashes(used), hashes([splits["final"]["test"]])


def hashes(parts):
    return np.stack(
        [difference_hash(Image.open(io.BytesIO(x["image"]))) for part in parts for x in part]
    )


def least_distance(seen, tested):
    return min(int(np.bitwise_count(one ^ seen).sum(axis=-1).min()) for one in tested)


def imagenet_sets(path, data_dir, experimental, final):
    sets = {}
    for subset, synsets in (("experimental", experimental), ("final", final)):
        data = default.get_config().data
        data.update(source="imagenet_vehicles", path=str(path), data_dir=str(data_dir))
        data.update(synsets=synsets)
        sets[subset] = data
    return sets


def test_no_test_photograph_or_near_duplicate_was_seen(tmp_path):
    """Copies of the same photographs, brighter and smaller, lie in both synsets."""
    originals = [picture(seed, (160, 120)) for seed in range(150)]
    copies = [encode(x.resize((96, 72)).point(lambda v: v * 0.9), quality=60) for x in originals]
    write_tar(tmp_path / f"{CARS}.tar", numbered(CARS, map(encode, originals)))
    write_tar(tmp_path / f"{BOATS}.tar", numbered(BOATS, copies))
    sets = imagenet_sets(tmp_path, tmp_path / "data", (CARS,), (CARS, BOATS))
    seen, tested = trained_and_tested(sets)
    assert len(tested) >= 3
    assert least_distance(seen, tested) > NEAR
    # Without the rule, copies of test photographs would be seen by chance.
    chance = hashes([photos.open_splits(sets["experimental"])["test"]])
    assert least_distance(seen, chance) <= NEAR


def test_no_drawn_test_scene_or_near_duplicate_was_seen(tmp_path):
    data = default.get_config().data
    data.update(data_dir=str(tmp_path), scenes=60, size=64, short_side=64)
    seen, tested = trained_and_tested({"experimental": data, "final": data})
    assert least_distance(seen, tested) > NEAR


@pytest.mark.slow
@pytest.mark.skipif(TARS is None, reason="CIC_JAX_TARS names no folder of ImageNet's tars")
def test_no_real_test_photograph_or_near_duplicate_was_seen(tmp_path):
    final = tuple(sorted(path.stem for path in Path(TARS).glob("n*.tar")))
    seen, tested = trained_and_tested(imagenet_sets(TARS, tmp_path, final[::2], final))
    assert len(tested) > 500
    assert least_distance(seen, tested) > NEAR

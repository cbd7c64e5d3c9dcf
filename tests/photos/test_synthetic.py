"""The TFDS builder of drawn scenes: records tell what was drawn, splits follow from content."""

import numpy as np
import pytest

from cic_jax import images
from cic_jax.photos import builder
from cic_jax.photos.split import difference_hash, split_of
from cic_jax.photos.synthetic import SyntheticConfig, SyntheticVehicles, encode
from cic_jax.scenes import SETTINGS, VIEWS, WEATHERS, draw, paint

SIZE = 64


def prepare(folder, scenes):
    config = SyntheticConfig(name=f"{scenes}", scenes=scenes, size=SIZE, seed=5)
    return builder.splits(builder.prepare(SyntheticVehicles, config, folder))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("synthetic")


@pytest.fixture(scope="module")
def splits(folder):
    return prepare(folder, 36)


def records(splits):
    return {
        photographs[i]["name"]: (side, photographs[i])
        for side, photographs in splits.items()
        for i in range(len(photographs))
    }


def test_records_tell_what_was_drawn(splits):
    found = records(splits)
    assert len(found) == 36
    for name in list(found)[:6]:
        record = found[name][1]
        scene = draw(5, int(name.split("_")[1]), SIZE)
        assert record["image"] == encode(scene.image)
        assert record["label"] == scene.objects[0].kind
        assert list(SETTINGS)[record["setting"]] == scene.setting
        assert list(WEATHERS)[record["weather"]] == scene.weather
        assert record["mask"].dtype == np.uint8
        np.testing.assert_array_equal(record["mask"], scene.mask)
        objects = record["objects"]
        for i, item in enumerate(scene.objects):
            assert paint.KINDS[objects["kind"][i]] == item.kind
            assert list(VIEWS)[objects["view"][i]] == item.view
            assert objects["component"][i] == item.paint.component
            np.testing.assert_array_equal(objects["ab"][i], item.paint.ab)


def test_the_mixture_in_a_record_gives_the_density(splits):
    record = splits["train"][0]["objects"]
    kind = paint.KINDS[record["kind"][0]]
    z = (record["ab"][0] - record["means"][0]) / record["stds"][0]
    normal = np.exp(-0.5 * (z**2).sum(axis=1)) / (2 * np.pi * record["stds"][0].prod(axis=1))
    density = (record["weights"][0] * normal).sum()
    assert np.log(density) == pytest.approx(
        float(paint.log_density(kind, record["ab"][0])), rel=1e-4
    )


def test_splits_follow_from_content_and_not_from_how_many_scenes_there_are(splits, folder, capfd):
    found = records(splits)
    for side, record in found.values():
        assert split_of(difference_hash(images.read_rgb(record["image"]))) == side
    fewer = records(prepare(folder, 12))
    assert all(found[name][0] == side for name, (side, _) in fewer.items())
    assert capfd.readouterr() == ("", "")


def test_a_second_builder_reads_what_the_first_one_wrote(splits, folder):
    again = records(prepare(folder, 36))
    assert again.keys() == records(splits).keys()

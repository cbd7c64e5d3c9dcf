"""TFDS sets by name: pooled, split anew, chosen by label; and what cannot be read says why."""

import io
import pickle
import shutil
from typing import ClassVar

import numpy as np
import pytest
import tensorflow_datasets as tfds
from ml_collections import ConfigDict
from photo_files import UNUSABLE, encode, picture

from cic_jax.photos import census, decode, ilsvrc, open_splits

CLASSES = ("car", "bus", "tench")


class TinyVehicles(tfds.core.GeneratorBasedBuilder):
    """Thirty photographs with one label each, and a test split without labels."""

    VERSION = tfds.core.Version("1.0.0")
    LABEL: ClassVar = tfds.features.ClassLabel(names=CLASSES)

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "label": self.LABEL,
            "file_name": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(0, 30), "test": self._generate_examples(30, 36)}

    def _generate_examples(self, first, last):
        for index in range(first, last):
            encoded = encode(picture(index), "PNG")
            encoded = {4: UNUSABLE["grey"], 35: UNUSABLE["postscript"]}.get(index, encoded)
            label = self.label(index) if first == 0 else -1
            yield index, {"image": io.BytesIO(encoded), "label": label, "file_name": f"{index}"}

    def label(self, index):
        return index % 3


class SeveralVehicles(TinyVehicles):
    """The same with any number of labels each, or none."""

    LABEL: ClassVar = tfds.features.Sequence(TinyVehicles.LABEL)

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(0, 30)}

    def label(self, index):
        return [(), (0,), (0, 1)][index % 3]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    path = tmp_path_factory.mktemp("tfds")
    for kind in (TinyVehicles, SeveralVehicles):
        kind(data_dir=path, file_format="array_record").download_and_prepare()
    return path


def open_named(source, path, data_dir, labels=()):
    data = {"source": source, "path": str(path), "labels": labels, "data_dir": str(data_dir)}
    return open_splits(ConfigDict(data))


def records(splits):
    return {record["name"]: record for split in splits.values() for record in split}


def test_all_splits_are_pooled_and_split_by_content(prepared, tmp_path):
    splits = open_named("tiny_vehicles", prepared, tmp_path)
    found = records(splits)
    assert sorted(map(int, found)) == [index for index in range(35) if index != 4]
    assert splits["test"].report["left_out"] == {"broken": 1, "grey": 1}
    for index in (5, 33):
        np.testing.assert_array_equal(
            decode(found[f"{index}"]["image"]), np.asarray(picture(index))
        )
    assert found["5"]["label"] == "tench"
    assert found["33"]["label"] == ""
    train = splits["train"]
    assert pickle.loads(pickle.dumps(train))[1] == train[1]


@pytest.mark.parametrize(
    ("source", "labels", "kept"),
    [
        ("tiny_vehicles", ("car", "bus"), {i for i in range(30) if i % 3 < 2 and i != 4}),
        ("several_vehicles", ("bus",), {i for i in range(30) if i % 3 == 2}),
        ("several_vehicles", (), {i for i in range(30) if i != 4}),
    ],
)
def test_labels_choose(prepared, tmp_path, source, labels, kept):
    found = records(open_named(source, prepared, tmp_path, labels))
    assert set(map(int, found)) == kept


def test_index_is_read_back(prepared, tmp_path, monkeypatch):
    first = open_named("tiny_vehicles", prepared, tmp_path)
    monkeypatch.setattr(census, "take", None)
    again = open_named("tiny_vehicles", prepared, tmp_path)
    assert {name: list(map(dict, split)) for name, split in first.items()} == {
        name: list(map(dict, split)) for name, split in again.items()
    }


@pytest.mark.parametrize(
    "source", ["", "a/b/c", "../x", "a b", "voc:1", "mnist:9.9.9", "mnist/none", "/", "x" * 300]
)
def test_what_names_no_set_is_one_line(source, tmp_path):
    with pytest.raises(ValueError, match=r"^data\.source must be 'synthetic_vehicles'") as error:
        open_named(source, tmp_path, tmp_path)
    assert "\n" not in str(error.value)


def test_what_cannot_be_read_says_why(prepared, tmp_path):
    with pytest.raises(ValueError, match=r"data.source must be .*'folder' .*it is 'vehicels'"):
        open_named("vehicels", prepared, tmp_path)
    with pytest.raises(ValueError, match=r"cifar10 is not prepared in .*array_record"):
        open_named("cifar10", prepared, tmp_path)
    with pytest.raises(ValueError, match=r"data.labels has plane, .* are car, bus, tench"):
        open_named("tiny_vehicles", prepared, tmp_path, ("car", "plane"))


def test_sets_stored_for_tensorflow_are_refused(prepared, tmp_path):
    copy = tmp_path / "tiny_vehicles"
    shutil.copytree(prepared / "tiny_vehicles", copy)
    (info,) = copy.rglob("dataset_info.json")
    info.write_text(info.read_text().replace("array_record", "tfrecord"))
    with pytest.raises(ValueError, match=r"is stored as tfrecord, .*array_record"):
        open_named("tiny_vehicles", tmp_path, tmp_path)


def test_the_table_of_vehicles_is_of_imagenet():
    wnids = tfds.builder("imagenet2012").info.features["label"].names
    assert len(wnids) == 1000
    assert len(ilsvrc.VEHICLES) == len(set(ilsvrc.VEHICLES.values())) == 67
    assert set(ilsvrc.VEHICLES) < set(wnids)
    # A few positions in ILSVRC's published order, which is that of the ids.
    places = {404: "airliner", 436: "beach wagon", 717: "pickup", 817: "sports car", 914: "yawl"}
    assert {place: ilsvrc.VEHICLES[sorted(wnids)[place]] for place in places} == places

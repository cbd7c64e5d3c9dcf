"""`imagenet_vehicles` from tars: what is kept, where it goes, and what a wrong folder says."""

import io
import pickle
import tarfile

import pytest
from ml_collections import ConfigDict
from photo_files import REASONS, UNUSABLE, encode, numbered, picture, turned, write_tar
from PIL import Image

from cic_jax.photos import decode, imagenet, open_splits

PLANE, CAR, VEHICLE = "n02691156", "n02958343", "n04524313"


@pytest.fixture(scope="module")
def tars(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tars")
    planes = [encode(picture(seed)) for seed in range(40)]
    cars = [encode(picture(seed)) for seed in range(100, 130)]
    odd = [
        turned(picture(200)),
        encode(picture(201).convert("CMYK")),
        encode(picture(202), "PNG"),
        *UNUSABLE.values(),
    ]
    write_tar(folder / f"{PLANE}.tar", numbered(PLANE, planes))
    write_tar(folder / f"{CAR}.tar", numbered(CAR, cars + odd))
    write_tar(folder / "n06255081.tar", numbered("n06255081", [encode(picture(300))]))
    return folder


def data(path, data_dir, **options):
    return ConfigDict(
        {
            "source": "imagenet_vehicles",
            "subset": "experimental",
            "synsets": (),
            "path": str(path),
            "labels": (),
            "data_dir": str(data_dir),
            "scenes": 0,
            "size": 256,
            "short_side": 256,
            "seed": 0,
        }
        | options
    )


@pytest.fixture(scope="module")
def both(tars, tmp_path_factory):
    return open_splits(data(tars, tmp_path_factory.mktemp("data"), synsets=(PLANE, CAR)))


def records(splits):
    return {
        record["name"]: (split, record)
        for split, photographs in splits.items()
        for record in photographs
    }


def test_every_usable_photograph_is_on_one_side(both):
    found = records(both)
    assert len(found) == sum(map(len, both.values())) == 73
    assert {name: record["label"] for name, (_, record) in found.items()} == {
        name: name.split("_")[0] for name in found
    }
    assert both["test"].report["left_out"] == REASONS
    assert all(len(photographs) for photographs in both.values())


def test_ordinary_jpegs_are_kept_verbatim_and_others_turned_into_some(both):
    found = records(both)
    assert found[f"{PLANE}_3.JPEG"][1]["image"] == encode(picture(3))
    for index, shape in ((30, (80, 60, 3)), (31, (60, 80, 3)), (32, (60, 80, 3))):
        encoded = found[f"{CAR}_{index}.JPEG"][1]["image"]
        image = Image.open(io.BytesIO(encoded))
        assert (image.format, image.mode) == ("JPEG", "RGB")
        assert decode(encoded).shape == shape


def test_sides_do_not_depend_on_the_subset(tars, tmp_path, both):
    alone = open_splits(data(tars, tmp_path, synsets=(CAR,)))
    cars = {name: split for name, (split, _) in records(both).items() if name.startswith(CAR)}
    assert {name: split for name, (split, _) in records(alone).items()} == cars


def test_splits_can_be_pickled_and_selected(both):
    train = pickle.loads(pickle.dumps(both["train"]))
    assert train[2] == both["train"][2]
    assert [record["name"] for record in train.select([4, 1])] == [
        train[4]["name"],
        train[1]["name"],
    ]


def test_prepared_photographs_need_no_tars_and_refuse_others(tars, tmp_path):
    first = open_splits(data(tars, tmp_path / "data", synsets=("n06255081",)))
    (name,) = records(first)
    again = open_splits(data("", tmp_path / "data", synsets=(VEHICLE,)))
    assert list(records(again)) == [name]
    assert again["train"].report == first["train"].report
    write_tar(tmp_path / f"{VEHICLE}.tar", numbered(VEHICLE, [encode(picture(s)) for s in (1, 2)]))
    with pytest.raises(ValueError, match="was prepared from other tars"):
        open_splits(data(tmp_path, tmp_path / "data", synsets=(VEHICLE,)))


def test_missing_tars_are_named(tars, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"n02739889.tar, .*n02918964.tar not found in"):
        open_splits(data(tars, tmp_path))
    for path in ("", tmp_path / "nowhere"):
        with pytest.raises(FileNotFoundError, match=r"data.path must be .*<wnid>.tar"):
            open_splits(data(path, tmp_path))


@pytest.mark.parametrize("wrong", [{"subset": "finale"}, {"synsets": ("car",)}])
def test_wrong_subsets_are_refused(tars, tmp_path, wrong):
    with pytest.raises(ValueError, match=r"must be 'experimental' or 'final', or data.synsets"):
        open_splits(data(tars, tmp_path, **wrong))


def test_the_final_set_holds_the_experimental():
    assert len(imagenet.EXPERIMENTAL) == 5
    assert len(imagenet.FINAL) == 10
    assert set(imagenet.EXPERIMENTAL) < set(imagenet.FINAL)


def test_links_in_a_tar_are_broken_and_names_escaped(tmp_path):
    path = tmp_path / f"{PLANE}.tar"
    write_tar(path, {"caf\udce9.JPEG": encode(picture(1))})
    with tarfile.open(path, "a") as tar:
        link = tarfile.TarInfo("link.JPEG")
        link.type, link.linkname = tarfile.SYMTYPE, "../elsewhere.JPEG"
        tar.addfile(link)
    splits = open_splits(data(tmp_path, tmp_path / "data", synsets=(PLANE,)))
    assert set(records(splits)) == {"caf\\xe9.JPEG"}
    assert splits["train"].report["left_out"] == {"broken": 1}


@pytest.mark.parametrize("length", [0, 700, 3000])
def test_a_damaged_tar_is_named(tmp_path, length):
    path = tmp_path / f"{PLANE}.tar"
    write_tar(path, numbered(PLANE, [encode(picture(seed)) for seed in range(3)]))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=rf"{PLANE}.tar is no tar, damaged or cut short"):
        open_splits(data(tmp_path, tmp_path / "data", synsets=(PLANE,)))

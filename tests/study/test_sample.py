"""The sets of photographs, and tars that hold a part of each synset."""

import tarfile

import pytest
from photo_files import numbered, write_tar

from cic_jax.configs import default
from cic_jax.study import sample

CARS, BOATS, SCENES = "n02958343", "n02858304", "n08613733"


def test_a_sample_balances_synsets_and_is_repeatable(tmp_path):
    for wnid, count in ((CARS, 7), (BOATS, 3), (SCENES, 20)):
        photographs = [str(seed).encode() for seed in range(count)]
        write_tar(tmp_path / f"{wnid}.tar", numbered(wnid, photographs))
    sampled = []
    for out in (tmp_path / "one", tmp_path / "two"):
        sample.sample(tmp_path, out, [CARS, BOATS], 5, [SCENES])
        sampled.append({})
        for path in out.iterdir():
            with tarfile.open(path) as tar:
                sampled[-1][path.stem] = [
                    (member.name, tar.extractfile(member).read()) for member in tar
                ]
    counts = {wnid: len(members) for wnid, members in sampled[0].items()}
    assert counts == {CARS: 5, BOATS: 3, SCENES: 8}
    assert sampled[0] == sampled[1]
    with tarfile.open(tmp_path / f"{SCENES}.tar") as tar:
        members = [(member.name, tar.extractfile(member).read()) for member in tar]
    assert set(sampled[0][SCENES]) < set(members)
    assert sampled[0][SCENES] != members[:8]


def test_a_sample_without_its_tars_is_refused_whole(tmp_path):
    write_tar(tmp_path / f"{CARS}.tar", numbered(CARS, [b"1"]))
    with pytest.raises(FileNotFoundError, match=rf"no tar of {BOATS}, {SCENES} in .*config\.data"):
        sample.sample(tmp_path, tmp_path / "out", [CARS, BOATS], 5, [SCENES])
    assert not (tmp_path / "out").exists()


def test_one_source_serves_as_both_sets(capsys, tmp_path):
    config = default.get_config()
    sets = sample.subsets(tmp_path, config, {}, sample.Synsets())
    assert sets == {"experimental": {}, "final": {}}
    assert "One set of photographs" in capsys.readouterr().out
    config.data.source = "imagenet_vehicles"  # has both sets
    assert sample.subsets(tmp_path, config, {}, sample.Synsets()) == sets
    assert not capsys.readouterr().out


def test_listed_synsets_make_the_sets(tmp_path):
    config = default.get_config()
    config.data.source = "imagenet_vehicles"
    config.data.path = str(tmp_path)
    whole = sample.Synsets([CARS], [CARS, BOATS])
    sets = sample.subsets(tmp_path / "study", config, {}, whole)
    assert sets == {"experimental": {"synsets": (CARS,)}, "final": {"synsets": (BOATS, CARS)}}
    write_tar(tmp_path / f"{CARS}.tar", numbered(CARS, [b"1", b"2"]))
    sets = sample.subsets(tmp_path / "study", config, {}, whole._replace(at_most=1))
    tars = tmp_path / "study/experimental/tars"
    assert sets["experimental"]["path"] == str(tars)
    with tarfile.open(tars / f"{CARS}.tar") as tar:
        assert len(tar.getnames()) == 1


@pytest.mark.parametrize(
    ("source", "experimental", "final"),
    [
        ("synthetic_vehicles", [CARS], [CARS]),
        ("imagenet_vehicles", [], [CARS]),
        ("imagenet_vehicles", [CARS, BOATS], [CARS]),
    ],
)
def test_sets_that_could_leak_are_refused(source, experimental, final, tmp_path):
    config = default.get_config()
    config.data.source = source
    with pytest.raises(ValueError, match="must hold all of the experimental one"):
        sample.subsets(tmp_path, config, {}, sample.Synsets(experimental, final))

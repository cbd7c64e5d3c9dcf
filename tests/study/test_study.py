"""The study: its plan, its samples, its splits free of leaks, and the whole command."""

import importlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from photo_files import encode, numbered, picture, write_tar
from PIL import Image
from skimage.metrics import structural_similarity

from cic_jax import lab, photos
from cic_jax.configs import default
from cic_jax.photos.split import NEAR, difference_hash
from cic_jax.study import claims, plan, published, sample, score

ROOT = Path(__file__).parents[2]
TARS = ROOT / "../shared/data/photos"
CARS, BOATS, SCENES = "n02958343", "n02858304", "n08613733"


def test_models_are_the_studys_with_their_configs():
    assert len(published.MODELS) == len(published.PUBLISHED) == 9
    configs = {
        name: importlib.import_module(f"cic_jax.configs.{name}").get_config()
        for name in published.MODELS
    }
    epochs = [config.train.epochs for config in configs.values()]
    assert epochs == [100] * 7 + [190, 500]
    bases = [published.VARIANTS.get(name, (name, {}))[0] for name in published.STARTS_FROM]
    assert all(configs[name].train.init_from for name in bases)
    for base, mistake in published.VARIANTS.values():
        config = configs[base].copy_and_resolve_references()
        config.update_from_flattened_dict(mistake)
        assert config != configs[base]


def test_epochs_share_what_the_budget_leaves():
    cost = plan.Cost(start=10.0, step=0.5, evaluation=1.0, scoring=5.0)
    jobs = [plan.Job(100.0, 10, cost), plan.Job(500.0, 20, cost)]
    factor = plan.common_factor(600.0, jobs)
    fixed = 2 * (10.0 + plan.EVALUATIONS + 5.0)
    assert factor * 0.5 * (1000 + 10000) + fixed == pytest.approx(600.0)
    assert plan.common_factor(1e6, jobs) == 1.0
    with pytest.raises(ValueError, match=r"0\.5 minutes are left for 2 runs"):
        plan.common_factor(30.0, jobs)


@pytest.mark.parametrize("steps", [1, 7, 37, 120, 501, 7010, 250_000])
def test_a_schedule_has_dispatches_of_one_length(steps):
    planned = plan.schedule(steps / 70, 70)
    total, every = (round(planned[key] * 70) for key in ("epochs", "evaluate_every"))
    assert total == pytest.approx(steps, rel=0.3 if steps < 1000 else 0.01)
    assert total // every in range(1, 2 * plan.EVALUATIONS)
    lengths = set()
    for start in range(0, total, every):
        span = min(every, total - start)
        lengths |= {min(plan.STEPS_PER_DISPATCH, span - at) for at in range(0, span, 50)}
    assert len(lengths) == 1


def test_ssim_with_the_studys_range_is_scikit_images():
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (8, 8, 3), np.uint8)
    rgb = np.asarray(Image.fromarray(coarse).resize((32, 40), Image.Resampling.BICUBIC))
    ab = rng.normal(0, 15, (1, 40, 32, 2)).astype(np.float32)
    given = jnp.asarray(rgb[None] / 255, jnp.float32)
    pixels = lab.rgb_to_lab(given)
    ours = score.compare(given, pixels, jnp.asarray(ab), None)["ssim_range_2"]
    coloured = lab.lab_to_rgb(jnp.concatenate([pixels[..., :1], ab], axis=-1))
    expected, right = (
        structural_similarity(
            rgb / 255, np.asarray(coloured[0], np.float64), channel_axis=-1, data_range=extent
        )
        for extent in (2, 1)
    )
    assert float(ours[0]) == pytest.approx(expected, abs=1e-4)
    assert expected > right + 0.01


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
    assert {wnid: len(found) for wnid, found in sampled[0].items()} == {
        CARS: 5,
        BOATS: 3,
        SCENES: 8,
    }
    assert sampled[0] == sampled[1]
    with tarfile.open(tmp_path / f"{SCENES}.tar") as tar:
        every = [(member.name, tar.extractfile(member).read()) for member in tar]
    assert set(sampled[0][SCENES]) < set(every)
    assert sampled[0][SCENES] != every[:8]


def test_a_sample_without_its_tars_is_refused_whole(tmp_path):
    write_tar(tmp_path / f"{CARS}.tar", numbered(CARS, [b"1"]))
    with pytest.raises(FileNotFoundError, match=rf"no tar of {BOATS}, {SCENES} in .*config\.data"):
        sample.sample(tmp_path, tmp_path / "out", [CARS, BOATS], 5, [SCENES])
    assert not (tmp_path / "out").exists()


def trained_and_tested(sets):
    """Hashes of all that any of the nine models trains or is chosen on, and of what tests them."""
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
    # The rule is what achieves it: by chance alone copies of the test photographs would be seen.
    chance = hashes([photos.open_splits(sets["experimental"])["test"]])
    assert least_distance(seen, chance) <= NEAR


def test_no_drawn_test_scene_or_near_duplicate_was_seen(tmp_path):
    data = default.get_config().data
    data.update(data_dir=str(tmp_path), scenes=60, size=64, short_side=64)
    seen, tested = trained_and_tested({"experimental": data, "final": data})
    assert least_distance(seen, tested) > NEAR


@pytest.mark.slow
@pytest.mark.skipif(not TARS.is_dir(), reason="needs the photographs in ../shared/data")
def test_no_real_test_photograph_or_near_duplicate_was_seen(tmp_path):
    final = tuple(sorted(path.stem for path in TARS.glob("n*.tar")))
    experimental = ("n02691156", BOATS, "n02924116", CARS, "n03790512", SCENES)
    seen, tested = trained_and_tested(imagenet_sets(TARS, tmp_path, experimental, final))
    assert len(tested) > 500
    assert least_distance(seen, tested) > NEAR


@pytest.mark.slow
def test_the_command_from_tars_to_the_report_and_resumed(tmp_path):
    """Two sets of synsets, one sampled; what is trained is not trained again."""
    for wnid, first, count in ((CARS, 0, 90), (BOATS, 200, 40), (SCENES, 400, 120)):
        photographs = [encode(picture(seed)) for seed in range(first, first + count)]
        write_tar(tmp_path / f"{wnid}.tar", numbered(wnid, photographs))
    command = [
        *(sys.executable, str(ROOT / "experiments/reproduce.py"), f"--workdir={tmp_path}/study"),
        *(f"--experimental={CARS},{BOATS}", "--at_most=50", f"--as_many={SCENES}"),
        f"--final={CARS},{BOATS},{SCENES}",
        *("--config.data.source=imagenet_vehicles", f"--config.data.path={tmp_path}"),
        *(f"--config.data.data_dir={tmp_path}/data", "--config.data.size=48"),
        *("--config.model.width=0.05", "--config.model.dtype=bfloat16", "--config.train.crop=32"),
        *("--config.train.batch_size=16", "--config.train.epochs=0.5"),
    ]
    refused = run([*command, "--models=unbalanced,simple"])
    assert refused.returncode != 0
    assert "--models has simple; there are euclidean" in refused.stderr + refused.stdout
    for model in ("simplified", "simplified_final"):
        done = run([*command, f"--models={model}"])
        assert done.returncode == 0, done.stderr
    assert "Training Simplified final" in done.stdout
    assert "Training Simplified," not in done.stdout
    results = json.loads((tmp_path / "study/study.json").read_text())
    assert list(results["models"]) == ["simplified", "simplified_final"]
    sampled = {}
    for path in (tmp_path / "study/experimental/tars").iterdir():
        with tarfile.open(path) as tar:
            sampled[path.stem] = len(tar.getnames())
    assert sampled == {CARS: 50, BOATS: 40, SCENES: 50 + 40}
    found = results["figures"]["simplified"]
    assert found["ssim_range_2"]["mean"] > found["ssim"]["mean"]
    assert len(results["claims"]) == len(claims.CLAIMS) + 2 + len(claims.RATIOS)
    config = json.loads((tmp_path / "study/simplified_final/config.json").read_text())
    assert config["train"]["init_from"] == str(tmp_path / "study/simplified")
    assert config["data"]["synsets"] == sorted([CARS, BOATS, SCENES])
    for name in ("study.csv", "study.md", "report.html", "figures/predictions.png"):
        assert (tmp_path / "study" / name).stat().st_size > 500


def run(command):
    environment = os.environ | {"PYTHONWARNINGS": "error::DeprecationWarning:__main__"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

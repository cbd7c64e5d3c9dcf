import json

import jax.numpy as jnp
import numpy as np
import pytest
from commands import config_flags, run_script
from tiny_models import tiny_model

from cic_jax import bins, photos
from cic_jax.configs import lite, two_cores
from cic_jax.study import ablation, ablation_runs
from cic_jax.train import coherence, matched
from cic_jax.train.config import check


def table(seed=0, shift=0.0, colours=None, count=50):
    rng = np.random.default_rng(seed)
    metrics = {name: rng.normal(3.0, 1.0, count) + shift for name in ablation.METRICS}
    truth = rng.dirichlet(np.ones(8), count)
    return metrics | {
        ablation.HISTOGRAM: truth if colours is None else np.tile(colours, (count, 1)),
        ablation.TRUE_HISTOGRAM: truth,
    }


@pytest.mark.parametrize("recipe", [two_cores, lite])
def test_every_variant_changes_the_base_and_is_allowed(recipe):
    base = recipe.get_config()
    variants = ablation.variants(base)
    assert variants.pop(ablation.BASE) == {}
    assert {"no_average", "decay_as_l2", "mix_0.5"} <= set(variants)
    assert ("no_hints" in variants) == ("random_encoder" in variants) == (recipe is lite)
    for options in variants.values():
        config = base.copy_and_resolve_references()
        config.update_from_flattened_dict(options)
        assert config != base
        check(config)
    rates = [variants[name]["train.learning_rate"] for name in ("rate_times_3", "rate_by_3")]
    np.testing.assert_allclose(rates, [3e-3, 1e-3 / 3])


def test_variants_turn_round_with_the_base():
    base = two_cores.get_config()
    base.train.update(decoupled=False, average=0.0, init="he", output_bias="zero")
    names = set(ablation.variants(base))
    assert {"decay_decoupled", "data_init", "prior_output_bias"} <= names
    assert not {"decay_as_l2", "no_average", "he_init", "zero_output_bias"} & names


def test_departures_from_the_recipe_are_named():
    recipe = two_cores.get_config()
    base = recipe.to_dict()
    base["train"]["epochs"] = 0.5
    assert ablation.departures(base, recipe) == ""
    base["prior"]["mix"] = 0.25
    assert ablation.departures(base, recipe) == " with prior.mix = 0.25"


def test_histogram_counts_real_pixels():
    places = [3, 3, 200, 3]
    ab = jnp.array(bins.CENTERS[places]).reshape(1, 2, 2, 2) + 0.3
    mask = jnp.array([[[True, True], [True, False]]])
    found = np.asarray(ablation.histogram(ab, mask))[0]
    np.testing.assert_allclose(found[[3, 200]], [2 / 3, 1 / 3], rtol=1e-6)
    assert found.sum() == pytest.approx(1)


def test_hellinger_distance():
    p = np.array([[0.5, 0.5, 0.0]] * 3)
    q = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [0.1, 0.2, 0.7]])
    expected = np.linalg.norm(np.sqrt(p) - np.sqrt(q), axis=-1) / np.sqrt(2)
    np.testing.assert_allclose(ablation.hellinger(p, q), expected, atol=1e-7)
    assert expected[1] == pytest.approx(1)


def test_differences_are_paired_and_bold_where_they_exclude_0():
    base, shifted = table(), table(shift=0.1, colours=np.eye(8)[0])
    found = ablation.differences(shifted, base)
    for name in ablation.METRICS:
        assert found[name] == pytest.approx({"mean": 0.1, "low": 0.1, "high": 0.1})
    assert found[ablation.DISTANCE]["low"] > 0.3  # one colour alone, where the truth has eight
    results = {
        "variants": {
            ablation.BASE: {"options": {}, "figures": ablation.intervals(base)},
            "no_average": {"options": {"train.average": 0.0}, "against_base": found},
        }
    }
    first, second = ablation.rows(results)
    assert not any("**" in cell for cell in first.values())
    assert second["PSNR"] == "**0.1 (0.1 to 0.1)**"
    assert second["Sets"] == "train.average = 0"
    same = ablation.differences(base, base)
    results["variants"]["no_average"]["against_base"] = same
    assert not any("**" in cell for cell in ablation.rows(results)[1].values())


def test_results_of_an_earlier_version_have_fewer_columns():
    figures = ablation.intervals(table())
    results = {"variants": {ablation.BASE: {"options": {}, "figures": figures}}}
    (now,) = ablation.rows(results)
    del figures[ablation.MATCHED]
    (before,) = ablation.rows(results)
    assert len(before) == len(now) - 1


def test_matched_errors_do_not_depend_on_how_colourful_a_model_is(monkeypatch):
    things = coherence.drawn(4, size=64)
    colours = np.random.default_rng(0).normal(0, 12, (len(things.sample.names), 16, 16, 2))
    base, nothing = two_cores.get_config(), photos.Photographs("validation", [])
    errors = []
    for factor in (1.0, 0.5):
        cells = (factor * colours).astype(np.float32)
        monkeypatch.setattr(ablation_runs, "read", lambda *_: things.sample)
        monkeypatch.setattr(matched, "cells", lambda *_, cells=cells: [cells])
        errors.append(ablation_runs.matched_errors(tiny_model(), nothing, base))
    np.testing.assert_allclose(*errors, rtol=0.02)
    plain = matched.curves(things.sample, colours.astype(np.float32))["rmse_ab"]
    assert np.all(errors[0] > plain[:, 0])  # duller is nearer, and is not what is asked for


@pytest.mark.slow
def test_the_command_trains_scores_and_resumes(tmp_path):
    settings = config_flags(
        data={"source": "synthetic_vehicles", "scenes": 60, "data_dir": tmp_path / "data"}
        | {"size": 64, "short_side": 64},
        model={"width": 0.05},
        train={"crop": 32, "batch_size": 8, "epochs": 1, "warmup_steps": 0},
    )
    command = ["ablate", f"--workdir={tmp_path}/runs", *settings]
    refused = run_script(*command, "--variants=nothing")
    assert "--variants has nothing; there are base, rate_times_3" in refused.stderr
    for variant in ("no_average", "neighbors_10"):
        done = run_script(*command, f"--variants={variant}")
        assert done.returncode == 0, done.stderr
        scores = tmp_path / "runs/base/validation.npz"
        with np.load(scores) as kept:
            assert ablation.MATCHED in kept
            earlier = {name: kept[name] for name in kept if name != ablation.MATCHED}
        np.savez(scores, **earlier)  # as an earlier version left it: the next command scores anew
    results = json.loads((tmp_path / "runs/ablation.json").read_text())
    assert set(results["variants"]) == {"base", "no_average", "neighbors_10"}
    zero = results["variants"]["base"]["against_base"]
    assert all(x["low"] == x["high"] == 0 for x in zero.values())
    assert results["plan"]["steps"] == results["plan"]["train"] // 8
    assert "| No average | train.average = 0 |" in (tmp_path / "runs/ablation.md").read_text()

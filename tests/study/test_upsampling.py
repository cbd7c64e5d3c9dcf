"""Upsampling methods and their comparison, on drawn scenes."""

import jax.numpy as jnp
import numpy as np
import pytest
from tiny_models import tiny_model

from cic_jax import photos
from cic_jax.configs import default
from cic_jax.study import upsampling


def scene():
    """Two colours with an edge in L, and a flat half."""
    pixels = np.zeros((1, 32, 32, 3), np.float32)
    pixels[:, :, :18] = [30, -5, -30]
    pixels[:, :, 18:] = [75, 20, 50]
    return jnp.asarray(pixels)


@pytest.mark.parametrize("name", upsampling.METHODS)
@pytest.mark.parametrize("factor", [4, 16])
def test_each_method_keeps_a_constant(name, factor):
    ab = jnp.broadcast_to(jnp.float32([12, -34]), (32 // factor, 48 // factor, 2))
    L = jnp.asarray(np.random.default_rng(0).uniform(0, 100, (32, 48, 1)), jnp.float32)
    upsampled = upsampling.METHODS[name](ab, L)
    np.testing.assert_allclose(upsampled, jnp.broadcast_to(ab[:1, :1], (32, 48, 2)), atol=1e-3)


def test_joint_bilateral_respects_an_edge():
    pixels = scene()[0]
    coarse = upsampling.means(pixels[..., 1:], 4)
    joint = upsampling.joint_bilateral(coarse, pixels[..., :1])
    # Column 17 is dark, in a cell whose mean L lies near the dark side; bilinear mixes there.
    smooth = upsampling.bilinear(coarse, pixels[..., :1])
    error = [np.abs(x[:, 15] - pixels[:, 15, 1:]).mean() for x in (joint, smooth)]
    assert error[0] < 0.5 * error[1]


def test_pixels_near_edges_are_marked():
    near = np.asarray(upsampling.near_edges(scene()))[0]
    np.testing.assert_array_equal(np.flatnonzero(near.any(axis=0)), np.arange(15, 20))
    assert near[:, 15:20].all()


def test_the_table_and_its_differences(tmp_path):
    config = default.get_config()
    config.update_from_flattened_dict(
        {"data.scenes": 120, "data.size": 64, "data.short_side": 64, "data.data_dir": str(tmp_path)}
    )
    split = photos.open_splits(config.data)["test"]
    names, columns = upsampling.table(tiny_model(), split, config, count=8)
    assert 1 < len(names) <= 8
    errors = upsampling.intervals(columns)
    kind = "true, cells of 4: all pixels"
    ours, bilinear = (columns[f"{kind}: {name}"] for name in ("edges of L followed", "bilinear"))
    difference = errors[f"{kind}: edges of L followed - bilinear"]
    assert difference["mean"] == pytest.approx(np.mean(ours - bilinear))
    assert difference["low"] <= difference["mean"] <= difference["high"]
    assert ours.mean() < bilinear.mean()
    text = upsampling.markdown(errors, len(names), "test")
    assert len(text.splitlines()) == 4 + 3 * 2
    assert f"{np.mean(bilinear):.3f}" in text

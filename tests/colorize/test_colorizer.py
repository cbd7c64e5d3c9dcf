"""Any photograph is coloured at its own size, its lightness kept, in few compilations."""

import doctest
import gc
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from PIL import Image
from tiny_models import tiny_model

import cic_jax
from cic_jax import Colorizer, bins, checkpoint, inference, lab, machine, programs, target
from cic_jax import model as models
from cic_jax.colorize import colorizer as colorize
from cic_jax.colorize import paint
from cic_jax.images import resize
from cic_jax.target import Target


class Echo(nn.Module):
    """In place of a network: a is L - 50 and b is 50 - L, as means over 4x4 pixels."""

    note: Callable  # called with the shape that is traced

    @nn.compact
    def __call__(self, L, train=False):
        self.note(L.shape)
        mean = jax.lax.reduce_window(L, 0.0, jax.lax.add, (1, 4, 4, 1), (1, 4, 4, 1), "VALID") / 16
        return jnp.concatenate([mean - 50, 50 - mean], axis=-1)


def echo_colorizer(size=64):
    shapes: list = []
    target = Target(2, None, lambda output, temperature: output, None)
    colorizer = Colorizer(models.Model(Echo(shapes.append), {}, target, {"config": {}}), size)
    shapes.clear()
    return colorizer, shapes


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer(tiny_model(gain=30.0), size=64)


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def to_lab(rgb):
    return np.asarray(jax.jit(lab.rgb_to_lab)(rgb / np.float32(255)))


@pytest.mark.parametrize(
    "shape", [(70, 90), (70, 90, 3), (600, 520, 3), (1, 1), (1, 3000), (2000, 1, 3), (7, 5, 3)]
)
def test_any_size_comes_back_as_it_was(colorizer, shape):
    result = colorizer(noise(*shape))
    assert result.shape == (*shape[:2], 3)
    assert result.dtype == np.uint8


def test_lightness_moves_by_rounding_alone(colorizer):
    photo = noise(200, 300)
    result = colorizer(photo, temperature=0.0)
    chroma = np.hypot(*np.moveaxis(to_lab(result)[..., 1:], -1, 0))
    assert chroma.mean() > 15
    moved = np.abs(to_lab(result)[..., 0] - to_lab(np.repeat(photo[..., None], 3, -1))[..., 0])
    # Half a step of each channel moves L by 0.2 in the light and up to 0.6 in the dark.
    assert moved.max() < 0.6
    assert moved.mean() < 0.1


def test_no_colour_leaves_the_photograph(colorizer):
    photo = noise(100, 80)
    np.testing.assert_array_equal(
        colorizer(photo, saturation=0.0), np.repeat(photo[..., None], 3, axis=-1)
    )


@pytest.mark.parametrize("shape", [(300, 200), (97, 613), (640, 131), (40, 30)])
def test_colour_stays_in_its_place(shape):
    h, w = shape
    y, x = np.mgrid[:h, :w]
    photo = (128 + 50 * np.sin(2 * np.pi * y / h) * np.cos(2 * np.pi * x / w)).astype(np.uint8)
    colorizer, _ = echo_colorizer()
    result = to_lab(colorizer(photo))
    inner = np.s_[h // 16 : -(h // 16), w // 16 : -(w // 16)]
    np.testing.assert_allclose(result[..., 1][inner], result[..., 0][inner] - 50, atol=3)
    np.testing.assert_allclose(result[..., 2][inner], 50 - result[..., 0][inner], atol=3)


def test_tiles_leave_no_seam(monkeypatch):
    photo = noise(700, 600, 3)
    colorizer, _ = echo_colorizer()
    tiled = colorizer(photo)
    monkeypatch.setattr(paint, "TILE", 704)
    np.testing.assert_allclose(tiled.astype(int), colorizer(photo), atol=1)


def test_a_folder_of_many_sizes_compiles_few():
    colorizer, shapes = echo_colorizer()
    for w in range(96, 128, 2):
        colorizer(noise(64, w))
        colorizer(noise(2 * 64, 2 * w))
    assert len(shapes) == 1


def test_one_prediction_is_read_out_in_many_ways(colorizer):
    photo = noise(90, 61, 3)
    prediction = colorizer.predict(photo)
    assert prediction.size == resize.working_size(90, 61, 64)
    assert prediction.output.shape == (24, 16, 313)
    for options in ({}, {"temperature": 0.0}, {"temperature": 1.0, "saturation": 0.4}):
        np.testing.assert_array_equal(
            colorizer.render(prediction, **options), colorizer(photo, **options)
        )
    np.testing.assert_array_equal(colorizer.distribution(prediction), colorizer.distribution(photo))


def test_a_preview_is_the_colouring_made_smaller():
    colorizer, _ = echo_colorizer()
    y, x = np.mgrid[:300, :450]
    photo = (128 + 60 * np.sin(y / 40) * np.cos(x / 50)).astype(np.uint8)
    prediction = colorizer.predict(photo)
    preview = prediction.reduced(150)
    assert preview.output is prediction.output
    small, large = colorizer.render(preview), colorizer.render(prediction)
    assert small.shape == (100, 150, 3)
    np.testing.assert_allclose(to_lab(small), to_lab(resize.reduce(large, (100, 150))), atol=2.5)
    assert prediction.reduced(450) is prediction
    with pytest.raises(ValueError, match="at least 1 pixel, got 0"):
        prediction.reduced(0)


def test_temperature_trades_vividness(colorizer):
    def chroma(temperature):
        ab = to_lab(colorizer(noise(64, 64), temperature))[..., 1:]
        return np.hypot(ab[..., 0], ab[..., 1]).mean()

    assert chroma(0.0) > chroma(0.38) > chroma(1.0)


def test_pillow_images_of_any_mode(colorizer):
    photo = noise(60, 50, 3)
    grey16 = Image.fromarray(257 * photo[..., 0].astype(np.uint16))
    np.testing.assert_array_equal(colorizer(grey16), colorizer(photo[..., 0]))
    rgba = Image.fromarray(np.dstack([photo, photo[..., :1]]))
    np.testing.assert_array_equal(colorizer(rgba), colorizer(photo))


def test_distribution(colorizer):
    probabilities = colorizer.distribution(noise(100, 70))
    assert probabilities.shape == (23, 16, 313)  # of a working size of 91 x 64
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-5)
    with pytest.raises(ValueError, match="predicts ab itself"):
        Colorizer(tiny_model(centers=None)).distribution(noise(9, 9))


def test_candidates(colorizer):
    photo = noise(60, 90)
    found = colorizer.candidates(photo, count=3, temperature=0.5)
    assert len(found) == 3
    np.testing.assert_array_equal(found[0], colorizer(photo, temperature=0.5))
    again = colorizer.candidates(colorizer.predict(photo), count=3, temperature=0.5)
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one, other)
    distances = [
        np.abs(to_lab(one) - to_lab(other)).mean(axis=(0, 1))
        for one, other in ((found[0], found[1]), (found[0], found[2]), (found[1], found[2]))
    ]
    assert min(d[1:].max() for d in distances) > 3
    assert max(d[0] for d in distances) < 0.2  # lightness is that of the photograph in all
    with pytest.raises(ValueError, match="predicts ab itself"):
        Colorizer(tiny_model(centers=None)).candidates(photo)


@pytest.mark.parametrize(
    ("photo", "message"),
    [
        (np.zeros((5, 5)), r"expected uint8 .* got float64 of shape \(5, 5\)"),
        (np.zeros((5, 5, 4), np.uint8), r"got uint8 of shape \(5, 5, 4\)"),
        (np.zeros((0, 5), np.uint8), r"got uint8 of shape \(0, 5\)"),
    ],
)
def test_refuses_other_arrays(colorizer, photo, message):
    with pytest.raises(ValueError, match=message):
        colorizer(photo)


def test_tau_and_saturation_default_to_the_models_own():
    photo, p = noise(40, 40), np.linspace(1, 9, 313, dtype=np.float32)
    palette = target.Palette(bins.CENTERS, p / p.sum(), None)
    recorded = {"colour": {"tau": 0.6, "saturation": 1.5}}
    own, plain = (
        Colorizer(tiny_model(gain=30.0, palette=palette, config=config), size=64)
        for config in (recorded, {})
    )
    np.testing.assert_array_equal(own(photo), plain(photo, tau=0.6, saturation=1.5))
    np.testing.assert_array_equal(own(photo, tau=0.0), plain(photo, saturation=1.5))
    assert np.any(own(photo) != plain(photo, saturation=1.5))


def test_refuses_what_makes_no_sense(colorizer):
    with pytest.raises(ValueError, match="temperature and saturation >= 0"):
        colorizer(noise(9, 9), temperature=-0.1)
    with pytest.raises(ValueError, match="needs a model whose prior is known"):
        echo_colorizer()[0](noise(9, 9), tau=0.5)
    with pytest.raises(ValueError, match="at least 8 pixels, got 4"):
        Colorizer(tiny_model(), size=4)


def test_restore_what_was_exported(tmp_path, colorizer):
    photo = noise(40, 60)
    checkpoint.export(tmp_path / "tiny", tiny_model(gain=30.0), dtype=jnp.float32)
    restored = Colorizer.restore(tmp_path / "tiny", size=64)
    np.testing.assert_array_equal(restored(photo), colorizer(photo))
    with pytest.raises(checkpoint.CheckpointError, match="no checkpoint at"):
        Colorizer.restore(tmp_path / "none")


def test_the_example_runs(tmp_path, monkeypatch):
    checkpoint.export(tmp_path / "simplified_final", tiny_model())
    monkeypatch.chdir(tmp_path)
    results = doctest.testmod(colorize)
    assert results.attempted > 4
    assert results.failed == 0


def test_colouring_imports_nothing_that_only_training_needs():
    heavy = ["tensorflow_datasets", "grain", "optax", "orbax", "matplotlib", "scipy", "skimage"]
    code = (
        "import sys, cic_jax; cic_jax.Colorizer; cic_jax.checkpoint.load('simplified_final'); "
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
    assert run.stderr == ""


def test_programs_do_not_become_more_with_the_shapes(monkeypatch):
    """Each takes up to a hundred megabytes."""
    monkeypatch.setattr(programs, "KEPT", 1)
    colorizer, counts = Colorizer(tiny_model(), size=64), []
    for width in (64, 128, 192, 256):
        colorizer(noise(64, width))
        gc.collect()
        counts.append(len(jax.devices()[0].client.live_executables()))
    assert counts[1] >= counts[2] >= counts[3]


def test_the_first_photographs_have_the_colours_of_the_later_ones(colorizer, monkeypatch):
    photo = noise(100, 80)
    first = colorizer(photo).astype(int)
    fast = inference.compiled(colorizer.model.network, colorizer.model.variables)
    monkeypatch.setattr(colorizer.runner, "_forward", fast)
    np.testing.assert_allclose(colorizer(photo), first, atol=1)


@pytest.mark.parametrize("folder", [None, "elsewhere"])
def test_programs_are_kept_for_the_next_process(tmp_path, monkeypatch, folder):
    before, kept = jax.config.jax_compilation_cache_dir, []
    monkeypatch.setattr(machine, "keep_compiled", lambda: kept.append(True))
    jax.config.update("jax_compilation_cache_dir", folder)
    try:
        with pytest.raises(checkpoint.CheckpointError):
            Colorizer.restore(tmp_path)
    finally:
        jax.config.update("jax_compilation_cache_dir", before)
    assert kept == ([True] if folder is None else [])


def test_public_names():
    pyproject = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert cic_jax.__version__ == pyproject["project"]["version"]
    assert cic_jax.Colorizer is colorize.Colorizer
    assert {"Colorizer", "__version__"} <= set(dir(cic_jax))
    with pytest.raises(AttributeError, match="no attribute 'Colourizer'"):
        _ = cic_jax.Colourizer


def test_a_file_is_coloured_as_its_pixels_are(colorizer, tmp_path):
    pixels = noise(24, 32, 3)
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    expected = colorizer(pixels)
    for file in (path, str(path)):
        np.testing.assert_array_equal(colorizer(file), expected)
    with pytest.raises(ValueError, match=r"nothing\.jpg"):
        colorizer(tmp_path / "nothing.jpg")


def test_several_photographs_are_coloured_as_each_alone(colorizer, tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(noise(24, 32, 3)).save(path)
    photographs = [noise(24, 32), path, Image.open(path)]
    coloured = colorizer(photographs, temperature=0.2)
    for photo, result in zip(photographs, coloured, strict=True):
        np.testing.assert_array_equal(result, colorizer(photo, temperature=0.2))
    batch = noise(2, 24, 32, 3)
    together = colorizer(batch)
    assert (type(together), together.shape) == (np.ndarray, batch.shape)
    np.testing.assert_array_equal(together[1], colorizer(batch[1]))
    assert (colorizer([]), colorizer(batch[:0]).shape) == ([], (0, 24, 32, 3))


@pytest.mark.parametrize("batch", [np.zeros((2, 8, 8, 4), np.uint8), [np.zeros((8, 8, 3))]])
def test_several_of_another_kind_are_refused(colorizer, batch):
    with pytest.raises(ValueError, match=r"photo: expected uint8 of shape \(h, w\)"):
        colorizer(batch)


def test_hints_are_for_one_photograph(colorizer):
    with pytest.raises(ValueError, match="got several: colour them one by one"):
        colorizer([noise(24, 32)], hints=[colorize.Hint(0.0, 0.0, (0.0, 0.0))])

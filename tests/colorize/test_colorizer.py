"""Any photograph is coloured at its own size, and what is none is refused."""

import doctest
import subprocess
import sys
import tomllib
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from echo import echo_colorizer, noise, to_lab
from PIL import Image
from tiny_models import tiny_model

import cic_jax
from cic_jax import Colorizer, checkpoint, inference, machine
from cic_jax.colorize import colorizer as colorize


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer(tiny_model(gain=30.0), size=64)


@pytest.mark.parametrize(
    "shape", [(70, 90), (70, 90, 3), (600, 520, 3), (1, 1), (1, 3000), (2000, 1, 3), (7, 5, 3)]
)
def test_any_size_comes_back_as_it_was(colorizer, shape):
    result = colorizer(noise(*shape))
    assert result.shape == (*shape[:2], 3)
    assert result.dtype == np.uint8


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


def test_colouring_imports_nothing_that_only_training_needs_or_windows_lacks():
    heavy = ["tensorflow_datasets", "grain", "optax", "orbax", "matplotlib", "scipy", "skimage"]
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['fcntl', 'resource', 'array_record'])); "
        "import cic_jax; cic_jax.Colorizer; cic_jax.checkpoint.load('simplified_final'); "
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    quiet = "-Wignore:only soft file lock"  # what a package says without fcntl
    command = [sys.executable, quiet, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
    assert run.stderr == ""


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
    np.testing.assert_array_equal(colorizer(jnp.asarray(batch)), together)
    assert (colorizer([]), colorizer(batch[:0]).shape) == ([], (0, 24, 32, 3))


def test_a_picture_without_pixels_is_refused(colorizer):
    with pytest.raises(ValueError, match=r"got uint8 of shape \(5, 0\)"):
        colorizer(Image.new("L", (0, 5)))


@pytest.mark.parametrize("batch", [np.zeros((2, 8, 8, 4), np.uint8), [np.zeros((8, 8, 3))]])
def test_several_of_another_kind_are_refused(colorizer, batch):
    with pytest.raises(ValueError, match=r"photo: expected uint8 of shape \(h, w\)"):
        colorizer(batch)


def test_hints_are_for_one_photograph(colorizer):
    with pytest.raises(ValueError, match="got several: colour them one by one"):
        colorizer([noise(24, 32)], hints=[colorize.Hint(0.0, 0.0, (0.0, 0.0))])

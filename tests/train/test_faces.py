"""Skin is found in a photograph of a person, and judged by the true one."""

import jax.numpy as jnp
import numpy as np
import pytest
import skimage.data

from cic_jax import lab
from cic_jax.train import faces

PERSON = skimage.data.astronaut()[:256, 96:352]
PHOTOS = np.stack([np.full_like(PERSON, 120), PERSON])


@pytest.fixture(scope="module")
def found():
    return faces.find(PHOTOS)


def turned(degrees: float, strength: float = 1.0) -> np.ndarray:
    """Turn the hue of all colours, and multiply their chroma."""
    pixels = np.array(lab.from_uint8(jnp.asarray(PHOTOS)))
    colour = (pixels[..., 1] + 1j * pixels[..., 2]) * strength * np.exp(1j * np.radians(degrees))
    pixels[..., 1], pixels[..., 2] = colour.real, colour.imag
    return np.asarray(jnp.round(255 * jnp.clip(lab.lab_to_rgb(jnp.asarray(pixels)), 0, 1))).astype(
        np.uint8
    )


def test_the_face_is_found_and_nothing_else(found):
    (face,) = found
    assert face.row == 1
    rows, columns = face.skin
    assert 60 < rows.start < rows.stop < 160
    assert 90 < columns.start < columns.stop < 180


def test_grey_photographs_of_people_have_no_skin_to_compare():
    grey = np.repeat(PERSON.mean(axis=-1, keepdims=True), 3, axis=-1).astype(np.uint8)
    assert faces.find(grey[None]) == []


def test_hue_and_chroma_are_those_that_were_given(found):
    true = faces.measure(PHOTOS, found)
    assert 20 < true.hue[0] < 70
    other = faces.measure(turned(40, 0.8), found)
    np.testing.assert_allclose(other.hue, true.hue + 40, atol=4)
    np.testing.assert_allclose(other.chroma, 0.8 * true.chroma, rtol=0.1)


def test_green_skin_is_not_believable():
    summary = faces.assess(PHOTOS, {"green": turned(90)})
    ((kind, truth),) = summary["truth"].items()
    assert truth["believable"] == 1
    assert truth["distance"] == 0
    assert summary["green"][kind]["believable"] == 0
    assert summary["green"][kind]["distance"] > 10

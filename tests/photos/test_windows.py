"""Decoding and windows: every mode, every size, and what the mask says."""

import io

import numpy as np
import pytest
from color_profiles import ADOBE, adobe_to_srgb
from file_bytes import POSTSCRIPT, png, save
from image_samples import RGB, WIDE
from PIL import Image

from cic_jax import images
from cic_jax.photos.builder import as_jpeg
from cic_jax.photos.windows import decode, window


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def gradient(height, width):
    """A smooth photograph: red grows to the right, green downwards."""
    right = np.broadcast_to(np.linspace(0, 255, width), (height, width))
    down = np.broadcast_to(np.linspace(0, 255, height)[:, None], (height, width))
    return np.stack([right, down, np.full((height, width), 90.0)], axis=-1).astype(np.uint8)


def encode(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def test_lossless_bytes_and_arrays_decode_alike():
    photo = noise(40, 50)
    np.testing.assert_array_equal(decode(encode(Image.fromarray(photo))), photo)
    np.testing.assert_array_equal(decode(photo), photo)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "LA", "1"])
def test_every_mode_becomes_rgb(mode):
    kind = "TIFF" if mode == "CMYK" else "PNG"
    image = Image.fromarray(gradient(40, 50)).convert(mode)
    pixels = decode(encode(image, kind))
    np.testing.assert_allclose(pixels, np.asarray(image.convert("RGB")), atol=1)


def test_transparency_shows_white():
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    assert (decode(encode(clear)) == 255).all()


def test_exif_turns_the_photograph_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise
    encoded = encode(Image.fromarray(gradient(64, 96)), "JPEG", quality=95, exif=exif)
    np.testing.assert_allclose(decode(encoded), np.rot90(gradient(64, 96), -1), atol=8)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_short_side_is_reduced_and_never_enlarged(kind):
    encoded = encode(Image.fromarray(gradient(600, 900)), kind)
    reduced = decode(encoded, 64)
    assert reduced.shape == (64, 96, 3)
    np.testing.assert_allclose(reduced, gradient(64, 96), atol=6)
    assert decode(encoded, 700).shape == decode(encoded, 0).shape == (600, 900, 3)


def test_window_is_the_centre():
    photo = noise(70, 91)
    crop, mask = window(photo, size=32, short_side=0)
    np.testing.assert_array_equal(crop, photo[19:51, 29:61])
    assert mask.all()


def test_random_windows_lie_everywhere_inside_and_follow_the_generator():
    photo = np.stack(np.broadcast_arrays(*np.mgrid[:40, :36], 0), axis=-1).astype(np.uint8)
    rng = np.random.default_rng(0)
    corners = {tuple(window(photo, 32, 0, rng)[0][0, 0, :2].tolist()) for _ in range(500)}
    assert corners == {(top, left) for top in range(9) for left in range(5)}
    again = window(photo, 32, 0, np.random.default_rng(5))[0]
    np.testing.assert_array_equal(again, window(photo, 32, 0, np.random.default_rng(5))[0])


@pytest.mark.parametrize("random", [False, True])
@pytest.mark.parametrize("shape", [(20, 90), (90, 33), (5, 7), (1, 64)])
def test_small_photographs_are_reflected_and_masked(shape, random):
    photo = noise(*shape)
    rng = np.random.default_rng(0) if random else None
    crop, mask = window(photo, size=64, short_side=0, rng=rng)
    assert crop.shape == (64, 64, 3)
    height, width = (min(side, 64) for side in shape)
    assert mask.sum() == height * width
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if min(shape) > 1:  # one pixel beyond the edge is the one inside it
        above, left = rows[0] - 1, columns[0] - 1
        if above >= 0:
            np.testing.assert_array_equal(crop[above], crop[above + 2])
        if left >= 0:
            np.testing.assert_array_equal(crop[:, left], crop[:, left + 2])
    real = crop[mask].reshape(height, width, 3)
    strips = np.lib.stride_tricks.sliding_window_view(photo, (height, width, 3)).reshape(
        -1, height, width, 3
    )
    assert (strips == real).all(axis=(1, 2, 3)).any()


def test_what_is_no_photograph_raises():
    with pytest.raises(images.PhotoError, match="no photograph of a kind that is read"):
        decode(b"not a photograph")


def test_postscript_never_reaches_its_interpreter():
    for reader in (decode, window, as_jpeg):
        with pytest.raises(images.PhotoError, match="no photograph of a kind that is read"):
            reader(POSTSCRIPT)


def error(pixels, expected):
    """Mean distance: single pixels of a JPEG may be far off at the edge of the gamut."""
    return np.abs(pixels.astype(float) - expected).mean()


def test_profiles_and_16_bits_are_stored_as_they_are_coloured():
    profiled = save(RGB, "PNG", icc_profile=ADOBE)
    expected = adobe_to_srgb(RGB)
    assert error(RGB, expected) > 10
    np.testing.assert_allclose(decode(profiled), expected, atol=1)
    assert error(decode(as_jpeg(profiled)), expected) < 1.5
    assert error(decode(as_jpeg(png(WIDE.astype(">u2"), 16, 2))), RGB) < 1.5
    jpeg = save(RGB, "JPEG", icc_profile=ADOBE, quality=98, subsampling=0)
    assert as_jpeg(jpeg) == jpeg
    assert error(decode(jpeg), expected) < 1.5


def test_a_reduced_photograph_is_converted_too():
    large = np.asarray(Image.fromarray(RGB).resize((320, 480), Image.Resampling.BICUBIC))
    jpeg = save(large, "JPEG", icc_profile=ADOBE, quality=98, subsampling=0)
    small = np.asarray(Image.fromarray(large).resize((32, 48), Image.Resampling.LANCZOS))
    assert error(decode(jpeg, 32), adobe_to_srgb(small)) < 1.5

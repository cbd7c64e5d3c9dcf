"""Awkward files of every kind: each is read right, or refused in one line."""

import io

import numpy as np
import pytest
from image_samples import (
    ALPHA,
    JPEG,
    READABLE,
    RGB,
    RGBA,
    UNREADABLE,
    difference,
    difference_alpha,
    exif,
    ids,
    save,
)
from PIL import Image

from cic_jax import images
from cic_jax.images import PhotoError


@pytest.mark.parametrize(
    ("name", "content", "pixels", "tolerance", "expected"), READABLE, ids=ids(READABLE)
)
def test_read_and_write(tmp_path, name, content, pixels, tolerance, expected):
    path = tmp_path / name
    path.write_bytes(content)
    photo = images.read(path)
    assert difference(photo.rgb, pixels) <= tolerance
    assert difference_alpha(photo.alpha, expected.get("alpha")) == 0
    assert bool(photo.icc) == expected.get("icc", False)
    assert photo.frames == expected.get("frames", 1)
    assert photo.format == images.identify(path)
    assert photo.format == expected.get("format") or path.suffix in images.SUFFIXES[photo.format]
    np.testing.assert_array_equal(images.read(io.BytesIO(content)).rgb, photo.rgb)

    rgb = np.broadcast_to(np.uint8([10, 200, 90]), (*photo.rgb.shape[:2], 3))
    target = images.output_name(tmp_path / "out" / name, photo.format)
    target.parent.mkdir()
    images.write(target, rgb, photo)
    written = images.read(target)
    assert written.format == ("PNG" if photo.format == "GIF" else photo.format)
    assert difference(written.rgb, rgb) <= (2 if photo.format in ("JPEG", "WEBP") else 0)
    assert difference_alpha(written.alpha, photo.alpha) <= 0
    assert bool(written.icc) == bool(photo.icc)
    assert [p.name for p in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize(("name", "content", "message"), UNREADABLE, ids=ids(UNREADABLE))
def test_refuses_in_one_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PhotoError, match=message) as error:
        images.read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    with pytest.raises(PhotoError, match=message):
        images.read(io.BytesIO(content))


def test_refuses_what_is_no_file(tmp_path):
    with pytest.raises(PhotoError, match="no such file"):
        images.read(tmp_path / "nothing.jpg")
    with pytest.raises(PhotoError, match="is a directory"):
        images.read(tmp_path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_comes_upright(orientation, format):
    # EXIF 2.32, tag 274: where row 0 and column 0 of the stored picture lie in the upright one.
    turn = {
        1: lambda x: x,
        2: np.fliplr,
        3: lambda x: np.rot90(x, 2),
        4: np.flipud,
        5: lambda x: np.swapaxes(x, 0, 1),
        6: lambda x: np.rot90(x, -1),
        7: lambda x: np.swapaxes(np.rot90(x, 2), 0, 1),
        8: np.rot90,
    }[orientation]
    file = save(RGBA if format != "JPEG" else RGB, format, exif=exif(Orientation=orientation))
    photo = images.read(io.BytesIO(file))
    assert difference(photo.rgb, turn(RGB)) <= (12 if format in ("JPEG", "WEBP") else 0)
    assert format == "JPEG" or difference(photo.alpha, turn(ALPHA)) == 0


def test_100_megapixels_are_read_silently():
    file = save(Image.new("1", (10_000, 10_000)), "PNG")
    assert images.read(io.BytesIO(file)).rgb.shape == (10_000, 10_000)


def test_damaged_exif_costs_no_pixels():
    block = b"Exif\0\0II*\0" + b"\xff" * 40
    photo = images.read(io.BytesIO(save(RGB, "JPEG", exif=block, **JPEG)))
    assert photo.exif is None
    assert difference(photo.rgb, RGB) <= 4

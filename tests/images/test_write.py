"""What is written holds what the photograph held, and replaces no photograph."""

import io
from pathlib import Path

import numpy as np
import pytest
from file_bytes import exif, save
from image_samples import ALPHA, GREY, RGB, H, W, difference
from PIL import ExifTags, Image

from cic_jax import images
from cic_jax.images import Photo, PhotoError

Orientation = ExifTags.Base.Orientation


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
def test_exif_goes_along_without_what_no_longer_holds(tmp_path, suffix):
    block = exif(ImageDescription="A tram", Orientation=6, Artist="N. N.", Compression=6)
    block[ExifTags.IFD.Exif] = {
        ExifTags.Base.DateTimeOriginal: "1931:12:15 10:00:00",
        ExifTags.Base.ColorSpace: 65535,
        ExifTags.Base.ExifImageWidth: W,
    }
    block[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    photo = images.read(io.BytesIO(save(RGB, "JPEG", exif=block)))
    target = tmp_path / f"tram{suffix}"
    images.write(target, np.rot90(RGB, -1), photo)
    with Image.open(target) as image:
        assert image.size == (H, W)
        tags = image.getexif()
        assert Orientation not in tags
        assert tags[ExifTags.Base.ImageDescription] == "A tram"
        assert tags[ExifTags.Base.Artist] == "N. N."
        assert tags.get_ifd(ExifTags.IFD.GPSInfo) == {ExifTags.GPS.GPSLatitudeRef: "N"}
        assert tags.get_ifd(ExifTags.IFD.Exif) == {
            ExifTags.Base.DateTimeOriginal: "1931:12:15 10:00:00",
            ExifTags.Base.ColorSpace: 1,
        }
    assert difference(images.read(target).rgb, np.rot90(RGB, -1)) < 12


def test_never_over_the_photograph_itself(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(save(RGB, "PNG"))
    (tmp_path / "link.png").symlink_to(path)
    (tmp_path / "hard.png").hardlink_to(path)
    photo = images.read(path)
    for name in ("a.png", "link.png", "hard.png"):
        with pytest.raises(PhotoError, match="never replaced"):
            images.write(tmp_path / name, RGB, photo)
    assert path.read_bytes() == save(RGB, "PNG")


def test_a_failed_write_leaves_what_was_there(tmp_path):
    target = tmp_path / "wide.webp"
    target.write_bytes(b"before")
    with pytest.raises(PhotoError, match="could not be written"):  # WebP ends at 16383 pixels
        images.write(target, np.zeros((1, 17_000, 3), np.uint8), Photo(GREY))
    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(PhotoError, match="could not be written: No such file"):
        images.write(tmp_path / "none" / "a.png", RGB, Photo(GREY))
    with pytest.raises(PhotoError, match=r"expected a name that ends in one of \.jpg"):
        images.write(tmp_path / "a.gif", RGB, Photo(GREY))


@pytest.mark.parametrize(
    ("name", "format", "expected"),
    [
        ("a.JPG", "JPEG", "a.JPG"),
        ("a.gif", "GIF", "a.png"),
        ("a.jpg", "PNG", "a.png"),
        ("IMG_1", "JPEG", "IMG_1.jpg"),
        ("scan.v2", "TIFF", "scan.v2.tif"),
    ],
)
def test_output_name(name, format, expected):
    assert images.output_name(Path("x", name), format) == Path("x", expected)


def test_what_a_format_cannot_hold_is_one_line():
    with pytest.raises(PhotoError, match=r"cannot encode 17000 x 1 pixels as WEBP"):
        images.encode(io.BytesIO(), np.zeros((1, 17_000, 3), np.uint8), Photo(GREY, format="WEBP"))


def test_encode_to_a_stream_falls_to_png_where_the_format_cannot_hold_rgb():
    file = io.BytesIO()
    images.encode(file, RGB, Photo(GREY, ALPHA, format="GIF"))
    photo = images.read(file)
    assert photo.format == "PNG"
    assert difference(photo.rgb, RGB) == difference(photo.alpha, ALPHA) == 0

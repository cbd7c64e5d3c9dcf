"""Awkward files of every kind: each is read right, or refused in one line."""

import io

import numpy as np
import pytest
from file_bytes import POSTSCRIPT, exif, exif_of, save
from image_samples import (
    ALPHA,
    BAD_PLACE,
    BAD_UNIT,
    GREY,
    JPEG,
    QUARTER_TURN,
    READABLE,
    RGB,
    RGBA,
    UNREADABLE,
    difference,
    difference_alpha,
    ids,
)
from PIL import ExifTags, Image, TiffImagePlugin

from cic_jax import images, photos
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
    with Image.open(path) as image:  # as it comes to a Colorizer
        np.testing.assert_array_equal(images.decode(image).rgb, photo.rgb)

    rgb = np.broadcast_to(np.uint8([10, 200, 90]), (*photo.rgb.shape[:2], 3))
    target = images.output_name(tmp_path / "out" / name, photo.format)
    target.parent.mkdir()
    images.write(target, rgb, photo)
    written = images.read(target)
    assert written.format == ("PNG" if photo.format in ("GIF", "PPM") else photo.format)
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


@pytest.mark.parametrize(
    ("name", "content", "pixels", "tolerance", "expected"), READABLE, ids=ids(READABLE)
)
def test_training_reads_what_colouring_reads(name, content, pixels, tolerance, expected):
    photo = images.read(io.BytesIO(content))
    color = photo.rgb if photo.rgb.ndim == 3 else np.dstack([photo.rgb] * 3)
    cover = 1 if photo.alpha is None else photo.alpha[..., None] / 255
    over_white = cover * color + (1 - cover) * 255.0
    assert difference(photos.decode(content), over_white) <= (0 if photo.alpha is None else 1)


def test_postscript_never_reaches_its_interpreter(tmp_path):
    path = tmp_path / "named.jpg"
    path.write_bytes(POSTSCRIPT)
    for read in (images.identify, images.read, images.read_rgb):
        for source in (path, POSTSCRIPT):
            with pytest.raises(PhotoError, match="no photograph of a kind that is read"):
                read(source)


def test_a_large_maker_note_is_shed_and_the_rest_goes_along(tmp_path):
    block = exif(ImageDescription="A tram")
    block[ExifTags.IFD.Exif] = {
        ExifTags.Base.MakerNote: bytes(80_000),
        ExifTags.Base.DateTimeOriginal: "1931:12:15 10:00:00",
    }
    photo = images.read(io.BytesIO(save(RGB, "PNG", exif=block)))
    images.write(tmp_path / "a.jpg", RGB, photo)
    with Image.open(tmp_path / "a.jpg") as image:
        tags = image.getexif()
        assert tags[ExifTags.Base.ImageDescription] == "A tram"
        shot = tags.get_ifd(ExifTags.IFD.Exif)
        assert shot == {ExifTags.Base.DateTimeOriginal: "1931:12:15 10:00:00"}


def test_a_bad_tag_costs_that_tag_alone():
    author = (0x013B, 2, 4, b"N.N\0")
    file = save(RGB, "JPEG", exif=exif_of([author, QUARTER_TURN, BAD_UNIT], [BAD_PLACE]))
    tags = Image.Exif()
    tags.load(images.read(io.BytesIO(file)).exif)
    assert dict(tags) == {ExifTags.Base.Artist: "N.N"}


@pytest.mark.parametrize(("format", "suffix"), [("JPEG", "jpg"), ("PNG", "png"), ("TIFF", "tif")])
def test_resolution_goes_along_and_turns(tmp_path, format, suffix):
    file = save(RGB, format, dpi=(300, 200), exif=exif(Orientation=6))
    photo = images.read(io.BytesIO(file))
    assert photo.dpi == pytest.approx((200, 300), rel=1e-4)
    images.write(tmp_path / f"a.{suffix}", np.rot90(RGB, -1), photo)
    with Image.open(tmp_path / f"a.{suffix}") as image:
        assert image.info["dpi"] == pytest.approx((200, 300), rel=1e-4)


def test_a_scan_behind_its_own_thumbnail_is_refused():
    scan, thumbnail = Image.fromarray(GREY), Image.fromarray(GREY[::4, ::4])
    first = TiffImagePlugin.ImageFileDirectory_v2()
    first[254] = 1
    file = save(thumbnail, "TIFF", save_all=True, append_images=[scan], tiffinfo=first)
    with pytest.raises(PhotoError, match="only the preview"):
        images.read(io.BytesIO(file))
    alone = save(thumbnail, "TIFF", tiffinfo=first)
    assert difference(images.read(io.BytesIO(alone)).rgb, GREY[::4, ::4]) == 0


def test_files_below_a_folder(tmp_path):
    for name in (
        "b.JPG",
        "a/c.png",
        "raw.NEF",
        "notes.txt",
        ".hidden/d.png",
        ".e.png",
        "out/f.png",
    ):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).touch()
    root = tmp_path / "photos"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "g.tif").touch()
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "linked_again").symlink_to(tmp_path / "elsewhere")
    (root / "a" / "loop").symlink_to(root)
    (root / "lost").symlink_to(tmp_path / "nowhere")
    found = [path.relative_to(root).as_posix() for path in images.files_below(root, root / "out")]
    assert found == ["b.JPG", "lost", "raw.NEF", "a/c.png", "linked/g.tif"]

"""HEIC, as phones write it: read like any other photograph, in the process that can be ended."""

import io
import subprocess
import sys

import numpy as np
import pillow_heif
import pytest
from color_profiles import SRGB
from file_bytes import exif
from image_samples import ALPHA, RGB, difference
from PIL import Image

from cic_jax import images, photos
from cic_jax.images import PhotoError
from cic_jax.photos.builder import as_jpeg


def heic(pixels, **settings):
    file = io.BytesIO()
    heif = pillow_heif.from_pillow(Image.fromarray(pixels))
    heif.save(file, quality=95, chroma=444, **settings)
    return file.getvalue()


def test_pixels_metadata_and_alpha_are_read(tmp_path):
    path = tmp_path / "IMG_1.HEIC"
    block = exif(ImageDescription="A tram")
    path.write_bytes(heic(np.dstack([RGB, ALPHA]), exif=block.tobytes(), icc_profile=SRGB))
    photo = images.read(path)
    assert (photo.format, photo.frames, bool(photo.icc)) == ("HEIF", 1, True)
    assert difference(photo.rgb, RGB) <= 30
    assert np.abs(photo.rgb.astype(int) - RGB).mean() < 3
    assert difference(photo.alpha, ALPHA) <= 12
    assert images.identify(path) == "HEIF"
    target = images.output_name(path, "HEIF")
    assert target.name == "IMG_1.jpg"
    images.write(target, RGB, photo)
    with Image.open(target) as written:
        assert written.format == "JPEG"
        assert written.getexif()[270] == "A tram"


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_it_comes_upright_once(orientation):
    turned = {1: RGB, 3: np.rot90(RGB, 2), 6: np.rot90(RGB), 8: np.rot90(RGB, -1)}[orientation]
    file = heic(np.ascontiguousarray(turned), exif=exif(Orientation=orientation).tobytes())
    assert np.abs(images.read(file).rgb.astype(int) - RGB).mean() < 3


def test_it_is_stored_for_training_as_a_jpeg():
    stored = as_jpeg(heic(RGB))
    assert stored.startswith(b"\xff\xd8")
    assert np.abs(photos.decode(stored).astype(int) - RGB).mean() < 4


def test_what_is_cut_short_is_one_line():
    whole = heic(RGB)
    for length in (20, 200, len(whole) - 100):
        with pytest.raises(PhotoError) as error:
            images.read(whole[:length])
        assert "\n" not in str(error.value)


def test_its_decoder_is_loaded_in_the_other_process_alone(tmp_path):
    (tmp_path / "a.heic").write_bytes(heic(RGB))
    code = (
        "import sys; from cic_jax import images; print(images.read(sys.argv[1]).format); "
        "assert 'pillow_heif' not in sys.modules"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.heic")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "HEIF\n"

"""Pictures for the tests of the photographs' sources: usable ones, and one of each other kind."""

import io
import tarfile

import numpy as np
from file_bytes import POSTSCRIPT
from PIL import Image


def picture(seed, size=(80, 60)):
    """Smooth random colour: different seeds look nothing like each other."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def encode(image, kind="JPEG", **options):
    """Its bytes; JPEGs at quality 90 unless told otherwise."""
    stream = io.BytesIO()
    image.save(stream, kind, **({"quality": 90} if kind == "JPEG" else {}) | options)
    return stream.getvalue()


def turned(image):
    """A JPEG whose metadata asks for a quarter turn."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(image, exif=exif)


UNUSABLE = {
    "truncated": encode(picture(1000))[:-300],
    "empty": b"",
    "text": b"no photograph at all",
    "postscript": POSTSCRIPT,
    "grey": encode(picture(1001).convert("L")),
    "grey in colour": encode(picture(1002).convert("L").convert("RGB")),
    "tiny": encode(picture(1003, (80, 31))),
}
REASONS = {"broken": 4, "grey": 2, "tiny": 1}


def two_coloured(root, count):
    """Photographs whose colour can be learnt: bright is blue, dark is brown."""
    rng = np.random.default_rng(0)
    for i in range(count):
        coarse = rng.random((6, 6, 1))
        rgb = np.where(coarse > 0.5, [0.3, 0.6, 1.0], [0.45, 0.25, 0.1]) * (0.5 + coarse / 2)
        image = Image.fromarray((255 * rgb).astype(np.uint8)).resize((72, 72), Image.BICUBIC)
        image.save(root / f"photo_{i:02d}.png")


def photograph(path, size=(30, 20)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.radial_gradient("L").resize(size).save(path)
    return path


def write_tar(path, files):
    """Write a GNU tar; bytes of names that are no UTF-8 come as surrogates."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, encoded in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(encoded)
            tar.addfile(member, io.BytesIO(encoded))


def numbered(wnid, photos):
    return {f"{wnid}_{index}.JPEG": encoded for index, encoded in enumerate(photos)}


def results(folder):
    """The files in a folder, as paths below it; without hidden ones, as the command's record is."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in paths if not path.name.startswith("."))

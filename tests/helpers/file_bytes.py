"""Bytes of image files, of kinds that Pillow writes and of kinds that it cannot write."""

import io
import struct
import zlib

import numpy as np
from PIL import ExifTags, Image

POSTSCRIPT = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 64 64
1 0 0 setrgbcolor 0 0 64 64 rectfill showpage
%%EOF
"""


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels, bits, colour, size=None, more=b""):
    """A PNG of big-endian samples, for what Pillow cannot write, with `more` chunks before them."""
    h, w = pixels.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    w, h = size or (w, h)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, bits, colour, 0, 0, 0)) + more
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + body


def tiff(pixels, photometric, *, sample_format=1, bits=16, extra_tags=()):
    """An uncompressed little-endian TIFF, for what Pillow cannot write.

    `extra_tags` are rows of (tag, type, count, value of at most four bytes).
    """
    h, w = pixels.shape[:2]
    samples = pixels.shape[2] if pixels.ndim == 3 else 1
    data = pixels.tobytes()
    tags = [(256, 4, 1, w), (257, 4, 1, h), (258, 3, samples, bits), (259, 3, 1, 1)]
    tags += [(262, 3, 1, photometric), (273, 4, 1, 8), (277, 3, 1, samples), (278, 4, 1, h)]
    tags += [(279, 4, 1, len(data)), (339, 3, 1, sample_format)]
    extra = b""
    if samples > 1:  # one depth for each sample does not fit in the entry
        tags[2] = (258, 3, samples, 8 + len(data))
        extra = struct.pack(f"<{samples}H", *[bits] * samples)
    tags = sorted([*tags, *extra_tags])
    directory = b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    start = 8 + len(data) + len(extra)
    header = b"II*\0" + struct.pack("<I", start)
    return header + data + extra + struct.pack("<H", len(tags)) + directory


def exif_of(main, gps=()):
    """A little-endian EXIF block of rows (tag, type, count, value of at most four bytes)."""

    def directory(rows):
        packed = (struct.pack("<HHI", *row[:3]) + row[3].ljust(4, b"\0") for row in rows)
        return struct.pack("<H", len(rows)) + b"".join(packed) + bytes(4)

    main = list(main)
    if gps:
        main.append((0x8825, 4, 1, struct.pack("<I", 8 + 2 + 12 * (len(main) + 1) + 4)))
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + directory(main) + directory(gps)


def save(pixels_or_image, format, **settings):
    image = pixels_or_image
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, format, **settings)
    return file.getvalue()


def exif(**tags):
    block = Image.Exif()
    for name, value in tags.items():
        block[ExifTags.Base[name]] = value
    return block

"""Files of a few kilobytes or megabytes that are made to take long or much memory."""

import io
import struct
import tarfile
import zlib

import numpy as np
from file_bytes import chunk, png
from PIL import Image


def encoded(image, format, **settings):
    file = io.BytesIO()
    image.save(file, format, **settings)
    return file.getvalue()


def tall_png(width, height):
    """Black, of any size, in few bytes."""
    packer = zlib.compressobj(9)
    rows = bytes(1 + width) * 10_000
    data = [packer.compress(rows) for _ in range(height // 10_000)]
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", b"".join(data) + packer.flush())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def page_chain(pages):
    """A TIFF of many pages, which Pillow counts in quadratic time."""
    short = ((256, 8), (257, 8), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 8))
    entries = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in short)
    directory = struct.pack("<H", 9) + entries + struct.pack("<HHII", 279, 4, 1, 64)
    starts = [8 + 64 + page * (len(directory) + 4) for page in range(pages)]
    chain = [struct.pack("<I", start) for start in [*starts, 0]]
    return b"II*\0" + chain[0] + bytes(64) + b"".join(directory + after for after in chain[1:])


GIF = encoded(Image.new("P", (8, 8)), "GIF")
JPEG = encoded(Image.new("RGB", (16, 16)), "JPEG")


def commented_gif(blocks):
    return GIF[:-1] + b"!\xfe" + b"\x01a" * blocks + b"\0;"


def moving_gif(frames):
    return GIF[:-1] + GIF[GIF.index(b",") : -1] * frames + b";"


def segmented_jpeg(segments):
    return JPEG[:2] + b"\xff\xed\0\x02" * segments + JPEG[2:]


def scanned_jpeg(scans, size=(256, 256)):
    """A progressive JPEG whose last scan is there many times: each passes over all pixels."""
    file = encoded(Image.effect_noise(size, 50), "JPEG", progressive=True)
    at = file.rindex(b"\xff\xda")
    return file[:at] + (file[at : at + 10] + bytes(2)) * scans + file[-2:]


def exif_png(size):
    """EXIF that says a photograph has so many bytes of it."""
    return png(
        np.zeros((3, 3), np.uint8),
        8,
        0,
        size=(3, 3),
        more=chunk(b"eXIf", b"II*\0\x08\0\0\0" + bytes(size)),
    )


def sparse_tar(name, size):
    """A tar of one GNU sparse file: `size` bytes of nothing."""
    member = tarfile.TarInfo(name)
    member.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"%011o\0%011o\0" % (size, 0)  # its one piece: no bytes, at the end
    header[483:495] = b"%011o\0" % size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    return bytes(header) + bytes(1024)

"""Colour profiles, sound and odd, and the conversions that they stand for."""

import struct

import numpy as np
from PIL import ImageCms

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def icc(space, pcs, tags):
    """A version 2 ICC profile of the given tags."""
    offset, directory, body = 132 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        directory += name + struct.pack(">II", offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4sI4s4s4s", offset + len(body), b"", 0x02200000, b"prtr", space, pcs)
    header = header.ljust(36, b"\0") + b"acsp"
    header = header.ljust(68, b"\0") + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + directory + body


# A grey profile whose values are linear light; a CMYK one in which black ink alone counts, in L.
LINEAR_GREY = icc(
    b"GRAY",
    b"XYZ ",
    {
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D),
        b"kTRC": b"curv\0\0\0\0" + struct.pack(">I", 0),
    },
)
RAMP = bytes(range(256))
BLACK_INK = icc(
    b"CMYK",
    b"Lab ",
    {
        b"A2B0": b"mft1\0\0\0\0"
        + bytes([4, 3, 2, 0])
        + struct.pack(">9i", *(65536 * np.eye(3, dtype=int).ravel()))
        + 4 * RAMP
        + bytes(c for i in range(16) for c in (0 if i % 2 else 255, 128, 128))
        + 3 * RAMP
    },
)
SWAPPED = SRGB.replace(b"rXYZ", b"tmp ").replace(b"gXYZ", b"rXYZ").replace(b"tmp ", b"gXYZ")


def _fixed(*values):
    return b"".join(struct.pack(">i", round(65536 * value)) for value in values)


# A profile with the primaries and the gamma of Adobe RGB (1998), adapted to D50.
ADOBE = icc(
    b"RGB ",
    b"XYZ ",
    {
        b"wtpt": b"XYZ \0\0\0\0" + _fixed(0.9642, 1, 0.8249),
        b"rXYZ": b"XYZ \0\0\0\0" + _fixed(0.60974, 0.31111, 0.01947),
        b"gXYZ": b"XYZ \0\0\0\0" + _fixed(0.20528, 0.62567, 0.06087),
        b"bXYZ": b"XYZ \0\0\0\0" + _fixed(0.14919, 0.06322, 0.74457),
        **{
            curve: b"curv\0\0\0\0" + struct.pack(">IH", 1, round(256 * 563 / 256))
            for curve in (b"rTRC", b"gTRC", b"bTRC")
        },
    },
)


def adobe_to_srgb(rgb):
    """Adobe RGB (1998), section 4.3.4; CIE 15:2004; IEC 61966-2-1."""
    light = (rgb / 255) ** (563 / 256)
    xyz = light @ np.array(
        [[0.57667, 0.29734, 0.02703], [0.18556, 0.62736, 0.07069], [0.18823, 0.07529, 0.99134]]
    )
    linear = xyz @ np.linalg.inv(
        [
            [0.4124564, 0.2126729, 0.0193339],
            [0.3575761, 0.7151522, 0.119192],
            [0.1804375, 0.072175, 0.9503041],
        ]
    )
    return linear_to_srgb(np.clip(linear, 0, 1))


def linear_to_srgb(y):
    """IEC 61966-2-1, to 8-bit values."""
    return 255 * np.piecewise(
        y, [y > 0.0031308], [lambda y: 1.055 * y ** (1 / 2.4) - 0.055, lambda y: 12.92 * y]
    )


def lightness_to_srgb(lightness):
    """CIE 15:2004."""
    light = np.piecewise(
        lightness, [lightness > 8], [lambda t: ((t + 16) / 116) ** 3, lambda t: t / 903.3]
    )
    return linear_to_srgb(light)

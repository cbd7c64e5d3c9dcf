"""Image files of every kind, sound and awkward, with what is in them."""

import io
import struct
import zlib

import numpy as np
from PIL import ExifTags, Image, ImageCms

H, W = 48, 32
Y, X = np.mgrid[:H, :W]
RGB = np.stack([60 + 3 * Y, 90 + 4 * X, 180 - 2 * Y], axis=-1).astype(np.uint8)
GREY = (40 + 4 * Y + X // 2).astype(np.uint8)
LIGHT = Image.fromarray(np.greater(GREY, 128))
ALPHA = (255 - 5 * Y).astype(np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels, bits, colour, size=(W, H), more=b""):
    """A PNG of big-endian samples, for what Pillow cannot write, with `more` chunks before them."""
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, 0)) + more
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


def exif_of(main, gps=()):
    """A little-endian EXIF block of rows (tag, type, count, value of at most four bytes)."""

    def directory(rows):
        packed = (struct.pack("<HHI", *row[:3]) + row[3].ljust(4, b"\0") for row in rows)
        return struct.pack("<H", len(rows)) + b"".join(packed) + bytes(4)

    main = list(main)
    if gps:
        main.append((0x8825, 4, 1, struct.pack("<I", 8 + 2 + 12 * (len(main) + 1) + 4)))
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + directory(main) + directory(gps)


QUARTER_TURN = (0x0112, 3, 1, struct.pack("<H", 6))
BAD_UNIT = (0x0128, 4, 1, struct.pack("<I", 0x20000))  # too large for the type of the tag
BAD_PLACE = (5, 2, 2, b"0\0")  # a text, for a number
LINEAR = chunk(b"gAMA", struct.pack(">I", 100000))
POSTSCRIPT = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 64 64
1 0 0 setrgbcolor 0 0 64 64 rectfill showpage
%%EOF
"""


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


def palette():
    return Image.fromarray(RGB).quantize(64)


JPEG = {"quality": 98, "subsampling": 0}
INKED = Image.merge("CMYK", [*[Image.new("L", (W, H))] * 3, Image.fromarray(255 - GREY)])
FROM_L = lightness_to_srgb(GREY / 2.55)
NEUTRAL = Image.new("L", (W, H), 128)
RGBA = np.dstack([RGB, ALPHA])
FLIPPED = RGB[:, ::-1]
GIF_FRAMES = {"save_all": True, "append_images": [palette().rotate(90), palette().rotate(180)]}
WIDE = (257 * RGB.astype(np.uint16)).astype("<u2")
KEYED = (WIDE + 5).astype(">u2")  # high bytes of RGB, other low ones

# name, bytes, expected pixels, how far off 8-bit values may be, other expected attributes
READABLE = [
    ("plain.jpg", save(RGB, "JPEG", **JPEG), RGB, 4, {}),
    ("grey.jpg", save(GREY, "JPEG", **JPEG), GREY, 3, {}),
    ("cmyk.jpg", save(Image.fromarray(RGB).convert("CMYK"), "JPEG", **JPEG), RGB, 6, {}),
    ("ink.jpg", save(INKED, "JPEG", icc_profile=BLACK_INK, **JPEG),
     np.dstack([FROM_L] * 3), 4, {"icc": True}),
    ("swapped.jpg", save(RGB, "JPEG", icc_profile=SWAPPED, **JPEG), RGB[..., [1, 0, 2]], 6,
     {"icc": True}),
    ("linear.jpg", save(GREY, "JPEG", icc_profile=LINEAR_GREY, **JPEG),
     linear_to_srgb(GREY / 255), 6, {"icc": True}),
    ("grey_srgb.jpg", save(GREY, "JPEG", icc_profile=SRGB, **JPEG), GREY, 3, {"icc": True}),
    ("unfit.png", save(RGB, "PNG", icc_profile=LINEAR_GREY), RGB, 0, {"icc": True}),
    ("broken_profile.png", save(RGB, "PNG", icc_profile=SRGB[:500]), RGB, 0, {"icc": True}),
    ("phone.jpg", save(RGB, "MPO", save_all=True, append_images=[Image.fromarray(RGB)], **JPEG),
     RGB, 4, {"format": "JPEG", "frames": 1}),
    ("colour.png", save(RGB, "PNG"), RGB, 0, {}),
    ("alpha.png", save(RGBA, "PNG"), RGB, 0, {"alpha": ALPHA}),
    ("grey_alpha.png", save(np.dstack([GREY, ALPHA]), "PNG"), GREY, 0, {"alpha": ALPHA}),
    ("bilevel.png", save(LIGHT, "PNG"), np.asarray(LIGHT.convert("L")), 0, {}),
    ("key.png", save(GREY, "PNG", transparency=int(GREY[0, 0])), GREY, 0,
     {"alpha": 255 * np.not_equal(GREY, GREY[0, 0])}),
    ("palette.png", save(palette(), "PNG"), np.asarray(palette().convert("RGB")), 0, {}),
    ("palette_alpha.png", save(palette(), "PNG", transparency=bytes(range(64))),
     np.asarray(palette().convert("RGB")), 0, {"alpha": np.asarray(palette())}),
    ("grey16.png", save((257 * GREY.astype(np.uint16)), "PNG"), GREY, 0, {}),
    ("colour16.png", png(WIDE.astype(">u2"), 16, 2), RGB, 0, {}),
    ("key16.png", png(257 * GREY.astype(">u2"), 16, 0, more=chunk(b"tRNS", 2 * bytes(GREY[0, :1]))),
     GREY, 0, {"alpha": 255 * np.not_equal(GREY, GREY[0, 0])}),
    ("colour_key16.png", png(KEYED, 16, 2, more=chunk(b"tRNS", KEYED[0, 0].tobytes())),
     RGB, 0, {"alpha": 255 * (RGB[0, 0] != RGB).any(axis=-1)}),
    ("linear_light.png", png(GREY, 8, 0, more=LINEAR),
     linear_to_srgb(GREY / 255), 0.5, {}),
    ("usual_gamma.png", png(RGB, 8, 2, more=chunk(b"gAMA", struct.pack(">I", 45455))), RGB, 0, {}),
    ("srgb_over_gamma.png", png(RGB, 8, 2, more=chunk(b"sRGB", b"\0") + LINEAR), RGB, 0, {}),
    ("adobe.png", save(RGB, "PNG", icc_profile=ADOBE), adobe_to_srgb(RGB), 1, {"icc": True}),
    ("srgb.png", save(RGB, "PNG", icc_profile=SRGB), RGB, 0, {"icc": True}),
    ("alpha16.png", png(257 * RGBA.astype(">u2"), 16, 6), RGB, 0, {"alpha": ALPHA}),
    ("grey.tif", save(GREY, "TIFF", compression="tiff_lzw"), GREY, 0, {}),
    ("grey16.tif", tiff(257 * GREY.astype("<u2"), 1), GREY, 0, {}),
    ("white_is_0.tif", tiff(257 * (255 - GREY).astype("<u2"), 0), GREY, 0, {}),
    ("colour16.tif", tiff(WIDE, 2), RGB, 0, {}),
    ("float.tif", save(Image.fromarray((GREY / 255).astype(np.float32)), "TIFF"), GREY, 0, {}),
    ("integer_8.tif", tiff(GREY.astype("<i4"), 1, bits=32, sample_format=2), GREY, 0, {}),
    ("integer16_8.tif", tiff(GREY.astype("<u2"), 1), GREY, 0, {}),
    ("signed.tif", tiff(128 * GREY.astype("<i2"), 1, sample_format=2), GREY, 0, {}),
    ("integer.tif", tiff(257 * GREY.astype("<u4"), 1, bits=32), GREY, 0, {}),
    ("pages.tif", save(RGB, "TIFF", save_all=True, append_images=[Image.new("L", (9, 9))] * 2),
     RGB, 0, {"frames": 3}),
    ("lab.tif", save(Image.merge("LAB", [Image.fromarray(GREY), NEUTRAL, NEUTRAL]), "TIFF"),
     np.dstack([FROM_L] * 3), 2, {}),
    ("turned.tif", save(RGB, "TIFF", exif=exif(Orientation=6)), np.rot90(RGB, -1), 0, {}),
    ("colour.webp", save(RGBA, "WEBP", lossless=True), RGB, 0, {"alpha": ALPHA}),
    ("turned_grey.tif", save(GREY, "TIFF", exif=exif(Orientation=6)), np.rot90(GREY, -1), 0, {}),
    ("turned_grey16.tif", tiff(257 * GREY.astype("<u2"), 1, extra_tags=[(274, 3, 1, 8)]),
     np.rot90(GREY), 0, {}),
    ("bad_place.jpg", save(RGB, "JPEG", exif=exif_of([QUARTER_TURN], [BAD_PLACE]), **JPEG),
     np.rot90(RGB, -1), 4, {}),
    ("bad_unit.jpg", save(RGB, "JPEG", exif=exif_of([QUARTER_TURN, BAD_UNIT]), **JPEG),
     np.rot90(RGB, -1), 4, {}),
    ("colour.ppm", save(RGB, "PPM"), RGB, 0, {}),
    ("grey16.pgm", b"P5 32 48 65535\n" + bytes(257 * GREY.astype(">u2")), GREY, 0, {}),
    ("colour.bmp", save(RGB, "BMP"), RGB, 0, {}),
    ("colour.jp2", save(RGB, "JPEG2000"), RGB, 0, {}),
    ("moving.gif", save(palette(), "GIF", **GIF_FRAMES), np.asarray(palette().convert("RGB")), 0,
     {"frames": 3}),
    ("a_png.jpg", save(RGB, "PNG"), RGB, 0, {"format": "PNG"}),
    ("thin.png", save(RGB[:, :1], "PNG"), RGB[:, :1], 0, {}),
    ("one.png", save(RGB[:1, :1], "PNG"), RGB[:1, :1], 0, {}),
]  # fmt: skip

NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
SOUND = save(RGB, "JPEG", **JPEG)
UNREADABLE = [
    ("empty.jpg", b"", "empty, or no photograph"),
    ("text.png", b"these are words\n" * 9, "empty, or no photograph"),
    ("header.png", save(RGB, "PNG")[:60], "damaged or cut short"),
    ("half.jpg", SOUND[: len(SOUND) // 2], "damaged or cut short"),
    ("half.png", save(NOISE, "PNG")[:6000], "damaged or cut short"),
    ("half.tif", tiff(WIDE, 2)[:-200], "empty, or no photograph|damaged or cut short"),
    ("bomb.png", png(GREY, 8, 0, size=(10001, 10000)), "100 megapixels"),
    ("big_bomb.png", png(GREY, 8, 0, size=(100000, 100000)), "100 megapixels"),
    ("celsius.tif", save(Image.fromarray(GREY.astype(np.float32)), "TIFF"),
     "expected values from 0 to 1, they run from 40 to"),
    ("deep.tif", tiff(70000 + GREY.astype("<u4"), 1, bits=32), "expected values from 0 to 65535"),
    ("negative.tif", tiff(GREY.astype("<i2") - 100, 1, sample_format=2), "they run from -60"),
    ("camera.dng", tiff(GREY, 1, bits=8, extra_tags=[(50706, 1, 4, 1025)]), "only the preview"),
    ("camera.nef", tiff(GREY, 1, bits=8, extra_tags=[(254, 4, 1, 1), (330, 4, 1, 8)]),
     "a RAW file, of which only the preview"),
    ("postscript.jpg", POSTSCRIPT, "empty, or no photograph"),
    ("drawing.svg", b"<svg/>", "empty, or no photograph"),
]  # fmt: skip


def ids(cases):
    return [case[0] for case in cases]


def difference(one, other):
    assert one.shape == other.shape
    return np.abs(one.astype(float) - other).max()


def difference_alpha(found, expected):
    if found is None or expected is None:
        return 0 if found is expected else np.inf
    return difference(found, expected)

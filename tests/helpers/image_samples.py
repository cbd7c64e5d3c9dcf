"""Image files of every kind, sound and awkward, with what is in them."""

import struct

import numpy as np
from color_profiles import (
    ADOBE,
    BLACK_INK,
    LINEAR_GREY,
    SRGB,
    SWAPPED,
    adobe_to_srgb,
    lightness_to_srgb,
    linear_to_srgb,
)
from file_bytes import POSTSCRIPT, chunk, exif, exif_of, png, save, tiff
from PIL import Image

H, W = 48, 32
Y, X = np.mgrid[:H, :W]
RGB = np.stack([60 + 3 * Y, 90 + 4 * X, 180 - 2 * Y], axis=-1).astype(np.uint8)
GREY = (40 + 4 * Y + X // 2).astype(np.uint8)
LIGHT = Image.fromarray(np.greater(GREY, 128))
ALPHA = (255 - 5 * Y).astype(np.uint8)
QUARTER_TURN = (0x0112, 3, 1, struct.pack("<H", 6))
BAD_UNIT = (0x0128, 4, 1, struct.pack("<I", 0x20000))  # too large for the type of the tag
BAD_PLACE = (5, 2, 2, b"0\0")  # a text, for a number
LINEAR = chunk(b"gAMA", struct.pack(">I", 100000))


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
    ("half.tif", tiff(WIDE, 2)[:-200], "a TIFF that is damaged|damaged or cut short"),
    ("double.tif", tiff(GREY.astype("<f8"), 1, bits=64, sample_format=3), "a TIFF that is damaged"),
    ("big_endian.tif", b"MM\0*", "a TIFF that is damaged"),
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

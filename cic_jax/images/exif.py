"""EXIF: the orientation of a photograph, and the tags that a file made from it keeps."""

from typing import Any, NamedTuple

from PIL import ExifTags, Image

_TAGS = ExifTags.Base
UPRIGHT = {  # orientation -> what turns the stored picture upright (EXIF 2.32, tag 274)
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
QUARTER_TURNS = (5, 6, 7, 8)  # orientations that exchange height and width
# Tags that describe the photograph. The others describe how its pixels were stored.
DESCRIPTIVE = (
    *(_TAGS.ImageDescription, _TAGS.Make, _TAGS.Model, _TAGS.Software, _TAGS.DateTime),
    *(_TAGS.Artist, _TAGS.Copyright, _TAGS.HostComputer, _TAGS.Rating, _TAGS.RatingPercent),
    *(_TAGS.XResolution, _TAGS.YResolution, _TAGS.ResolutionUnit),
    *(_TAGS.XPTitle, _TAGS.XPComment, _TAGS.XPAuthor, _TAGS.XPKeywords, _TAGS.XPSubject),
)
STALE = (_TAGS.ExifImageWidth, _TAGS.ExifImageHeight, _TAGS.ExifInteroperabilityOffset)
MAX_BYTES = 65533  # the most that one segment of a JPEG holds


class Tag(NamedTuple):
    """One EXIF tag; `directory` is None in the main directory."""

    directory: int | None
    number: int
    value: Any


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 if it is missing or unreadable.

    No other tag is decoded: a damaged one does not cost the photograph its orientation.
    """
    try:
        value = image.getexif().get(_TAGS.Orientation, 1)
        return value if value in UPRIGHT else 1
    except Exception:  # Pillow raises almost anything on damaged EXIF
        return 1


def carried(image: Image.Image) -> bytes | None:
    """Encode the descriptive tags, without orientation and thumbnail; None if there are none.

    A tag that cannot be read or written is left out. If the tags exceed 64 kB, the largest
    (usually a maker's note) are left out, so that every format can hold the rest.
    """
    sized = [(_size(tag), tag) for tag in _descriptive(image)]
    chosen, total = [], 0
    for size, tag in sorted(sized, key=lambda pair: pair[0]):
        total += size
        if size and total <= MAX_BYTES:
            chosen.append(tag)
    return _encode(chosen) if chosen else None


def _descriptive(image: Image.Image) -> list[Tag]:
    try:
        block = image.getexif()
    except Exception:
        return []
    main = [Tag(None, number, block[number]) for number in DESCRIPTIVE if number in block]
    shot = {k: v for k, v in _directory(block, ExifTags.IFD.Exif).items() if k not in STALE}
    if _TAGS.ColorSpace in shot:
        shot[_TAGS.ColorSpace] = 1  # sRGB
    place = _directory(block, ExifTags.IFD.GPSInfo)
    return [
        *main,
        *(Tag(ExifTags.IFD.Exif, number, value) for number, value in shot.items()),
        *(Tag(ExifTags.IFD.GPSInfo, number, value) for number, value in place.items()),
    ]


def _directory(block: Image.Exif, directory: int) -> dict[int, Any]:
    try:
        return block.get_ifd(directory)
    except Exception:  # a damaged directory costs that directory alone
        return {}


def _size(tag: Tag) -> int:
    """Return the bytes that a tag takes in a block of its own; 0 if it cannot be written."""
    try:
        return len(_encode([tag]))
    except Exception:  # Pillow raises almost anything on values that do not fit their type
        return 0


def _encode(tags: list[Tag]) -> bytes:
    block = Image.Exif()
    directories: dict[int, dict[int, Any]] = {}
    for tag in tags:
        if tag.directory is None:
            block[tag.number] = tag.value
        else:
            directories.setdefault(tag.directory, {})[tag.number] = tag.value
    for directory, values in directories.items():
        block[directory] = values
    return block.tobytes()

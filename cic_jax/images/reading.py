"""Reading of photograph files in the calling process: upright, in sRGB."""

import math
from dataclasses import replace
from pathlib import Path

from PIL import Image

from cic_jax.images.decode import Photo, decode, decode_rgb
from cic_jax.images.source import Source, frames, open_image, require_few_scans, without_warnings


def identify(source: Source) -> str:
    """Return the format of a file, a key of `limits.SUFFIXES`. Raises PhotoError."""
    with without_warnings(), open_image(source) as image:
        return _format(image)


def read(source: Source) -> Photo:
    """Read the first picture of a file. Raises PhotoError."""
    with without_warnings(), open_image(source) as image:
        require_few_scans(image)
        count = frames(image)
        photo = replace(decode(image), format=_format(image), frames=count)
    path = Path(source) if isinstance(source, str | Path) else None
    return replace(photo, path=path)


def read_rgb(source: Source, short_side: int = 0) -> Image.Image:
    """Read a photograph as opaque RGB pixels, at a lower resolution if `short_side` allows.

    Raises PhotoError. Changes no state of the process, so that threads may call it.
    """
    with open_image(source) as image:
        require_few_scans(image)
        if short_side:
            scale = 2 * short_side / min(image.size)
            width, height = (math.ceil(scale * side) for side in image.size)
            image.draft(None, (width, height))
        rgb = decode_rgb(image)
    rgb.info.clear()  # the profile, above all, no longer holds
    return rgb


def _format(image: Image.Image) -> str:
    return "JPEG" if image.format == "MPO" else str(image.format)

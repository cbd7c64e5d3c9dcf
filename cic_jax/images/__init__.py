"""Reading photograph files, in the same way for training and for colouring, and writing them.

Every file is opened by `open_image`, with one list of formats. `read` returns a `Photo`, which
includes the metadata that a file made from it keeps; `read_rgb` returns opaque RGB pixels, as
training needs them. Both decode with the same code. Needs Pillow and NumPy alone.
"""

from cic_jax.images.decode import Photo, PhotoError, decode
from cic_jax.images.exif import orientation
from cic_jax.images.file import (
    MAX_PIXELS,
    SUFFIXES,
    Source,
    encode,
    identify,
    is_same_file,
    open_image,
    output_name,
    read,
    read_rgb,
    write,
)
from cic_jax.images.folder import files_below

__all__ = [
    "MAX_PIXELS",
    "SUFFIXES",
    "Photo",
    "PhotoError",
    "Source",
    "decode",
    "encode",
    "files_below",
    "identify",
    "is_same_file",
    "open_image",
    "orientation",
    "output_name",
    "read",
    "read_rgb",
    "write",
]

"""Reading photograph files, in the same way for training and for colouring, and writing them.

Every file is opened by `open_image`, with the formats and the bounds of `limits`. `read` returns a
`Photo`, which includes the metadata that a file made from it keeps; `read_rgb` returns opaque RGB
pixels, as training needs them. Both decode with the same code: that in `reading`, called here for
plain photographs, in a process of its own (`worker`, `child`) for others. Needs Pillow and NumPy
alone.
"""

from cic_jax.images.decode import Photo, PhotoError, decode
from cic_jax.images.exif import orientation
from cic_jax.images.file import identify, read, read_rgb
from cic_jax.images.folder import files_below
from cic_jax.images.limits import MAX_BYTES, MAX_PIXELS, SUFFIXES
from cic_jax.images.output import WRITTEN, encode, is_same_file, output_name, write, written
from cic_jax.images.source import Source, open_image, open_stream
from cic_jax.images.worker import encode as encode_isolated
from cic_jax.images.worker import end_workers

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "SUFFIXES",
    "WRITTEN",
    "Photo",
    "PhotoError",
    "Source",
    "decode",
    "encode",
    "encode_isolated",
    "end_workers",
    "files_below",
    "identify",
    "is_same_file",
    "open_image",
    "open_stream",
    "orientation",
    "output_name",
    "read",
    "read_rgb",
    "write",
    "written",
]

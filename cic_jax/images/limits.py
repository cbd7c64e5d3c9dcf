"""The formats of photographs that are read, and the bounds within which each is read.

The one list for the command, the page and training. A photograph beyond a bound is refused in one
line, whatever it takes: what could take long or much memory is decoded in a process of its own.
"""

# The formats that are read, by Pillow's names, with their suffixes; the first is given to new
# files. No other decoder of Pillow ever sees a file, whatever its name: that of EPS would run it.
# HEIF is read by pillow-heif, which is loaded in the decoding process alone.
SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jfif"),
    "PNG": (".png",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "JPEG2000": (".jp2", ".jpx"),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}

MAX_PIXELS = 100_000_000
MAX_SIDE = 1_000_000  # pixels
MAX_BYTES = 2**30  # of a file; 100 megapixels of RGBA take 800 MB at 16 bits
MAX_PAGES = 10_000  # pages of a TIFF, frames of an animation
MAX_SCANS = 100  # of a JPEG, each of which passes over all of its pixels; usual are 1 to 12

# A decoder reads a file in parts: blocks, chunks, segments, directories. Each costs time, however
# short it is. The parts of an honest file hold 128 bytes or more on the average (a GIF's).
MAX_READS, BYTES_PER_READ = 5_000, 32  # MAX_READS, and one more for every BYTES_PER_READ
MAX_REREADS = 8  # how often, on the average, a decoder may read each byte

# Bounds of the process in which a photograph is decoded.
CPU_SECONDS = 30
SECONDS = 90  # while other work takes the processor
MEMORY = 5 * 2**30  # bytes of its address space; 100 megapixels of JPEG 2000 take 4 GB

# Photographs within these are decoded in the calling process, where that takes little.
PLAIN_PIXELS = 2**25
PLAIN_BYTES = 2**25
PLAIN_PARTS = 4096  # segments of a JPEG before its pixels, chunks of a PNG
PLAIN_METADATA = 2**17  # bytes of EXIF

"""Photographs that are plainly cheap to decode, by the headers of their files."""

import os

from cic_jax.images import limits
from cic_jax.images.source import Source, Stream, described, open_stream, size_of

HEAD = 2**19  # bytes of a JPEG that are searched for its pixels' beginning
JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
# Markers of JPEG (ITU-T T.81, table B.1)
STANDALONE = (0x01, *range(0xD0, 0xD9))
FRAMES = tuple(marker for marker in range(0xC0, 0xD0) if marker not in (0xC4, 0xC8, 0xCC))
SCAN, APP1 = 0xDA, 0xE1


def is_plain(source: Source) -> bool:
    """Return whether a file is a JPEG or PNG that takes little time and memory, whoever made it.

    Decoders of other formats take work that the size of a file does not bound. Raises PhotoError
    for a file that cannot be opened.
    """
    with described(source), open_stream(source) as stream:
        if size_of(stream) > limits.PLAIN_BYTES:
            return False
        head = stream.read(HEAD)
        if head.startswith(JPEG):
            return _is_plain_jpeg(head)
        return head.startswith(PNG) and _is_plain_png(stream)


def _is_plain_jpeg(content: bytes) -> bool:
    at, metadata, pixels = 2, 0, None
    for _ in range(limits.PLAIN_PARTS):
        prefix, marker = content[at : at + 1], content[at + 1 : at + 2]
        if prefix != b"\xff" or not marker or marker == b"\xff":
            return False
        if marker[0] in STANDALONE:
            at += 2
            continue
        if marker[0] == SCAN:
            return pixels is not None and pixels <= limits.PLAIN_PIXELS
        if marker[0] in FRAMES:
            height, width = (_number(content, at + offset, 2) for offset in (5, 7))
            pixels = height * width
        length = _number(content, at + 2, 2)
        metadata += length * (marker[0] == APP1)
        if metadata > limits.PLAIN_METADATA:
            return False
        at += 2 + length
    return False


def _is_plain_png(stream: Stream) -> bool:
    stream.seek(len(PNG))
    pixels = 0
    for _ in range(limits.PLAIN_PARTS):
        start = stream.read(16)
        if not start:
            return pixels <= limits.PLAIN_PIXELS
        length, kind = _number(start, 0, 4), start[4:8]
        if kind == b"IHDR":
            pixels = max(pixels, _number(start, 8, 4) * _number(start, 12, 4))
        if kind == b"eXIf" and length > limits.PLAIN_METADATA:
            return False
        stream.seek(length + 12 - len(start), os.SEEK_CUR)
    return False


def _number(content: bytes, at: int, size: int) -> int:
    return int.from_bytes(content[at : at + size], "big")

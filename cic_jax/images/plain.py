"""Photographs that are plainly cheap to decode, by the headers of their files."""

from cic_jax.images import limits
from cic_jax.images.source import Source, described, open_stream, size_of

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
        content = stream.read()
    if content.startswith(JPEG):
        return _is_plain_jpeg(content)
    return content.startswith(PNG) and _is_plain_png(content)


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


def _is_plain_png(content: bytes) -> bool:
    at = len(PNG)
    pixels = _number(content, at + 8, 4) * _number(content, at + 12, 4)
    for _ in range(limits.PLAIN_PARTS):
        if at >= len(content):
            return pixels <= limits.PLAIN_PIXELS
        length, kind = _number(content, at, 4), content[at + 4 : at + 8]
        if kind == b"eXIf" and length > limits.PLAIN_METADATA:
            return False
        at += 12 + length
    return False


def _number(content: bytes, at: int, size: int) -> int:
    return int.from_bytes(content[at : at + size], "big")

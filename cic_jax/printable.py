"""Text that shows on a terminal, rather than acting on it."""

import re

# Controls that a terminal obeys or that reorder a line, and halves of surrogate pairs, which stand
# for bytes of file names that are not UTF-8.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Escape characters that would act on a terminal; file names may contain them."""
    return UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)

"""Messages between a process and its decoder: a line of JSON and the blocks that it announces."""

import json
from collections.abc import Sequence
from typing import IO, Any

Block = bytes | bytearray | memoryview


def send(stream: IO[bytes], message: dict[str, Any], blocks: Sequence[Block | None] = ()) -> None:
    """Write a message and its blocks, of which some may be missing."""
    sizes = [None if block is None else memoryview(block).nbytes for block in blocks]
    stream.write(json.dumps(message | {"sizes": sizes}).encode() + b"\n")
    for block in blocks:
        if block is not None:
            stream.write(memoryview(block).cast("B"))
    stream.flush()


def receive(stream: IO[bytes]) -> dict[str, Any]:
    """Read a message, with 'sizes' of the blocks that follow; EOFError at the end of the stream."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return json.loads(line)


def take(stream: IO[bytes], size: int) -> bytearray:
    """Read a block into memory of its own; EOFError if it does not come whole."""
    block = bytearray(size)
    view = memoryview(block)
    got = 0
    while got < size:
        count = stream.readinto(view[got:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        got += count
    return block

"""One share of an archive, coloured in one process: what is missing and no more."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cic_jax.archive import manifest, stores
from cic_jax.archive.photographs import Photograph, Share
from cic_jax.archive.worker import Worker

CHECKS = 16  # files looked at at a time, for object stores answer slowly
CHUNK = 10_000  # of them in one go


def agree(folder: Path, worker: Worker, share: Share) -> None:
    """See that an archive was begun with the worker's model and settings and as many shares.

    Begins one in an empty folder. Raises ArchiveError and OSError.
    """
    common = {"model": worker.model, **worker.settings._asdict(), "shares": share.total}
    manifest.agree(folder, common, worker.out.is_empty(but=manifest.NAME))


def missing(
    photographs: Iterable[Photograph], recorded: manifest.Manifest, out: stores.Folder
) -> Iterator[tuple[Photograph, str | None]]:
    """Yield each photograph with the place of its result, None if it is to be coloured.

    It is if its last line in the manifest does not say that it was, if its result is gone or of
    another size, or if the photograph has changed. What failed is tried again. Settings play no
    part: they are those of the whole archive.
    """
    last = {x["file"]: x for x in recorded.read()}
    coloured = {file: x for file, x in last.items() if x.get("status") == "coloured"}

    def result(photograph: Photograph) -> str | None:
        record = coloured.get(photograph.name)
        is_done = record is not None and _is_done(photograph, record, out)
        return record["result"] if record is not None and is_done else None

    every = iter(photographs)
    with ThreadPoolExecutor(CHECKS) as threads:
        while chunk := list(itertools.islice(every, CHUNK)):
            yield from zip(chunk, threads.map(result, chunk), strict=True)


def colorize(
    photographs: Iterable[Photograph], worker: Worker, recorded: manifest.Manifest, batch: int
) -> Iterator[dict[str, Any]]:
    """Colour photographs in batches; yield their records, which are in the manifest by then.

    While a batch is computed the next one is read. Raises OSError if the manifest cannot be
    written.
    """
    every = iter(photographs)
    try:
        begun = worker.begin(list(itertools.islice(every, batch)))
        while begun:
            upcoming = worker.begin(list(itertools.islice(every, batch)))
            records = worker.finish(begun)
            recorded.append(records)
            yield from records
            begun = upcoming
    finally:
        worker.end()


def _is_done(photograph: Photograph, record: dict[str, Any], out: stores.Folder) -> bool:
    """Return whether a record still holds for a photograph and its result."""
    try:
        if out.size(record["result"]) != record["result_bytes"]:
            return False
        if stores.stamp(photograph.name) == record["stamp"]:
            return True
        # Touched, or copied anew, a file may have the same content.
        content = stores.read(photograph.name)
        return hashlib.sha256(content).hexdigest() == record["sha256"]
    except (OSError, ValueError, KeyError):
        return False  # the worker says what is wrong with it

"""Search of a folder for files that are named like photographs."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from cic_jax.images.limits import SUFFIXES

# Suffixes of photographs in formats that are not read, or not always. They count as photographs
# that failed, rather than being left out in silence.
UNREAD = (
    *(".jxl", ".jpe", ".mpo", ".j2k", ".psd"),
    # cameras' RAW files
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".kdc", ".mrw", ".nef"),
    *(".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
)


def files_below(
    folder: Path,
    skip: Path | None = None,
    on_error: Callable[[OSError], object] | None = None,
) -> Iterator[Path]:
    """Yield the files below a folder that are named like photographs, read or not, in fixed order.

    Hidden files and folders are left out, as is the folder `skip`. Linked folders are followed,
    unless they lead back into `folder` or to a folder that another link has led to. A link that
    leads nowhere is yielded, whatever its name. `on_error` gets the errors of unreadable folders.
    """
    suffixes = (*itertools.chain(*SUFFIXES.values()), *UNREAD)
    root = os.path.realpath(folder)  # `Path.resolve` fails for links in a circle
    closed = set() if skip is None else {os.path.realpath(skip)}

    def is_open(child: Path) -> bool:
        target = os.path.realpath(child)
        if child.name.startswith(".") or target in closed:
            return False
        if child.is_symlink():
            closed.add(target)
            return not Path(target).is_relative_to(root)
        return True

    for parent, folders, files in os.walk(folder, onerror=on_error, followlinks=True):
        folders[:] = [name for name in sorted(folders) if is_open(Path(parent, name))]
        for name in sorted(files):
            path = Path(parent, name)
            leads_nowhere = path.is_symlink() and not path.exists()
            if not name.startswith(".") and (name.lower().endswith(suffixes) or leads_nowhere):
                yield path

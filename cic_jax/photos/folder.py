"""A plain folder of photographs, with its subfolders."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import tensorflow_datasets as tfds

from cic_jax import images
from cic_jax.photos import builder, census
from cic_jax.photos.photographs import Photographs


@dataclasses.dataclass(eq=False)
class FolderConfig(tfds.core.BuilderConfig):
    """A config named by the folder's fingerprint, so that a folder that changed is read anew."""


class PhotoFolder(builder.PhotographBuilder):
    """Every photograph below a folder; 'name' is its path there, 'label' its subfolder's."""

    VERSION = tfds.core.Version(census.VERSION)
    MANUAL_DOWNLOAD_INSTRUCTIONS = "It holds photographs, in subfolders too."

    def files(self, root: Path) -> list[Path]:
        """List the files that are named like photographs, by path."""
        return photographs_below(root)

    def candidates(self, root: Path) -> Iterator[census.Candidate]:
        """Yield every photograph in the folder, by path."""
        for path in self.files(root):
            inside = path.relative_to(root)
            label = inside.parent.as_posix() if inside.parent.name else ""
            name = builder.text(inside.as_posix())
            yield census.Candidate(name, builder.text(label), _content(path))


def photographs_below(root: Path) -> list[Path]:
    """List the files below `root` that `images.files_below` takes for photographs, by path.

    A folder that cannot be read is listed too, and counts as a broken photograph.
    """
    unreadable: list[Path] = []
    found = list(images.files_below(root, on_error=lambda e: unreadable.append(Path(e.filename))))
    return sorted(found + unreadable)


def _content(path: Path) -> bytes:
    """Return a file's content; none of what is too large, no file, or cannot be read: broken."""
    try:
        with images.open_stream(path) as stream:
            content = stream.read(images.MAX_BYTES + 1)
    except (OSError, images.PhotoError):
        return b""
    return content if len(content) <= images.MAX_BYTES else b""


def open_folder(path: str, data_dir: Path) -> dict[str, Photographs]:
    """Open the splits of the photographs below `path`; FileNotFoundError if it is no folder."""
    root = Path(path).expanduser()
    if not path or not root.is_dir():
        raise FileNotFoundError(f"data.path must be a folder of photographs; it is {path!r}")
    name = builder.fingerprint(photographs_below(root), root, times=True)
    config = FolderConfig(name=name)
    return builder.splits(builder.prepare(PhotoFolder, config, data_dir, root))

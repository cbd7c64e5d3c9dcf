"""A plain folder of photographs, searched with its subfolders."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import tensorflow_datasets as tfds
from PIL import Image

from cic_jax.photos import builder, census
from cic_jax.photos.photographs import Photographs


@dataclasses.dataclass(eq=False)
class FolderConfig(tfds.core.BuilderConfig):
    """Named by the folder's fingerprint, so that a folder that changed is read anew."""


class PhotoFolder(builder.PhotographBuilder):
    """Every photograph below a folder; 'name' is its path there, 'label' its subfolder's."""

    VERSION = tfds.core.Version(census.VERSION)
    MANUAL_DOWNLOAD_INSTRUCTIONS = "It holds photographs, in subfolders too."

    def files(self, root: Path) -> list[Path]:
        """All files that bear the name of a picture format, by path."""
        return photographs_below(root)

    def candidates(self, root: Path) -> Iterator[census.Candidate]:
        """Each of them."""
        for path in self.files(root):
            inside = path.relative_to(root)
            label = inside.parent.as_posix() if inside.parent.name else ""
            yield census.Candidate(inside.as_posix(), label, path.read_bytes())


def photographs_below(root: Path) -> list[Path]:
    """The files below `root` with an extension that Pillow can open, by path."""
    Image.init()
    readable = {suffix for suffix, kind in Image.EXTENSION.items() if kind in Image.OPEN}
    files = (path for path in root.rglob("*") if path.suffix.lower() in readable)
    return sorted(path for path in files if path.is_file())


def open_folder(path: str, data_dir: Path) -> dict[str, Photographs]:
    """The splits of the photographs below `path`; FileNotFoundError where it is no folder."""
    root = Path(path).expanduser()
    if not path or not root.is_dir():
        raise FileNotFoundError(f"data.path must be a folder of photographs; it is {path!r}")
    name = builder.fingerprint(photographs_below(root), root, times=True)
    config = FolderConfig(name=name)
    return builder.splits(builder.prepare(PhotoFolder, config, data_dir, root))

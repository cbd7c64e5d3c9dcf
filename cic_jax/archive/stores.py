"""Files of the system and of object stores: read and written whole, and found below a folder.

A name with :// is a URL, which fsspec opens (the extra `remote`); any other is a path.
"""

import contextlib
import os
import posixpath
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cic_jax import images

EXTRA = "pip install '.[remote]', and what fsspec needs for it, such as s3fs or gcsfs"


def is_url(name: str) -> bool:
    """Return whether a name is a URL rather than a path."""
    return "://" in name


def require(name: str) -> None:
    """Raise OSError with one line if a URL is of a store that nothing installed can open."""
    if not is_url(name):
        return
    protocol = name.partition("://")[0]
    try:
        import fsspec

        fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise OSError(f"{protocol}:// cannot be opened: {reason} ({EXTRA})") from error


def read(name: str) -> bytes:
    """Return a file's content. Raises OSError, or PhotoError for one too large or no file."""
    if not is_url(name):
        with images.open_stream(name) as stream:
            return _bounded(stream.read(images.MAX_BYTES + 1))
    fs, path = _open(name)
    with _told(name), fs.open(path, "rb") as file:
        return _bounded(file.read(images.MAX_BYTES + 1))


def stamp(name: str) -> str:
    """Return a text that changes when a file does, without reading it. Raises OSError."""
    if not is_url(name):
        about = os.stat(name)
        return f"{about.st_size} {about.st_mtime_ns}"
    fs, path = _open(name)
    with _told(name):
        return str(fs.ukey(path))


def below(url: str, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the URLs of files with these suffixes below one, each with its path below it.

    A URL of a file yields that file alone. Raises OSError.
    """
    fs, root = _open(url)
    with _told(url):
        if fs.isfile(root):
            yield fs.unstrip_protocol(root), posixpath.basename(root)
            return
        paths = fs.find(root)
    for path in paths:
        place = posixpath.relpath(path, root)
        hidden = any(part.startswith(".") for part in place.split("/"))
        if path.lower().endswith(suffixes) and not hidden:
            yield fs.unstrip_protocol(path), place


class Folder:
    """The folder of the results, of the system or of an object store."""

    def __init__(self, name: str) -> None:
        """Open it; it need not exist. Raises OSError for a store that cannot be opened."""
        self.name = name
        self._fs: Any = None
        self._root = name
        if is_url(name):
            self._fs, self._root = _open(name)

    def path(self, place: str) -> str:
        """Return the path or URL of a file in it."""
        return f"{self.name.rstrip('/')}/{place}"

    def is_empty(self, but: str) -> bool:
        """Return whether it has no files but one, or does not exist. Raises OSError."""
        if self._fs is None:
            return not os.path.lexists(self._root) or not set(os.listdir(self._root)) - {but}
        with _told(self.name):
            return not self._fs.exists(self._root) or not self._fs.ls(self._root)

    def size(self, place: str) -> int | None:
        """Return the bytes of a file in it, None if there is none. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            if self._fs is None:
                return os.stat(self.path(place)).st_size
            with _told(self.path(place)):
                return int(self._fs.info(posixpath.join(self._root, place))["size"])
        return None

    def write(self, place: str, content: bytes) -> None:
        """Write a file: it appears whole or not at all. Raises OSError."""
        if self._fs is None:
            _write(Path(self._root, place), content)
            return
        target = posixpath.join(self._root, place)
        # Object stores take a file whole; in others it is moved to its place.
        part = posixpath.join(posixpath.dirname(target), f".{uuid.uuid4().hex}.part")
        with _told(self.path(place)):
            self._fs.makedirs(posixpath.dirname(target), exist_ok=True)
            if "file" not in self._fs.protocol:
                self._fs.pipe_file(target, content)
                return
            self._fs.pipe_file(part, content)
            self._fs.mv(part, target)

    def holds(self, name: str) -> bool:
        """Return whether a photograph is in this folder, among the results."""
        if self._fs is None and not is_url(name):
            return Path(os.path.realpath(name)).is_relative_to(os.path.realpath(self.name))
        if self._fs is None or not is_url(name):
            return False
        fs, path = _open(name)
        return type(fs) is type(self._fs) and path.startswith(f"{self._root.rstrip('/')}/")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _bounded(content: bytes) -> bytes:
    if len(content) > images.MAX_BYTES:
        raise images.PhotoError(f"expected at most {images.MAX_BYTES // 2**30} GiB")
    return content


def _open(url: str) -> tuple[Any, str]:
    """Return the file system of a URL and the path in it. Raises OSError."""
    require(url)
    import fsspec

    with _told(url):
        return fsspec.core.url_to_fs(url)


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """Turn whatever a store's library raises into an OSError of one line."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # each library has errors of its own
        line = (str(error).splitlines() or [""])[0]
        raise OSError(f"{name}: {type(error).__name__}: {line}") from error

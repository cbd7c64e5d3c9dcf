"""ONNX Runtime Web: files of its npm package, pinned, fetched once and kept."""

import hashlib
import io
import os
import tarfile
import urllib.error
import urllib.request
import uuid
from pathlib import Path

VERSION = "1.30.0"
ARCHIVE = f"onnxruntime-web-{VERSION}.tgz"
ARCHIVE_SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
FILES = {  # SHA-256 of those that a browser needs, by name
    "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
    "ort.webgpu.min.mjs": "3dffff71811bc13a3a3d9591c57ca5ee5735b8f5f3eaf789510b02bb040ae3a0",
    "ort-wasm-simd-threaded.mjs": (
        "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b"
    ),
    "ort-wasm-simd-threaded.wasm": (
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2"
    ),
    "ort-wasm-simd-threaded.asyncify.mjs": (
        "3d1c85995364bb643302fc6fd877a0c3ba5ae72401815e0f24828a53d9191e28"
    ),
    "ort-wasm-simd-threaded.asyncify.wasm": (
        "39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da"
    ),
}
REGISTRY = "https://registry.npmjs.org"
VARIABLES = ("npm_config_registry", "NPM_CONFIG_REGISTRY")  # npm's own names for another registry
KEPT = f"~/.cache/cic_jax/onnxruntime-web-{VERSION}"
LARGEST = 64 * 2**20  # bytes of an archive
SECONDS = 60.0  # without a byte, after which a registry is given up


class FetchError(RuntimeError):
    """Files that cannot be had, or are not those that are pinned."""


def registry() -> str:
    """Return the registry that npm would ask: the environment's, or the public one."""
    return next((os.environ[name] for name in VARIABLES if os.environ.get(name)), REGISTRY)


def kept(folder: str | Path = KEPT) -> dict[str, bytes] | None:
    """Return the pinned files by name, if a folder has them all as they are pinned; else None."""
    folder = Path(folder).expanduser()
    files = {}
    for name, digest in FILES.items():
        try:
            files[name] = (folder / name).read_bytes()
        except FileNotFoundError:
            return None
        if hashlib.sha256(files[name]).hexdigest() != digest:
            return None
    return files


def fetch(address: str, folder: str | Path = KEPT) -> dict[str, bytes]:
    """Fetch the pinned files from an npm registry, keep them in a folder and return them by name.

    Raises FetchError if the registry does not answer, or with another archive; OSError if the files
    cannot be kept.
    """
    url = f"{address.rstrip('/')}/onnxruntime-web/-/{ARCHIVE}"
    archive = _download(url)
    if (digest := hashlib.sha256(archive).hexdigest()) != ARCHIVE_SHA256:
        raise FetchError(
            f"{url}: expected the SHA-256 {ARCHIVE_SHA256}, got {digest}: the file is not the one "
            "that this version was tested with"
        )
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for name in FILES:
            member = tar.extractfile(f"package/dist/{name}")
            assert member is not None  # the archive is known
            files[name] = member.read()
    folder = Path(folder).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        part = folder / f".{uuid.uuid4().hex}.part"
        part.write_bytes(content)
        part.replace(folder / name)
    return files


def _download(url: str) -> bytes:
    if not url.startswith(("https://", "http://")):
        raise FetchError(f"expected a registry https://..., got {url}")
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            content = answer.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # no network, no such file, no address at all
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # the answer's connection; else it stays open as long as the error
        reason = getattr(error, "reason", None) or error
        raise FetchError(
            f"ONNX Runtime Web {VERSION} could not be fetched from {url}: {reason}; "
            "once fetched it is kept, and no network is needed"
        ) from error
    if len(content) > LARGEST:
        raise FetchError(f"{url}: expected at most {LARGEST} bytes")
    return content

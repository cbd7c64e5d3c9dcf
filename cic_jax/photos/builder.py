"""The base of every TFDS builder of photographs: examine, split by content, store as JPEG.

TensorFlow is never needed: records are written as array_record and read as a data source.
"""

import abc
import contextlib
import fcntl
import hashlib
import io
import json
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds
from absl import logging

from cic_jax import images
from cic_jax.photos import census
from cic_jax.photos.photographs import Photographs
from cic_jax.photos.split import SPLITS

REPORT = "report.json"
LOCK = ".lock"  # in a data_dir: held by the process that prepares photographs there


class PhotographBuilder(
    tfds.core.GeneratorBasedBuilder,
    skip_registration=True,  # type: ignore[call-arg]  # TFDS is untyped
):
    """A builder whose splits train, validation and test depend on each photograph's content."""

    @abc.abstractmethod
    def files(self, root: Path) -> list[Path]:
        """List the files under `root` that hold the photographs; an error if one is missing."""

    @abc.abstractmethod
    def candidates(self, root: Path) -> Iterator[census.Candidate]:
        """Yield the photographs in them, usable or not, in the same order at every call."""

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg"),
            "name": tfds.features.Text(),
            "label": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        root = Path(dl_manager.manual_dir)
        where = f"{self.name}/{self.builder_config.name} in {root}"
        result = census.take(self.candidates(root), where)
        report = result.report | {"fingerprint": fingerprint(self.files(root), root, times=False)}
        (Path(self.data_dir) / REPORT).write_text(json.dumps(report, indent=2))
        # TFDS refuses a split without examples.
        return {
            split: self._generate_examples(root, frozenset(positions))
            for split, positions in result.splits.items()
            if positions
        }

    def _generate_examples(
        self, root: Path, positions: frozenset[int]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for position, (name, label, encoded) in enumerate(self.candidates(root)):
            if position in positions:
                image = io.BytesIO(as_jpeg(encoded))
                yield position, {"image": image, "name": name, "label": label}


def as_jpeg(encoded: bytes) -> bytes:
    """Return an ordinary JPEG unchanged, anything else as an upright sRGB JPEG of quality 95.

    A JPEG is ordinary if it is RGB and upright, and if Pillow has nothing to warn of.
    """
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always")
        if encoded.startswith(b"\xff\xd8"):
            with images.open_image(encoded) as image:
                ordinary = image.format == "JPEG" and image.mode == "RGB"
                if ordinary and images.orientation(image) == 1 and not complaints:
                    return encoded
        stream = io.BytesIO()
        images.read_rgb(encoded).save(stream, "JPEG", quality=95, subsampling=0)
        return stream.getvalue()


def text(name: str) -> str:
    """Return a file's name as text that can be stored, with escapes for what is not UTF-8."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def prepare(
    builder_class: type[tfds.core.GeneratorBasedBuilder],
    config: str | tfds.core.BuilderConfig,
    data_dir: Path,
    manual_dir: Path | None = None,
) -> tfds.core.GeneratorBasedBuilder:
    """Return the builder, with its data below `data_dir`; make missing data from `manual_dir`.

    Of several processes one makes them, and the others wait.
    """

    def create() -> tfds.core.GeneratorBasedBuilder:
        return builder_class(data_dir=data_dir, config=config, file_format="array_record")

    with quiet():
        builder = create()
        if builder.is_prepared():
            return builder
        needed = builder.MANUAL_DOWNLOAD_INSTRUCTIONS
        filled = manual_dir and manual_dir.is_dir() and any(manual_dir.iterdir())
        if needed and not filled:
            raise FileNotFoundError(
                "data.path must be a folder that exists and is not empty; it is "
                f"'{manual_dir or ''}'. {needed}"
            )
        with one_at_a_time(data_dir):
            builder = create()  # another process may have prepared it meanwhile
            _clear_unfinished(Path(builder.data_dir))
            builder.download_and_prepare(
                download_config=tfds.download.DownloadConfig(
                    manual_dir=manual_dir, try_download_gcs=False
                )
            )
    return builder


@contextlib.contextmanager
def one_at_a_time(data_dir: Path) -> Iterator[None]:
    """Let one process at a time prepare photographs below `data_dir`; the others wait.

    Raises ValueError that names the file which the system refuses to read or write.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with (data_dir / LOCK).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # the system lets go of it when the process ends
            yield
    except OSError as error:
        if error.strerror is None:
            raise
        raise ValueError(
            f"the photographs cannot be prepared in data.data_dir={data_dir}: "
            f"{error.filename or data_dir}: {error.strerror.lower()}: mend that, or name another"
        ) from error


def _clear_unfinished(folder: Path) -> None:
    """Remove what killed processes have left of a preparation into `folder`."""
    for left in folder.parent.glob(f"{tfds.core.constants.INCOMPLETE_PREFIX}*_{folder.name}"):
        shutil.rmtree(left)


def splits(builder: tfds.core.GeneratorBasedBuilder) -> dict[str, Photographs]:
    """Open the three splits of a prepared builder; images stay encoded."""
    path = Path(builder.data_dir) / REPORT
    report = json.loads(path.read_text()) if path.exists() else {}
    if report:
        logging.info("%s", census.summary(report))
    decoders = {"image": tfds.decode.SkipDecoding()}
    return {
        split: Photographs(
            split,
            builder.as_data_source(split, decoders=decoders)
            if split in builder.info.splits
            else (),
            report,
        )
        for split in SPLITS
    }


def fingerprint(files: Iterable[Path], root: Path, *, times: bool) -> str:
    """Digest the files' paths below `root`, their sizes and, if asked, their times of change.

    A link that leads nowhere counts by itself.
    """
    digest = hashlib.blake2b(digest_size=6)
    for file in files:
        status = file.stat() if file.exists() else file.lstat()
        changed = status.st_mtime_ns if times else None
        digest.update(repr((file.relative_to(root).as_posix(), status.st_size, changed)).encode())
    return digest.hexdigest()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence TFDS on stdout and in absl's log; outside terminals, its progress bars too."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(verbosity)
        tfds.enable_progress_bar()

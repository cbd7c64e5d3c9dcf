"""What is fuzzed: for each target, its inputs and a function that raises only what it promises."""

import contextlib
import io
import json
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

import image_samples
import numpy as np
import options
import steps
from hypothesis import strategies as st
from photo_files import encode, picture

from cic_jax import images, model, weights
from cic_jax.cli import main
from cic_jax.description import checked as checked_description
from cic_jax.images import PhotoError, plain, reading
from cic_jax.web import parameters

SECONDS = 5.0  # of the processor, for any input


class Target(NamedTuple):
    """Inputs, and what is done with each."""

    inputs: st.SearchStrategy
    check: Callable[[Any], object]
    samples: tuple[bytes, ...] = ()  # where it takes files: some of them, whole


def edited(sample: bytes, edits: list[tuple[str, float, bytes]]) -> bytes:
    """Overwrite, insert, cut or repeat bytes of a sample, at shares of its length."""
    content = bytearray(sample)
    for kind, share, new in edits:
        at = int(share * len(content))
        if kind == "overwrite":
            content[at : at + len(new)] = new
        elif kind == "insert":
            content[at:at] = new
        elif kind == "cut":
            del content[at : at + 1 + 16 * len(new)]
        elif kind == "end":
            del content[at:]
        else:
            content[at:at] = content[at : at + 64] * (1 + 8 * len(new))
    return bytes(content)


def harmed(content: bytes, harm: bytes | list[tuple[str, float, bytes]]) -> bytes:
    """Edit a file, or put other bytes in its place."""
    return harm if isinstance(harm, bytes) else edited(content, harm)


KINDS = st.sampled_from(["overwrite", "overwrite", "insert", "cut", "repeat", "end"])
EXTREMES = st.sampled_from([b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\x80"])
EDIT = st.tuples(KINDS, st.floats(0, 1), st.binary(max_size=8) | EXTREMES)


def files(samples: list[bytes], check: Callable[[bytes], object]) -> Target:
    """A reader of files: its inputs are samples with some edits."""
    inputs = st.builds(edited, st.sampled_from(samples), st.lists(EDIT, max_size=6))
    return Target(inputs, check, tuple(samples))


def read_photograph(content):
    with contextlib.suppress(PhotoError):
        plain.is_plain(content)
        photo = reading.read(content)
        assert photo.rgb.shape[0] * photo.rgb.shape[1] <= images.MAX_PIXELS
        assert photo.exif is None or len(photo.exif) <= 2**16
    with contextlib.suppress(PhotoError):
        reading.read_rgb(content, 32)


def read_tar(content):
    from cic_jax.photos import imagenet

    with TemporaryDirectory() as folder:
        (Path(folder) / "n02691156.tar").write_bytes(content)
        source = imagenet.ImagenetVehicles.__new__(imagenet.ImagenetVehicles)
        source._builder_config = imagenet.VehicleConfig(name="a", synsets=("n02691156",))
        with contextlib.suppress(ValueError):
            members = list(source.candidates(Path(folder)))
            assert sum(len(member.encoded) for member in members) <= 2 * len(content)


def read_weights(suffix):
    def read(content):
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"a{suffix}"
            path.write_bytes(content)
            with contextlib.suppress(weights.WeightsError):
                for value in weights.read(path).values():
                    assert value.nbytes <= len(content)

    return read


def check_description(description):
    with contextlib.suppress(ValueError):
        checked = checked_description(json.loads(json.dumps(description)))
        model.palette(checked)


def check_name(text):
    name = parameters.file_name(text)
    assert name
    assert not set("/\\\0\n") & set(name)
    assert Path(name).name == name
    images.output_name(Path(name), "GIF")


def parse(arguments):
    silent = io.StringIO()
    streams = contextlib.redirect_stderr(silent), contextlib.redirect_stdout(silent)
    with streams[0], streams[1], contextlib.suppress(SystemExit):
        main._parse(arguments)
    assert "\x1b" not in silent.getvalue()


def tar_of(names):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            content = encode(picture(0, (16, 12)))
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


def torch_file():
    torch = __import__("torch")
    file = io.BytesIO()
    torch.save({"a.weight": torch.ones(3, 3), "a.bias": torch.ones(3)}, file)
    return file.getvalue()


def safetensors_file():
    from safetensors.numpy import save

    return save({"a1": np.ones((3, 3), np.float32), "b": np.ones(2, np.float16)})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KEYS = st.sampled_from([*model.describe("simplified"), "palette_centers"])
FLAGS = st.sampled_from(
    ["colorize", "serve", "info", "convert", "--out=o", "--temperature", "--size", "--candidates"]
)
PHOTOGRAPHS = [content for _, content, *_ in image_samples.READABLE]

TARGETS: dict[str, Callable[[], Target]] = {
    "photographs": lambda: files(PHOTOGRAPHS, read_photograph),
    "tars": lambda: files([tar_of(["a.JPEG", "b" * 150])], read_tar),
    "torch": lambda: files([torch_file()], read_weights(".pth")),
    "safetensors": lambda: files([safetensors_file()], read_weights(".safetensors")),
    "descriptions": lambda: Target(
        st.builds(
            lambda changes: model.describe("simplified", centers=None) | changes,
            st.dictionaries(KEYS, VALUES, max_size=3),
        )
        | VALUES,
        check_description,
    ),
    "configs": lambda: Target(
        st.lists(st.one_of(options.CHANGES), min_size=1, max_size=3).map(dict), options.check
    ),
    "checkpoints": lambda: Target(
        st.tuples(
            st.integers(0, 50),
            st.lists(EDIT, min_size=1, max_size=4) | st.binary(max_size=40),
        ),
        lambda harm: steps.restore(harm[0], lambda content: harmed(content, harm[1])),
    ),
    "names": lambda: Target(st.text(max_size=300), check_name),
    "flags": lambda: Target(
        st.lists(FLAGS | st.text(max_size=6) | st.floats().map(str), max_size=6), parse
    ),
}
PACKAGES = {"torch": "torch", "safetensors": "safetensors"}  # what a target needs


def timed(check: Callable[[Any], object]) -> Callable[[Any], None]:
    """Check an input, and that it takes no longer than any may."""

    def run(value: Any) -> None:
        start = time.process_time()
        check(value)
        assert time.process_time() < start + SECONDS

    return run

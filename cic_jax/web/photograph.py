"""Pictures and numbers for the page, computed from a colorizer and a photograph in memory."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from cic_jax import bins, images
from cic_jax.colorize import Colorizer, Hint
from cic_jax.colorize.prediction import Prediction
from cic_jax.read_out import CELL, lightness, render

PREVIEW = 1024  # the most pixels of a shown picture's long side
FULL = 8192  # the most pixels of the long side of a picture that is zoomed into
PREVIEW_QUALITY = 90  # of JPEG
SIZES = (256, 384, 512)  # short sides, in pixels, at which the network may look
CANDIDATES = 4  # colourings of one photograph


class ReadOut(NamedTuple):
    """The settings by which a colouring is read out of a prediction."""

    temperature: float = bins.TEMPERATURE
    tau: float | None = None  # None is the model's own
    saturation: float = 1.0
    candidate: int = 0  # below CANDIDATES; 0 is the ordinary colouring
    hints: tuple[Hint, ...] = ()
    unify: float | None = None  # how much each thing gets one colour; None is the model's own


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph that the page works on: its file as it came, and a reduced prediction."""

    name: str
    file: bytes
    prediction: Prediction  # its pixels are reduced to PREVIEW
    about: dict[str, Any]  # JSON for the page
    hinted: dict[Any, Prediction] = field(default_factory=dict)  # the latest alone

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes."""
        arrays = (part for part in self.prediction if isinstance(part, np.ndarray))
        hinted = self.prediction.output.nbytes  # room for the prediction with hints, too
        return len(self.file) + sum(array.nbytes for array in arrays) + hinted


class File(NamedTuple):
    """Name and kind of a file to save."""

    name: str
    media_type: str


def sizes(colorizer: Colorizer) -> list[int]:
    """Return the short sides at which a colorizer may look, its own among them."""
    return sorted({*SIZES, colorizer.size})


def predict(colorizer: Colorizer, name: str, file: bytes, size: int | None = None) -> Photograph:
    """Read a file and run the network on it, once for all read-outs. Raises PhotoError.

    `size` is the short side, in pixels, at which the network looks; None is the colorizer's own.
    """
    photo = _read(name, file)
    prediction = colorizer.predict(photo.rgb, size=size).reduced(PREVIEW)
    h, w = photo.rgb.shape[:2]
    about = {
        "name": name,
        "width": w,
        "height": h,
        "format": photo.format,
        "written": images.written(photo.format),
        "frames": photo.frames,
        "coloured": _is_coloured(prediction.pixels),
    }
    return Photograph(name, file, prediction, about)


def render_preview(
    colorizer: Colorizer, photograph: Photograph, read_out: ReadOut, longest: int = PREVIEW
) -> bytes:
    """Render a colouring as a JPEG with a long side of at most `longest` pixels.

    Saturation 0 gives the photograph in grey.
    """
    prediction = _predicted(colorizer, photograph, read_out)
    return _jpeg(_render(colorizer, prediction.reduced(longest), read_out))


def render_full(
    colorizer: Colorizer, photograph: Photograph, read_out: ReadOut, file: SpooledTemporaryFile
) -> File:
    """Render a colouring as a JPEG to look at closely, with a long side of at most `FULL` pixels.

    It is written to `file`. Saturation 0 gives the photograph in grey.
    """
    photo = _read(photograph.name, photograph.file)
    prediction = _predicted(colorizer, photograph, read_out)
    shown = prediction._replace(pixels=photo.rgb).reduced(FULL)
    file.write(_jpeg(_render(colorizer, shown, read_out)))
    return File("full.jpg", "image/jpeg")


def render_file(
    colorizer: Colorizer, photograph: Photograph, read_out: ReadOut, file: SpooledTemporaryFile
) -> File:
    """Render a colouring at the photograph's own size, in its own format if that holds colour.

    It is written to `file`. Raises PhotoError if it cannot be encoded.
    """
    photo = _read(photograph.name, photograph.file)
    prediction = _predicted(colorizer, photograph, read_out)
    rgb = _render(colorizer, prediction._replace(pixels=photo.rgb), read_out)
    images.encode_isolated(file, rgb, photo)
    name = images.output_name(Path(photograph.name), photo.format)
    media_type = Image.MIME[Image.registered_extensions()[name.suffix.lower()]]
    return File(f"{name.stem}-colour{name.suffix}", media_type)


def describe_pixel(
    colorizer: Colorizer, photograph: Photograph, x: float, y: float, read_out: ReadOut
) -> dict[str, Any]:
    """Describe the prediction at a point of a photograph, as JSON.

    'bins' has a row per bin: a, b, probability, and its colour at the pixel's lightness; 'read_out'
    is the annealed mean of the chosen candidate. Raises ValueError for a model that predicts ab
    itself.

    Args:
        colorizer: The one that made the prediction.
        photograph: The photograph with its prediction.
        x: From 0 at the left edge to 1 at the right.
        y: From 0 at the top to 1 at the bottom.
        read_out: All settings but the saturation, which plays no part.
    """
    target = colorizer.model.target
    if target.centers is None:
        raise ValueError("this model predicts the colour itself: it has no distribution to show")
    prediction = _predicted(colorizer, photograph, read_out)
    row, column = (_at(p, n) // CELL for p, n in zip((y, x), prediction.size, strict=True))
    logits = jnp.asarray(prediction.output[row, column])
    chosen = _chosen(colorizer, prediction, read_out.candidate)
    ab = colorizer.cells(chosen, read_out.temperature, read_out.tau)
    read = ab[row, column].tolist()
    pixels = prediction.pixels
    row, column = (_at(p, n) for p, n in zip((y, x), pixels.shape[:2], strict=True))
    L = lightness(pixels[row : row + 1, column : column + 1])
    at_lightness = jnp.broadcast_to(L, (1, len(target.centers), 1))
    colours = np.asarray(render(at_lightness, jnp.asarray(target.centers)[None]))[0]
    rows = zip(target.centers, bins.distribution(logits), colours, strict=True)
    return {
        "lightness": float(L[0, 0, 0]),
        "read_out": read,
        "bins": [[float(a), float(b), float(p), _hex(rgb)] for (a, b), p, rgb in rows],
    }


def _predicted(colorizer: Colorizer, photograph: Photograph, read_out: ReadOut) -> Prediction:
    """Return the prediction with hints and things unified as asked; the latest one is kept."""
    unify = colorizer.unify if read_out.unify is None else read_out.unify
    if not read_out.hints and unify == colorizer.unify:
        return photograph.prediction
    key = (read_out.hints, unify)
    if key not in photograph.hinted:
        prediction = colorizer.hinted(photograph.prediction, read_out.hints, unify=unify)
        photograph.hinted.clear()
        photograph.hinted[key] = prediction
    return photograph.hinted[key]


def _render(
    colorizer: Colorizer, prediction: Prediction, read_out: ReadOut
) -> UInt8[np.ndarray, "h w 3"]:
    chosen = _chosen(colorizer, prediction, read_out.candidate)
    return colorizer.render(chosen, read_out.temperature, read_out.saturation, read_out.tau)


def _chosen(colorizer: Colorizer, prediction: Prediction, candidate: int) -> Prediction:
    if candidate == 0:
        return prediction
    return colorizer.alternatives(prediction, CANDIDATES)[candidate]


def _read(name: str, file: bytes) -> images.Photo:
    try:
        return images.read(file, isolated=True)
    except images.PhotoError as error:
        raise images.PhotoError(f"{name}: {str(error).removeprefix('the stream: ')}") from error


def _at(fraction: float, length: int) -> int:
    """Return the index of the pixel at a fraction of a length."""
    return min(int(fraction * length), length - 1)


def _is_coloured(pixels: UInt8[np.ndarray, "h w *c"]) -> bool:
    return pixels.ndim == 3 and bool(np.any(np.ptp(pixels, axis=-1) > 16))


def _jpeg(rgb: UInt8[np.ndarray, "h w 3"]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=PREVIEW_QUALITY)
    return file.getvalue()


def _hex(rgb: UInt8[np.ndarray, "3"]) -> str:
    return "#" + rgb.tobytes().hex()

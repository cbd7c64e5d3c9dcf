"""Colour a photograph by the model.onnx beside this file: NumPy, Pillow and ONNX Runtime suffice.

    python colorize.py photo.jpg coloured.png
    python colorize.py photo.jpg coloured.png --hint=340,210,darkred --vividness=0.5

`cic-jax export` wrote both files. `cic-jax colorize` gives the same colours, confines hints to what
they lie on, keeps transparency and metadata, and reads colour profiles and further formats.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageColor, ImageOps

MODEL = Path(__file__).with_name("model.onnx")
LONGEST = 16  # the model sees a long side of at most so many times the short one
ROWS = 256  # that are coloured at a time, to spare memory
STEPS = 10  # of bisection, by which colours are brought into sRGB
SLACK = 1e-4  # of linear light, by which a colour may lie outside
HINTS = ("hint_place", "hint_ab", "hint_given", "palette")
Hint = tuple[float, float, tuple[int, ...]]  # y and x as shares of the sides, and the colour's RGB

# CIELAB under D65, as scikit-image has it
XYZ_FROM_RGB = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
D65 = np.array([0.95047, 1.0, 1.08883])
RGB_FROM_XYZ = (np.linalg.inv(XYZ_FROM_RGB) * D65).astype(np.float32)
EPSILON, SLOPE, OFFSET = 0.008856, 7.787, 16 / 116


def main() -> None:
    """Read the arguments, colour the photograph and write the result; each slip is one line."""
    parser = argparse.ArgumentParser(description="Colour a photograph; its lightness is kept.")
    parser.add_argument("photo")
    parser.add_argument("out", type=Path, help="file of the result; its suffix tells the format")
    parser.add_argument("--temperature", type=float, help="0 is vivid, 1 cautious")
    parser.add_argument("--vividness", type=float, dest="tau", help="0 to 1, favours rare colours")
    parser.add_argument("--saturation", type=float, help="factor of the colour")
    parser.add_argument("--size", type=int, default=256, help="short side that the model sees")
    help_hint = "X,Y,COLOUR in pixels or percent, such as 120,80,#a03020 or 50%%,25%%,darkred"
    parser.add_argument("--hint", action="append", default=[], help=help_hint)
    options = parser.parse_args()
    try:
        colour(options)
    except (OSError, ValueError) as error:  # of a file or folder, or of what stands in a flag
        raise SystemExit(f"{parser.prog}: {error}") from None


def colour(options: argparse.Namespace) -> None:
    """Colour the photograph and write the result. Raises OSError or ValueError."""
    if Image.registered_extensions().get(options.out.suffix.lower()) not in Image.SAVE:
        raise ValueError(f"expected a result such as photo.png or photo.jpg, got {options.out}")
    if options.out.exists() and options.out.samefile(options.photo):
        raise ValueError(f"{options.out} is the photograph itself, which is not replaced")
    for name in ("temperature", "tau", "saturation"):
        if not np.isfinite(getattr(options, name) or 0):
            raise ValueError(f"expected finite numbers, got {getattr(options, name)}")
    if options.size < 1:
        raise ValueError(f"--size: expected pixels, 1 or more, got {options.size}")
    if not MODEL.is_file():
        raise ValueError(f"{MODEL} is missing, which was exported with this script")
    photo = read(options.photo)
    hints = [parse(text, photo.size) for text in options.hint]
    try:
        session = onnxruntime.InferenceSession(MODEL, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has no class of its own for them
        raise ValueError(f"{MODEL} cannot be read: export it again") from error
    own = json.loads(session.get_modelmeta().custom_metadata_map["defaults"])
    given = {name: getattr(options, name) for name in own if getattr(options, name) is not None}
    ab, scale = predict(session, photo, own | given, hints, options.size)
    Image.fromarray(paint(np.asarray(photo), ab, scale)).save(options.out)


def read(path: str) -> Image.Image:
    """Read a photograph as 8-bit RGB, the right way up. Raises OSError or ValueError."""
    with Image.open(path) as file:
        photo = ImageOps.exif_transpose(file)
    if photo.mode == "I" or photo.mode.startswith("I;16"):  # 16 bits, which Pillow would clip
        values = np.asarray(photo)
        photo = Image.fromarray((values >> 8 * (values.max() > 255)).clip(0, 255).astype(np.uint8))
    return photo.convert("RGB")


def parse(text: str, size: tuple[int, int]) -> Hint:
    """Parse X,Y,COLOUR for a photograph of that width and height. Raises ValueError."""
    try:
        x, y, name = (part.strip() for part in text.split(",", 2))
        place = [
            float(part[:-1]) / 100 if part.endswith("%") else (float(part) + 0.5) / side
            for part, side in zip((x, y), size, strict=True)
        ]
        rgb = ImageColor.getrgb(name)[:3]
    except ValueError:
        form = "X,Y,COLOUR, such as 120,80,#a03020 or 50%,25%,darkred"
        raise ValueError(f"--hint: expected {form}; got {text}") from None
    if not all(0 <= share <= 1 for share in place):
        raise ValueError(f"--hint: {text} lies outside of the photograph of {size[0]} x {size[1]}")
    return place[1], place[0], rgb


def predict(
    session: onnxruntime.InferenceSession,
    photo: Image.Image,
    settings: dict[str, float],
    hints: list[Hint],
    size: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return ab 'i j 2' of a reduced photograph, and how many pixels a sample covers.

    Args:
        session: The model.
        photo: An RGB photograph.
        settings: Values of the read-out's inputs, by name.
        hints: Colours of places.
        size: Short side of the reduced photograph.
    """
    w, h = photo.size
    scale = min(size / min(h, w), LONGEST * size / max(h, w))
    i, j = max(1, round(h * scale)), max(1, round(w * scale))
    seen = np.asarray(photo.resize((j, i), Image.Resampling.BICUBIC))
    L = lightness(seen)
    feed = {"lightness": L[None, None]}
    saturation = float(session.get_modelmeta().custom_metadata_map["saturation"])
    inputs = {x.name: x.shape for x in session.get_inputs()}
    feed |= {name: np.array(settings[name], np.float32) for name in settings if name in inputs}
    if hints and HINTS[0] not in inputs:
        raise ValueError("this model takes no hints")
    if HINTS[0] in inputs:
        place, asked, *others = arrange(hints, L, inputs[HINTS[-1]][1])
        told = asked / (saturation or 1)  # by which the model multiplies all colours in the end
        feed |= dict(zip(HINTS, (place, told, *others), strict=True))
    (ab,) = session.run(["ab"], feed)
    return ab[0].transpose(1, 2, 0), np.array([h / i, w / j], np.float32)


def arrange(hints: list[Hint], L: np.ndarray, bins: int) -> list[np.ndarray]:
    """Lay out hints for the model: place, ab, which are given, and a palette that says nothing.

    L is the lightness 'i j' of the reduced photograph, and the palette has `bins` shares.
    """
    room = max(1, len(hints))
    place, ab = np.zeros((1, room, 2), np.float32), np.zeros((1, room, 2), np.float32)
    for k, (y, x, rgb) in enumerate(hints):
        row, column = np.minimum(np.array([y, x]) * L.shape, np.array(L.shape) - 1).astype(int)
        place[0, k] = y, x
        ab[0, k] = fit(L[row, column][None], lab(np.array(rgb, np.uint8))[None, 1:])[0]
    given = (np.arange(room) < len(hints)).astype(np.float32)[None]
    return [place, ab, given, np.zeros((1, bins), np.float32)]


def paint(rgb: np.ndarray, ab: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Colour a photograph 'h w 3', some rows at a time; a sample of ab covers `scale` pixels."""
    h, w = rgb.shape[:2]
    result = np.empty((h, w, 3), np.uint8)
    for top in range(0, h, ROWS):
        rows = np.arange(top, min(top + ROWS, h))
        near = interpolate(ab, rows, scale[0])
        near = interpolate(near.swapaxes(0, 1), np.arange(w), scale[1]).swapaxes(0, 1)
        L = lightness(rgb[rows])
        light = linear(L, fit(L, near))
        result[rows] = np.round(255 * delinearise(light)).astype(np.uint8)
    return result


def interpolate(x: np.ndarray, pixels: np.ndarray, scale: float) -> np.ndarray:
    """Interpolate along the first axis between the middles of samples `scale` pixels wide."""
    place = np.clip((pixels + 0.5) / scale - 0.5, 0, len(x) - 1).astype(np.float32)
    before = place.astype(int)
    after = np.minimum(before + 1, len(x) - 1)
    share = (place - before)[:, None, None]
    return x[before] + share * (x[after] - x[before])


def lightness(rgb: np.ndarray) -> np.ndarray:
    """Return L in [0, 100] of 8-bit values '... 3'."""
    return lab(rgb)[..., 0]


def lab(rgb: np.ndarray) -> np.ndarray:
    """Convert 8-bit sRGB '... 3' to CIELAB."""
    level = np.arange(256) / 255
    table = np.where(level > 0.04045, ((level + 0.055) / 1.055) ** 2.4, level / 12.92)
    xyz = table.astype(np.float32)[rgb] @ (XYZ_FROM_RGB / D65[:, None]).T.astype(np.float32)
    f = np.where(xyz > EPSILON, np.cbrt(xyz), SLOPE * xyz + OFFSET)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def linear(L: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Convert L '...' and ab '... 2' to linear light, within [0, 1] where sRGB shows it."""
    y = (L + 16) / 116
    f = np.stack([y + ab[..., 0] / 500, y, y - ab[..., 1] / 200], axis=-1)
    return np.where(f > EPSILON ** (1 / 3), f**3, (f - OFFSET) / SLOPE) @ RGB_FROM_XYZ.T


def delinearise(light: np.ndarray) -> np.ndarray:
    """Convert linear light to sRGB in [0, 1]."""
    light = np.clip(light, 0, 1)
    return np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)


def fit(L: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Reduce the chroma of ab '... 2', as little as sRGB needs to show it at that lightness."""

    def is_shown(L: np.ndarray, ab: np.ndarray) -> np.ndarray:
        return np.all(np.abs(linear(L, ab) - 0.5) <= 0.5 + SLACK, axis=-1)

    ab, outside = ab.copy(), ~is_shown(L, ab)
    dark, vivid = L[outside], ab[outside]
    factor = np.zeros_like(dark)
    for step in range(1, STEPS + 1):
        larger = factor + np.float32(0.5**step)
        factor = np.where(is_shown(dark, larger[:, None] * vivid), larger, factor)
    ab[outside] = factor[:, None] * vivid
    return ab


if __name__ == "__main__":
    main()

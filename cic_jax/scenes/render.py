"""Rasteriser: from a placed mesh to a layer of the photograph, and its shadow."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw, ImageFilter

from cic_jax.scenes import paint
from cic_jax.scenes.camera import Camera
from cic_jax.scenes.light import Light, shade
from cic_jax.scenes.material import LAB, LAMPS, Material
from cic_jax.scenes.mesh import Mesh

SUPERSAMPLING = 3  # drawn pixels per pixel and axis


class Coat(NamedTuple):
    """Paint of one vehicle: lightness under even light, and ab."""

    lightness: float
    ab: Float[np.ndarray, "2"]


class Layer(NamedTuple):
    """A rectangle of the photograph at (top, left).

    `cover` is the share of each pixel that the mesh covers, by which `lab` is premultiplied;
    `painted` is the share that shows paint.
    """

    top: int
    left: int
    lab: Float[np.ndarray, "h w 3"]
    cover: Float[np.ndarray, "h w"]
    painted: Float[np.ndarray, "h w"]

    def slices(self) -> tuple[slice, slice]:
        """Return the rectangle's rows and columns in the photograph."""
        height, width = self.cover.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def rasterize(mesh: Mesh, camera: Camera, light: Light, coat: Coat) -> Layer | None:
    """Draw a mesh's visible faces from far to near; None if none is in the photograph."""
    centroids = mesh.corners.mean(axis=1)
    to_eye = np.array([0.0, 0.0, camera.height]) - centroids
    distance = np.linalg.norm(to_eye, axis=1)
    seen = np.flatnonzero(np.einsum("nd,nd->n", to_eye, mesh.normals) > 0)
    seen = seen[np.argsort(mesh.lift[seen] - distance[seen], kind="stable")]
    pixels = camera.project(mesh.corners[seen])
    window = _window(pixels, camera.size)
    if window is None:
        return None
    material = mesh.material[seen]
    lab = _surface_lab(material, mesh.normals[seen], light, coat.lightness)
    return _draw(pixels, lab, material == Material.PAINT, window, coat.ab)


def _window(pixels: Float[np.ndarray, "n 4 2"], size: int) -> tuple[int, int, int, int] | None:
    """Return left, top, right, bottom of the part in the photograph, or None."""
    if not len(pixels):
        return None
    low = np.clip(np.floor(pixels.min(axis=(0, 1))) - 1, 0, size).astype(int)
    high = np.clip(np.ceil(pixels.max(axis=(0, 1))) + 1, 0, size).astype(int)
    if (high - low).min() < 2:
        return None
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _surface_lab(
    material: np.ndarray, normals: Float[np.ndarray, "n 3"], light: Light, lightness: float
) -> Float[np.ndarray, "n 3"]:
    """Return the colour of each face under the light; paint has its lightness, but no ab yet."""
    shading = shade(normals, light)
    lab = LAB[material].copy()
    lamp = np.isin(material, LAMPS)
    dim = light.weather.ground**0.7
    matt = lab[:, 0] * (0.5 + 0.56 * shading) * dim
    # A sail lets the light through.
    matt = np.where(material == Material.CANVAS, lab[:, 0] * (0.8 + 0.2 * shading) * dim, matt)
    lab[:, 2] += np.where(lamp | (material == Material.PAINT), 0, 0.6 * light.weather.warmth)
    # Glass mirrors more of the sky the further it faces up.
    sky = light.weather.horizon[0] * np.clip(0.14 + 0.38 * normals[:, 2], 0.0, 0.45)
    painted = np.clip(lightness + 34 * (shading - 0.55), *paint.LIGHTNESS)
    lab[:, 0] = np.where(lamp, lab[:, 0], matt)
    lab[:, 0] = np.where(material == Material.GLASS, LAB[Material.GLASS, 0] * 0.6 + sky, lab[:, 0])
    lab[:, 0] = np.where(material == Material.PAINT, painted, lab[:, 0])
    return lab


def _draw(
    pixels: Float[np.ndarray, "n 4 2"],
    lab: Float[np.ndarray, "n 3"],
    is_paint: np.ndarray,
    window: tuple[int, int, int, int],
    ab: Float[np.ndarray, "2"],
) -> Layer:
    """Draw faces in the order given.

    Args:
        pixels: Corners as (column, row).
        lab: Colour of each face.
        is_paint: Whether each face takes the paint's ab.
        window: Left, top, right, bottom of the layer in the photograph.
        ab: Colour of the paint.
    """
    left, top, right, bottom = window
    size = ((right - left) * SUPERSAMPLING, (bottom - top) * SUPERSAMPLING)
    color, painted = Image.new("RGBA", size), Image.new("L", size)
    draw_color, draw_painted = ImageDraw.Draw(color), ImageDraw.Draw(painted)
    outlines = ((pixels - [left, top]) * SUPERSAMPLING).reshape(-1, 8).tolist()
    inks = np.clip(np.rint(lab * [2.55, 1, 1] + [0, 128, 128]), 0, 255).astype(int).tolist()
    for outline, ink, is_coat in zip(outlines, inks, is_paint.tolist(), strict=True):
        draw_color.polygon(outline, fill=(*ink, 255))
        draw_painted.polygon(outline, fill=255 * is_coat)
    # A box filter averages over each pixel, which antialiases and premultiplies by coverage.
    mean = np.asarray(_reduce(color), np.float32)
    share = np.asarray(painted.reduce(SUPERSAMPLING), np.float32) / 255
    cover = mean[..., 3] / 255
    out = np.empty((*cover.shape, 3), np.float32)
    out[..., 0] = _smooth(mean[..., 0] / 2.55, share)
    out[..., 1:] = mean[..., 1:3] - 128 * cover[..., None] + share[..., None] * ab
    return Layer(top, left, out, cover, share)


def _reduce(image: Image.Image) -> Image.Image:
    # Pillow weights RGBA by alpha when it reduces; CMYK's four channels are averaged alone.
    raw = Image.frombuffer("CMYK", image.size, image.tobytes(), "raw", "CMYK", 0, 1)
    return raw.reduce(SUPERSAMPLING)


def _smooth(
    lightness: Float[np.ndarray, "h w"], painted: Float[np.ndarray, "h w"]
) -> Float[np.ndarray, "h w"]:
    """Smooth flat faces: each painted pixel takes the mean lightness of the paint around it."""
    whole = painted > 0.999
    total, count = _box(lightness * whole), _box(whole.astype(np.float32))
    return np.where(whole, total / np.maximum(count, 1e-6), lightness)


def _box(values: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """Average over 3 x 3 pixels; outside the border counts as 0."""
    padded = np.pad(values, 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9


def shadow(
    mesh: Mesh, camera: Camera, toward: Float[np.ndarray, "3"], blur: float
) -> Float[np.ndarray, "h w"]:
    """Return the share of light from `toward` that the mesh keeps off the ground, per pixel.

    Only the ground's pixels have a meaning; `blur` is the radius of the penumbra in pixels.
    """
    facing = mesh.corners[mesh.normals @ toward > 0]
    reach = facing[..., 2:] / max(float(toward[2]), 0.2)  # a longer shadow leaves the photograph
    ground = facing - reach * np.asarray(toward)
    ground[..., 2] = 0
    image = Image.new("L", (camera.size, camera.size))
    draw = ImageDraw.Draw(image)
    for outline in camera.project(ground).reshape(-1, 8).tolist():
        draw.polygon(outline, fill=255)
    return np.asarray(image.filter(ImageFilter.BoxBlur(blur)), np.float32) / 255

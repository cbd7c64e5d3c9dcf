"""Skin: the colours of faces, by how light they are.

Faces are found in the true photographs by a cascade of local binary patterns (Ahonen et al., 2004;
the one of scikit-image). Skin is the middle of a face. Among the true ones hue and chroma hardly
vary, so that a colouring's can be judged without knowing the person.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8
from skimage import data, feature

from cic_jax import lab

CLASSES = {"dark": (0.0, 45.0), "medium": (45.0, 65.0), "light": (65.0, 100.0)}  # by mean L
MIDDLE = 0.4  # of a face's box, its sides
SIDES = (48, 224)  # of boxes, in pixels
CENTRAL = (5, 95)  # percentiles of the true hues and chromas within which one is believable
LEAST_CHROMA = 4.0  # of a true photograph's skin; less is toned or grey


class Skin(NamedTuple):
    """Mean colour of the skin of faces."""

    lab: Float[np.ndarray, "faces 3"]

    @property
    def hue(self) -> Float[np.ndarray, " faces"]:
        """Hue in degrees, from -180 to 180; skin is near 50."""
        return np.degrees(np.arctan2(self.lab[:, 2], self.lab[:, 1]))

    @property
    def chroma(self) -> Float[np.ndarray, " faces"]:
        """Distance from grey, in CIELAB units."""
        return np.hypot(self.lab[:, 1], self.lab[:, 2])


class Face(NamedTuple):
    """The place of skin: the photograph's row in the sample, and a slice of its pixels."""

    row: int
    skin: tuple[slice, slice]


def find(photos: UInt8[np.ndarray, "n h w 3"]) -> list[Face]:
    """Find the largest upright frontal face of each photograph, where there is one in colour."""
    cascade = feature.Cascade(data.lbp_frontal_face_cascade_filename())
    faces = []
    for row, photo in enumerate(photos):
        boxes = cascade.detect_multi_scale(
            photo, scale_factor=1.2, step_ratio=1.0, min_size=SIDES[:1] * 2, max_size=SIDES[1:] * 2
        )
        if boxes:
            box = max(boxes, key=lambda box: box["width"])
            face = Face(row, (_middle(box["r"], box["height"]), _middle(box["c"], box["width"])))
            if measure(photos, [face]).chroma[0] >= LEAST_CHROMA:
                faces.append(face)
    return faces


def _middle(start: int, side: int) -> slice:
    margin = round((1 - MIDDLE) / 2 * side)
    return slice(start + margin, start + side - margin)


def measure(photos: UInt8[np.ndarray, "n h w 3"], faces: list[Face]) -> Skin:
    """Measure the skin of faces in photographs: the true ones, or colourings of them."""
    colours = [
        np.mean(lab.from_uint8(jnp.asarray(photos[face.row][face.skin])), axis=(0, 1))
        for face in faces
    ]
    return Skin(np.reshape(np.asarray(colours, np.float32), (-1, 3)))


def assess(
    truth: UInt8[np.ndarray, "n h w 3"], pictures: Mapping[str, UInt8[np.ndarray, "n h w 3"]]
) -> dict[str, Any]:
    """Summarise for JSON the skin in colourings of photographs, by class of lightness.

    `believable` is the share of faces whose hue and chroma lie within the central 90 % of the true
    ones of their class; by definition it is about 0.8 to 0.9 for the truth itself.
    """
    faces = find(truth)
    true = measure(truth, faces)
    summary: dict[str, Any] = {}
    for name, photos in {"truth": truth, **pictures}.items():
        skin = measure(photos, faces)
        summary[name] = {
            kind: _summary(*(Skin(x.lab[rows]) for x in (skin, true)))
            for kind, (low, high) in CLASSES.items()
            if len(rows := np.flatnonzero((true.lab[:, 0] >= low) & (true.lab[:, 0] < high)))
        }
    return summary


def _summary(skin: Skin, true: Skin) -> dict[str, Any]:
    within = [
        (values >= np.percentile(wanted, CENTRAL[0]))
        & (values <= np.percentile(wanted, CENTRAL[1]))
        for values, wanted in ((skin.hue, true.hue), (skin.chroma, true.chroma))
    ]
    return {
        "faces": len(true.lab),
        "hue": float(np.median(skin.hue)),
        "chroma": float(np.mean(skin.chroma)),
        "distance": float(np.mean(np.linalg.norm(skin.lab[:, 1:] - true.lab[:, 1:], axis=-1))),
        "believable": float(np.mean(within[0] & within[1])),
    }

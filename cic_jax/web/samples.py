"""Photographs to try the page with, from scikit-image, in grey."""

import functools
import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image
from skimage import data


class Sample(NamedTuple):
    """A photograph that scikit-image brings."""

    title: str
    credit: str
    load: Callable[[], np.ndarray]


SAMPLES = {
    "motorcycle": Sample(
        "Motorcycle", "Middlebury 2014", lambda: np.asarray(data.stereo_motorcycle()[0])
    ),
    "rocket": Sample("Rocket", "SpaceX", data.rocket),
    "coffee": Sample("Coffee", "Rachel Michetti", data.coffee),
    "cat": Sample("Cat", "Stefan van der Walt", data.chelsea),
    "camera": Sample("Camera", "Lav Varshney", data.camera),
}


@functools.cache
def jpeg(name: str) -> bytes:
    """Encode a sample, a key of `SAMPLES`, as a grey JPEG."""
    file = io.BytesIO()
    Image.fromarray(SAMPLES[name].load()).convert("L").save(file, "JPEG", quality=92)
    return file.getvalue()

"""What each stage of colouring a photograph costs one core."""

import io
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil

from cic_jax import images
from cic_jax.colorize import Colorizer

STAGES = ("reading", "network", "segmentation", "colours at full size", "writing")


def measure(files: Sequence[Path], checkpoint: str) -> list[float]:
    """Measure the processor milliseconds of each stage for a photograph, in the mean over files.

    Programs are compiled for the first half, which is left out. The process keeps to one core
    meanwhile; call this before JAX has counted them.
    """
    own = psutil.Process()
    cores = own.cpu_affinity()
    own.cpu_affinity(cores[:1])
    try:
        colorizer = Colorizer.restore(checkpoint, photographs=10**6)
        spent = [_stages(colorizer, file) for file in files][len(files) // 2 :]
    finally:
        own.cpu_affinity(cores)
    return (1000 * np.mean(spent, axis=0)).tolist()


def _stages(colorizer: Colorizer, file: Path) -> list[float]:
    """Colour a photograph; return the processor seconds of each stage."""
    content = file.read_bytes()
    times = [time.process_time()]
    photo = images.read(content)
    times.append(time.process_time())
    colorizer.predict(photo.rgb, unify=0.0)
    times.append(time.process_time())
    prediction = colorizer.predict(photo.rgb)
    times.append(time.process_time())
    rgb = colorizer.render(prediction)
    times.append(time.process_time())
    images.encode(io.BytesIO(), rgb, photo)
    times.append(time.process_time())
    reading, network, both, colours, writing = np.diff(times).tolist()
    return [reading, network, both - network, colours, writing]

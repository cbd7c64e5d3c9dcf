"""Photographs as PyTorch users handle them: a data loader, and a program that colours one.

    python -m cic_jax.benchmark.torch_photos WEIGHTS PHOTO OUT

The program imports no JAX. It is timed as a whole process and compared with `cic-jax colorize`.
"""

import io
import sys
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from cic_jax import images
from cic_jax.benchmark.torch_networks import Weights

# Pillow's among the library's. No other decoder of Pillow: that of EPS runs the file.
FORMATS = tuple(set(images.SUFFIXES) - {"HEIF"})


class Windows(torch.utils.data.Dataset):
    """Square uint8 windows 'size size 3' of encoded photographs."""

    def __init__(self, photographs: list[bytes], size: int, random: bool) -> None:
        """Take random windows, or central ones."""
        self.photographs, self.size, self.random = photographs, size, random

    def __len__(self) -> int:
        return len(self.photographs)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(io.BytesIO(self.photographs[index]), formats=FORMATS) as image:
            photo = image.convert("RGB")
        ratio = self.size / min(photo.size)
        if ratio < 1:
            w, h = (max(self.size, round(ratio * side)) for side in photo.size)
            photo = photo.resize((w, h), Image.Resampling.LANCZOS)
        spare = [side - self.size for side in photo.size]
        offset = [int(torch.randint(s + 1, ())) if self.random else s // 2 for s in spare]
        rows, columns = (slice(o, o + self.size) for o in reversed(offset))
        return torch.from_numpy(np.array(photo)[rows, columns].copy())


def pipeline(
    photographs: list[bytes], batch: int, size: int, random: bool, workers: int
) -> Callable[[], int]:
    """Prepare a pass over batches of windows; the run returns the number of batches.

    Args:
        photographs: The contents of their files.
        batch: Windows per batch.
        size: Height and width of a window, in pixels.
        random: Shuffle and take random windows; the last batch, if it is not full, is dropped.
        workers: Processes that decode, and stay between passes; 0 decodes in this one.
    """
    loader = torch.utils.data.DataLoader(
        Windows(photographs, size, random),
        batch,
        shuffle=random,
        num_workers=workers,
        drop_last=random,
        persistent_workers=workers > 0,
        multiprocessing_context="spawn" if workers else None,
    )
    return lambda: sum(1 for _ in loader)


def save(path: str, weights: Weights, centers: np.ndarray) -> None:
    """Write the file of weights that `colorize` reads."""
    torch.save({**weights._asdict(), "centers": torch.from_numpy(centers)}, path)


def colorize(path: str, photo: str, out: str) -> None:
    """Colour a photograph as the program of CIC's release does.

    The network sees 256 x 256 pixels, its ab is resized to full size, L is the photograph's.
    """
    from skimage import color

    saved = torch.load(path, weights_only=True)
    network = Weights(saved["blocks"], saved["state"]).network().eval()
    with Image.open(photo, formats=FORMATS) as image:
        rgb = image.convert("RGB")
    small = color.rgb2lab(np.asarray(rgb.resize((256, 256), Image.Resampling.BICUBIC)))
    full = color.rgb2lab(np.asarray(rgb))[..., :1]
    with torch.inference_mode():
        logits = network(torch.from_numpy(small[None, None, ..., 0]).float())
        annealed = torch.softmax(logits / 0.38, 1)
        ab = functional.conv2d(annealed, saved["centers"].T[..., None, None])
        ab = functional.interpolate(ab, scale_factor=4, mode="bilinear")
        ab = functional.interpolate(ab, full.shape[:2], mode="bilinear")
    lab = np.concatenate([full, ab[0].permute(1, 2, 0).numpy()], -1)
    coloured = np.round(255 * color.lab2rgb(lab)).astype(np.uint8)
    Image.fromarray(coloured).save(out, quality=95, subsampling=0)


if __name__ == "__main__":
    colorize(*sys.argv[1:])

"""Training in PyTorch as a careful user writes it, from raw pixels to Adam.

Channels-last memory, autocast, a fused Adam, and a sparse target: the nearest bins come from one
distance matrix, the loss gathers their logits. Tensors are 'b c h w'. Nothing here imports JAX.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cic_jax.benchmark.torch_networks import CHANNELS_LAST, Weights

XYZ_FROM_RGB = (
    (0.412453, 0.357580, 0.180423),
    (0.212671, 0.715160, 0.072169),
    (0.019334, 0.119193, 0.950227),
)
WHITE = (0.95047, 1.0, 1.08883)  # D65
NEIGHBORS, SIGMA = 5, 5.0


class Execution(NamedTuple):
    """Where and how PyTorch computes."""

    device: str = "cpu"
    bfloat16: bool = False  # by autocast
    compiled: bool = False  # by torch.compile


class Training:
    """Training steps on photographs that stay on the device."""

    def __init__(
        self,
        weights: Weights,
        centers: np.ndarray,
        class_weights: np.ndarray,
        photos: np.ndarray,
        crop: int,
        execution: Execution,
    ) -> None:
        """Put network, optimiser and photographs on the device.

        Args:
            weights: The network's first parameters and statistics.
            centers: ab of the bins, 'q 2'.
            class_weights: One per bin, 'q'.
            photos: uint8 'n h w 3'.
            crop: Height and width of the crops to train on, in pixels.
            execution: Device and precision.
        """
        device = execution.device
        self.network = weights.network(device).train()
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), 3.16e-5, (0.9, 0.99), weight_decay=1e-3, fused=True
        )
        self.centers = torch.from_numpy(centers).to(device)
        self.class_weights = torch.from_numpy(class_weights).to(device)
        self.photos = torch.from_numpy(photos).to(device)
        self.crop, self.device, self.bfloat16 = crop, device, execution.bfloat16
        self.objective = torch.compile(self.loss) if execution.compiled else self.loss

    def run(self, rows: np.ndarray) -> float:
        """Take a step for each row of `rows`, 'steps b'; return the last loss."""
        for batch in torch.from_numpy(rows).to(self.device):
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.objective(self.photos[batch])
            loss.backward()
            self.optimizer.step()
        return loss.item()

    def loss(self, photos: Tensor) -> Tensor:
        """Compute the rebalanced cross-entropy of uint8 photographs 'b h w 3'."""
        lightness, ab = inputs(random_crop(photos, self.crop))
        encoded = encode(ab, self.centers)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.bfloat16):
            logits = self.network(lightness)
        return cross_entropy(logits, encoded, self.class_weights)


def random_crop(photos: Tensor, size: int) -> Tensor:
    """Crop uint8 'b h w 3' at random to 'b 3 size size', mirrored half the time."""
    b, h, w, _ = photos.shape
    device, side = photos.device, torch.arange(size, device=photos.device)
    top = torch.randint(h - size + 1, (b, 1), device=device)
    left = torch.randint(w - size + 1, (b, 1), device=device)
    mirror = torch.rand(b, 1, device=device) < 0.5
    rows, columns = top + side, left + torch.where(mirror, side.flip(0), side)
    image = torch.arange(b, device=device)[:, None, None]
    return photos[image, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)


def inputs(photos: Tensor) -> tuple[Tensor, Tensor]:
    """Convert uint8 'b 3 h w' to L 'b 1 h w' and ab at a quarter of the size, 'b 2 h/4 w/4'."""
    lab = rgb_to_lab(photos.float() / 255)
    ab = functional.interpolate(lab[:, 1:], scale_factor=0.25, mode="bilinear")
    return lab[:, :1], ab


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """Convert sRGB in [0, 1] to CIELAB, 'b 3 h w'."""
    linear = torch.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    white = torch.tensor(WHITE, device=rgb.device)
    matrix = torch.tensor(XYZ_FROM_RGB, device=rgb.device) / white[:, None]
    xyz = torch.einsum("ij,bjhw->bihw", matrix, linear)
    f = torch.where(xyz > 0.008856, xyz.clamp(min=1e-6) ** (1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = f.unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def encode(ab: Tensor, centers: Tensor) -> tuple[Tensor, Tensor]:
    """Encode ab 'b 2 h w' as indices and weights of the nearest bins, 'b*h*w k', nearest first."""
    pixels = ab.permute(0, 2, 3, 1).reshape(-1, 2)
    distance, indices = torch.cdist(pixels, centers).topk(NEIGHBORS, largest=False)
    return indices, torch.softmax(-(distance**2) / (2 * SIGMA**2), -1)


def cross_entropy(logits: Tensor, encoded: tuple[Tensor, Tensor], class_weights: Tensor) -> Tensor:
    """Compute the rebalanced cross-entropy, the mean over the pixels of logits 'b q h w'."""
    indices, weights = encoded
    rows = logits.permute(0, 2, 3, 1).reshape(-1, logits.shape[1]).float()
    entropy = rows.logsumexp(-1) - (weights * rows.gather(-1, indices)).sum(-1)
    return (class_weights[indices[:, 0]] * entropy).mean()


def synchronized(function: Callable[[], Any], device: str) -> Callable[[], Any]:
    """Return a run that calls the function and waits until the device has finished."""

    def run():
        result = function()
        if device == "cuda":
            torch.cuda.synchronize()
        return result

    return run


def parts(training: Training, rows: np.ndarray) -> dict[str, Callable[[], Any]]:
    """Prepare the parts of a step around the network, for the first row of `rows`."""
    photos = training.photos[torch.from_numpy(rows[0]).to(training.device)]
    lightness, ab = inputs(random_crop(photos, training.crop))
    encoded = encode(ab, training.centers)
    with torch.no_grad():
        logits = training.network(lightness).requires_grad_()

    def gradient():
        return torch.autograd.grad(cross_entropy(logits, encoded, training.class_weights), logits)

    return {
        "crop and Lab": lambda: inputs(random_crop(photos, training.crop)),
        "encoding": lambda: encode(ab, training.centers),
        "loss and its gradient": gradient,
    }


def loss_gradient(
    logits: np.ndarray, ab: np.ndarray, centers: np.ndarray, class_weights: np.ndarray, device: str
) -> Callable[[], float]:
    """Prepare encoding, loss and gradient; the run returns the loss.

    Args:
        logits: Logits, 'b h w q'.
        ab: The true colours, 'b h w 2'.
        centers: ab of the bins, 'q 2'.
        class_weights: One per bin, 'q'.
        device: Where to compute, as PyTorch names it.
    """
    x = torch.from_numpy(logits).to(device).permute(0, 3, 1, 2).requires_grad_()
    truth = torch.from_numpy(ab).to(device).permute(0, 3, 1, 2)
    bins, weights = (torch.from_numpy(array).to(device) for array in (centers, class_weights))

    def run():
        loss = cross_entropy(x, encode(truth, bins), weights)
        torch.autograd.grad(loss, x)
        return loss.item()

    return run


def block_gradient(
    weights: Weights, number: int, x: np.ndarray, dy: np.ndarray, execution: Execution
) -> Callable[[], Any]:
    """Prepare one block forward and backward; the run returns the gradients.

    These are of the block's parameters and, except for the first block, of its input.

    Args:
        weights: Weights of the whole network.
        number: Number of the block, from 1.
        x: The block's input, 'b h w c'.
        dy: The gradient of its output, 'b h w c'.
        execution: Device and precision; the block is not compiled.
    """
    device, bfloat16 = execution.device, execution.bfloat16
    block = weights.network(device).train()[number - 1]
    arrays = [torch.from_numpy(array).permute(0, 3, 1, 2).to(device) for array in (x, dy)]
    start, gradient = (array.contiguous(memory_format=CHANNELS_LAST) for array in arrays)
    if bfloat16:
        start, gradient = start.bfloat16(), gradient.bfloat16()
    start.requires_grad_(number > 1)
    wanted = [*block.parameters(), *([start] if number > 1 else [])]

    def run():
        with torch.autocast(device, torch.bfloat16, enabled=bfloat16):
            y = block(start)
        return torch.autograd.grad(y, wanted, gradient.to(y.dtype))

    return synchronized(run, device)


def matrix_product(side: int, bfloat16: bool, repeats: int, device: str) -> Callable[[], Any]:
    """Prepare several products of two square matrices."""
    dtype = torch.bfloat16 if bfloat16 else torch.float32
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    return synchronized(lambda: [a @ b for _ in range(repeats)][-1], device)


def memory_pass(elements: int, device: str) -> Callable[[], Any]:
    """Prepare a pass that reads and writes float32 elements once."""
    x = torch.ones(elements, device=device)
    y = torch.empty_like(x)
    return synchronized(lambda: torch.add(x, 1, out=y), device)

"""What training on many GPUs costs, by arithmetic: gradients to add up, photographs to decode.

`python -m cic_jax.benchmark.scaling` prints the tables of docs/cluster.md.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from cic_jax import network

GPUS_PER_HOST = 8
NVLINK = 450e9  # bytes per second in each direction, between the GPUs of a host
INFINIBAND = 400e9 / 8  # the same for the one link of a host to the others, of 400 Gb/s
# Crops of 176 x 176 per second on one H200 in bfloat16, by network and batch, and photographs of
# 256 x 256 decoded per second on one of two cores: docs/benchmark/gpu.json, gpu_full.json and
# benchmark.json. `lite` has not been measured on a GPU.
CROPS_PER_SECOND = {
    ("full", 32): 4178,
    ("full", 128): 4597,
    ("simplified", 32): 6269,
    ("simplified", 128): 6890,
}
DECODED_PER_CORE = 2552 / 2
SIZES = (8, 64, 512)  # GPUs


class Row(NamedTuple):
    """A network on a number of GPUs. Times in seconds."""

    network: str
    batch: int  # crops on each GPU
    gpus: int
    compute: float  # of a step, on each GPU
    exchange: float  # of its gradients

    @property
    def efficiency(self) -> float:
        """Share of the compute in a step that hides nothing of the exchange behind it."""
        return self.compute / (self.compute + self.exchange)

    @property
    def photographs(self) -> float:
        """Photographs per second that each host must decode, where they are streamed."""
        return self.batch * GPUS_PER_HOST / (self.compute + self.exchange)


def gradient_bytes(name: str) -> int:
    """Count the bytes of a network's gradients, in float32 like its parameters."""
    model = network.create(name)
    variables = jax.eval_shape(model.init, jax.random.key(0), jnp.zeros((1, 64, 64, 1)))
    return 4 * sum(math.prod(x.shape) for x in jax.tree.leaves(variables["params"]))


def ring_seconds(size: int, members: int, bandwidth: float) -> float:
    """Return the time to add up arrays of `size` bytes on the members of a ring.

    Each sends 2 (n - 1) / n of the bytes: once around to add, once around to spread the sums. The
    latency of each message is left out.
    """
    return 2 * (members - 1) / members * size / bandwidth


def exchange_seconds(size: int, gpus: int) -> float:
    """Return the time for gradients: a ring in each host, and one from host to host."""
    hosts = gpus // GPUS_PER_HOST
    within = ring_seconds(size, GPUS_PER_HOST, NVLINK)
    return within + ring_seconds(size, hosts, INFINIBAND)


def rows() -> list[Row]:
    """Return a row for each network, batch and number of GPUs."""
    sizes = {name: gradient_bytes(name) for name, _ in CROPS_PER_SECOND}
    return [
        Row(name, batch, gpus, batch / rate, exchange_seconds(sizes[name], gpus))
        for (name, batch), rate in CROPS_PER_SECOND.items()
        for gpus in SIZES
    ]


def exchanges() -> str:
    """Format the gradients of each network and the time that they take, as a table."""
    lines = [
        "| network | gradients | " + " | ".join(f"{gpus} GPUs" for gpus in SIZES) + " |",
        "| --- | --- | " + " | ".join("---" for _ in SIZES) + " |",
    ]
    for name in network.NAMES:
        size = gradient_bytes(name)
        times = " | ".join(f"{1e3 * exchange_seconds(size, gpus):.2f} ms" for gpus in SIZES)
        lines.append(f"| {name} | {size / 1e6:.1f} MB | {times} |")
    return "\n".join(lines)


def steps() -> str:
    """Format what a step takes, and what each host has to decode, as a table."""
    lines = [
        "| network | crops on a GPU | GPUs | batch | compute | exchange | efficiency "
        "| crops per second | photographs per second and host | cores to decode them |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows():
        total = row.photographs * row.gpus / GPUS_PER_HOST
        lines.append(
            f"| {row.network} | {row.batch} | {row.gpus} | {row.batch * row.gpus:,} "
            f"| {1e3 * row.compute:.1f} ms | {1e3 * row.exchange:.1f} ms | {row.efficiency:.0%} "
            f"| {total:,.0f} | {row.photographs:,.0f} "
            f"| {math.ceil(row.photographs / DECODED_PER_CORE)} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(exchanges(), steps(), sep="\n\n")

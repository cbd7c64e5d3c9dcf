"""Measurements of what the device computes: the networks, their training and its parts."""

import functools
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from cic_jax import bins, efficientnet
from cic_jax.benchmark import cores, ours, work
from cic_jax.benchmark.contender import Build
from cic_jax.benchmark.ours import WHOLE
from cic_jax.benchmark.report import OURS, TORCH, Bench
from cic_jax.benchmark.timing import Work
from cic_jax.benchmark.work import CLASS_WEIGHTS, Case

NETWORKS = ("simplified", "full")
DISPATCH = 4096  # photographs per dispatch of training steps on a GPU
AGREEMENT = 0.01  # relative difference of two results above which they are not the same work
DENSE = "dense, in JAX"
# A probe: rounds in which it is slow are slow for all that cores share.
ROUND_TRIPS = f"{cores.TRIPS:,} bytes to the other core and back"
PARTS_BATCH = 128  # the batch size whose parts are measured on a GPU


def forward_cases(bench: Bench) -> list[Case]:
    """Return the networks that colour."""
    cases = [Case(name, 1.0, batch, 256) for name in (*NETWORKS, "lite") for batch in (1, 8)]
    return _wanted([Case("simplified", 0.05, 2, 32)] if bench.quick else cases, bench)


def training_cases(bench: Bench) -> list[Case]:
    """Return the networks that train: on a GPU in bfloat16, with many steps per dispatch."""
    if bench.quick:
        cases = [Case("simplified", 0.05, 2, 32, bench.dtype, steps=2)]
    elif bench.device == "cpu":
        cases = [Case("simplified", 0.25, 16, 176), *(Case(name, 1.0, 8, 176) for name in NETWORKS)]
    else:
        cases = [
            Case(name, 1.0, batch, 176, bench.dtype, steps=DISPATCH // batch)
            for name in NETWORKS
            for batch in (32, 128, 512)
        ]
    return _wanted(cases, bench)


def cases_with_parts(bench: Bench) -> list[Case]:
    """Return the training cases whose parts are measured too: on a GPU one per network."""
    cases = training_cases(bench)
    if bench.quick or bench.device == "cpu":
        return cases
    return [case for case in cases if case.batch == PARTS_BATCH]


def _wanted(cases: list[Case], bench: Bench) -> list[Case]:
    """Return the cases in whose names the wanted pattern is found."""
    wanted = [case for case in cases if re.search(bench.cases, str(case))]
    if not wanted:
        bench.report.leave_out(f"{bench.cases!r} is in none of {'; '.join(map(str, cases))}")
    return wanted


def forward(bench: Bench) -> None:
    """Measure forward passes, from lightness to logits on the host."""
    libraries = [TORCH, "ONNX Runtime", "OpenVINO"] if bench.device == "cpu" else [TORCH]
    probes = {ROUND_TRIPS: cores.round_trips} if bench.device == "cpu" else {}
    for case in forward_cases(bench):
        peers = {name: partial(peer_forward, case, name, bench.device) for name in libraries}
        roof = bench.flop_rate / work.forward_flop(work.layers(case))
        bench.report.measure_separately(
            Work(str(case), amount=case.batch, roof=roof),
            {OURS: partial(ours.forward, case), **peers},
            facts=partial(difference, ours.forward(case)(), AGREEMENT),
            probes=probes,
        )


def train(bench: Bench) -> None:
    """Measure training steps: from uint8 photographs to crops, Lab, loss, gradient and Adam."""
    for case in training_cases(bench):
        compiled = bench.device == "cuda"
        contenders: dict[str, Build] = {
            OURS: partial(ours.training, case),
            f"{TORCH}, compiled" if compiled else TORCH: partial(
                _torch_steps, case, bench.device, compiled
            ),
        }
        roof = bench.flop_rate / work.training_flop(work.layers(case))
        bench.report.measure_separately(
            Work(str(case), amount=case.batch * case.steps, roof=roof), contenders
        )


def blocks(bench: Bench) -> None:
    """Measure each block forward and backward, with the least time that its work must take.

    That is its arithmetic at the peak rate, or its memory traffic at that of memory.
    """
    for case in {case.network: case for case in cases_with_parts(bench)}.values():
        for number in range(1, len(case.blocks) + 1):
            layers = [layer for layer in work.layers(case) if layer.block == f"block{number}"]
            flop = case.batch * work.training_flop(layers)
            moved = work.training_bytes(layers, case)
            least = max(flop / bench.flop_rate, moved / bench.byte_rate)
            bench.report.measure(
                Work(f"{case}, block {number}", flop / 1e12, "TFLOP", bench.flop_rate / 1e12),
                {
                    OURS: partial(ours.block_gradient, case, number),
                    TORCH: partial(_torch_block, case, number, bench.device),
                },
                facts=partial(_constant, {"least ms": 1000 * least, "GB": moved / 1e9}),
            )


def shares(bench: Bench) -> None:
    """Measure the parts of a step around the network; their ratio is their share of the step."""
    for case in cases_with_parts(bench):
        one = case._replace(steps=1)
        for name, parts in (
            ("", functools.cache(partial(ours.parts, one))),
            (f", {TORCH}", functools.cache(partial(_torch_parts, one, bench.device))),
        ):
            contenders = {part: partial(_part, parts, part) for part in (WHOLE, *ours.PARTS)}
            bench.report.measure(Work(f"a step of {one}{name}", unit="steps"), contenders)


def target(bench: Bench) -> None:
    """Measure encoding, loss and gradient: with sparse targets, and with dense ones over all bins.

    Raises RuntimeError if they give different losses.
    """
    for case in cases_with_parts(bench):
        logits, ab = work.output_arrays(case)
        losses = {OURS: ours.sparse_cross_entropy, DENSE: ours.dense_cross_entropy}
        compiled = {name: ours.compiled_gradient(loss, logits, ab) for name, loss in losses.items()}
        values = {name: float(gradient(logits, ab)[0]) for name, gradient in compiled.items()}
        if abs(values[DENSE] / values[OURS] - 1) > AGREEMENT:
            raise RuntimeError(f"expected the same loss sparse and dense, got {values}")
        bench.report.measure(
            Work(f"{case.batch} x {case.size}²", amount=case.batch),
            {
                **{name: partial(_gradient, compiled[name], logits, ab) for name in compiled},
                TORCH: partial(_torch_gradient, logits, ab, bench.device),
            },
            facts=partial(_bytes, compiled, logits.size // len(bins.CENTERS)),
        )


def difference(
    expected: Float[np.ndarray, "b h w q"], most: float, name: str, result
) -> dict[str, float]:
    """Return the relative difference of logits. Raises RuntimeError if it is `most` or more."""
    error = float(np.linalg.norm(result - expected) / np.linalg.norm(expected))
    if not error < most:
        raise RuntimeError(f"{name}: expected the logits of {OURS}; they are off by {error:.2g}")
    return {"difference": error}


def _constant(facts: dict[str, float], name: str, result) -> dict[str, float]:
    """Return facts that are the same for every contender."""
    return facts


def _bytes(compiled, pixels: int, name: str, result) -> dict[str, float]:
    """Return the size of the truth, from its shape, and the memory that XLA counts for the rest.

    A sparse truth has an index and a weight per neighbour, a dense one all weights.
    """
    numbers = len(bins.CENTERS) if name == DENSE else 2 * work.NEIGHBORS
    facts = {"MB of truth": 4e-6 * numbers * pixels}
    if name in compiled:
        facts["MB accessed"] = compiled[name].cost_analysis()["bytes accessed"] / 1e6
        facts["MB temporary"] = compiled[name].memory_analysis().temp_size_in_bytes / 1e6
    return facts


def _part(parts: Callable[[], dict[str, Callable]], part: str) -> Callable[[], Any]:
    return parts()[part]


def _gradient(compiled, logits, ab) -> Callable[[], Any]:
    arrays = jax.device_put((logits, ab))
    return lambda: jax.block_until_ready(compiled(*arrays))


def peer_forward(case: Case, name: str, device: str) -> Callable[[], np.ndarray]:
    """Prepare the forward pass of another library, one of `torch_networks.FORWARD`."""
    from cic_jax.benchmark import torch_lite, torch_networks

    variables = case.create()[1]
    weights: torch_networks.Peer
    if case.network == "lite":
        weights = torch_lite.Weights.of(efficientnet.stages(0), variables)
    else:
        weights = torch_networks.Weights.of(case.blocks, variables)
    return torch_networks.FORWARD[name](weights, work.lightness(case), device)


def _torch_training(case: Case, device: str, compiled: bool = False):
    from cic_jax.benchmark import torch_networks, torch_training

    return torch_training.Training(
        torch_networks.Weights.of(case.blocks, case.create()[1]),
        bins.CENTERS,
        CLASS_WEIGHTS,
        case.photographs(),
        case.size,
        torch_training.Execution(device, case.dtype == "bfloat16", compiled),
    )


def _torch_steps(case: Case, device: str, compiled: bool = False) -> Callable[[], float]:
    return partial(_torch_training(case, device, compiled).run, case.rows())


def _torch_parts(case: Case, device: str) -> dict[str, Callable[[], Any]]:
    from cic_jax.benchmark import torch_training

    training = _torch_training(case, device)
    parts = torch_training.parts(training, case.rows())
    return {WHOLE: partial(training.run, case.rows()), **parts}


def _torch_gradient(logits, ab, device: str) -> Callable[[], float]:
    from cic_jax.benchmark import torch_training

    return torch_training.loss_gradient(logits, ab, bins.CENTERS, CLASS_WEIGHTS, device)


def _torch_block(case: Case, number: int, device: str) -> Callable[[], Any]:
    from cic_jax.benchmark import torch_networks, torch_training

    weights = torch_networks.Weights.of(case.blocks, case.create()[1])
    x, dy = work.block_arrays(case, number)
    execution = torch_training.Execution(device, case.dtype == "bfloat16")
    return torch_training.block_gradient(weights, number, x, dy, execution)

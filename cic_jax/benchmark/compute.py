"""Figures of what the device computes: the networks, their training, and its parts."""

import functools
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from cic_jax import bins
from cic_jax.benchmark import cores, ours, work
from cic_jax.benchmark.ours import WHOLE
from cic_jax.benchmark.report import OURS, TORCH, Bench, Build
from cic_jax.benchmark.work import CLASS_WEIGHTS, Case

NETWORKS = ("simplified", "full")
DISPATCH = 4096  # photographs in one dispatch of training steps on a GPU
AGREEMENT = 0.01  # relative difference of two results above which they are not the same work
DENSE = "dense, in JAX"
HANDOVER = f"{cores.TRIPS:,} bytes to the other core and back"  # explains rounds that are slow
PARTED = 128  # the batch of which parts are measured on a GPU


def forward_cases(bench: Bench) -> list[Case]:
    """Networks that colour."""
    cases = [Case(name, 1.0, batch, 256) for name in NETWORKS for batch in (1, 8)]
    return _wanted([Case("simplified", 0.05, 2, 32)] if bench.quick else cases, bench)


def training_cases(bench: Bench) -> list[Case]:
    """Networks that train: on a GPU in bfloat16, with many steps in a dispatch."""
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


def parted_cases(bench: Bench) -> list[Case]:
    """Those whose parts are measured, each alone: on a GPU one of each network."""
    cases = training_cases(bench)
    return [case for case in cases if bench.quick or bench.device == "cpu" or case.batch == PARTED]


def _wanted(cases: list[Case], bench: Bench) -> list[Case]:
    found = [case for case in cases if re.search(bench.cases, str(case))]
    if not found:
        bench.report.leave_out(f"{bench.cases!r} is in none of {'; '.join(map(str, cases))}")
    return found


def forward(bench: Bench) -> None:
    """Lightness -> logits on the host."""
    libraries = [TORCH, "ONNX Runtime", "OpenVINO"] if bench.device == "cpu" else [TORCH]
    for case in forward_cases(bench):
        build = partial(ours.forward, case)
        peers = {name: partial(_peer_forward, case, name, bench.device) for name in libraries}
        bench.report.measure(
            str(case),
            {OURS: build, **peers},
            apart=True,
            beside={HANDOVER: cores.round_trips} if bench.device == "cpu" else {},
            amount=case.batch,
            roof=bench.flop_rate / work.forward_flop(work.layers(case)),
            facts=partial(_difference, ours.forward(case)()),
        )


def train(bench: Bench) -> None:
    """uint8 photographs -> crop, Lab, encoding, loss, gradient, Adam."""
    for case in training_cases(bench):
        compiled = bench.device == "cuda"
        peer = f"{TORCH}, compiled" if compiled else TORCH
        contenders: dict[str, Build] = {
            OURS: partial(ours.training, case),
            peer: partial(_torch_steps, case, bench.device, compiled),
        }
        bench.report.measure(
            str(case),
            contenders,
            apart=True,
            amount=case.batch * case.steps,
            roof=bench.flop_rate / work.training_flop(work.layers(case)),
        )


def blocks(bench: Bench) -> None:
    """Each block forward and backward, and the least time its arithmetic or its bytes take."""
    for case in {case.network: case for case in parted_cases(bench)}.values():
        for number in range(1, len(case.blocks) + 1):
            layers = [layer for layer in work.layers(case) if layer.block == f"block{number}"]
            flop = case.batch * work.training_flop(layers)
            moved = work.training_bytes(layers, case)
            least = max(flop / bench.flop_rate, moved / bench.byte_rate)
            bench.report.measure(
                f"{case}, block {number}",
                {
                    OURS: partial(ours.block_gradient, case, number),
                    TORCH: partial(_torch_block, case, number, bench.device),
                },
                amount=flop / 1e12,
                unit="TFLOP",
                roof=bench.flop_rate / 1e12,
                facts=partial(_same, {"least ms": 1000 * least, "GB": moved / 1e9}),
            )


def shares(bench: Bench) -> None:
    """The parts of one step that stand around the network; their ratio is their share of it."""
    for case in parted_cases(bench):
        one = case._replace(steps=1)
        mine = functools.cache(partial(ours.parts, one))
        torchs = functools.cache(partial(_torch_parts, one, bench.device))
        for name, parts in (("", mine), (f", {TORCH}", torchs)):
            contenders = {part: partial(_part, parts, part) for part in (WHOLE, *ours.PARTS)}
            bench.report.measure(f"a step of {one}{name}", contenders, unit="steps")


def target(bench: Bench) -> None:
    """Encoding, loss and its gradient: sparse, or with a dense truth over all bins."""
    for case in parted_cases(bench):
        logits, ab = work.output_arrays(case)
        ways = {OURS: ours.sparse_cross_entropy, DENSE: ours.dense_cross_entropy}
        compiled = {name: ours.compiled_gradient(loss, logits, ab) for name, loss in ways.items()}
        losses = {name: float(gradient(logits, ab)[0]) for name, gradient in compiled.items()}
        if abs(losses[DENSE] / losses[OURS] - 1) > AGREEMENT:
            raise RuntimeError(f"expected the same loss sparse and dense, got {losses}")
        bench.report.measure(
            f"{case.batch} x {case.size}²",
            {
                **{name: partial(_gradient, compiled[name], logits, ab) for name in compiled},
                TORCH: partial(_torch_gradient, logits, ab, bench.device),
            },
            amount=case.batch,
            facts=partial(_bytes, compiled, logits.size // len(bins.CENTERS)),
        )


def _difference(expected: Float[np.ndarray, "b h w q"], name: str, result) -> dict[str, float]:
    error = float(np.linalg.norm(result - expected) / np.linalg.norm(expected))
    if not error < AGREEMENT:
        raise RuntimeError(f"{name}: expected the logits of {OURS}; they are off by {error:.2g}")
    return {"difference": error}


def _same(facts: dict[str, float], name: str, result) -> dict[str, float]:
    return facts


def _bytes(compiled, pixels: int, name: str, result) -> dict[str, float]:
    """The truth by its shape (an index and a weight, or all weights); the rest as XLA counts it."""
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


def _peer_forward(case: Case, name: str, device: str) -> Callable[[], np.ndarray]:
    from cic_jax.benchmark import torch_networks

    weights = torch_networks.Weights.of(case.blocks, case.create()[1])
    return torch_networks.FORWARD[name](weights, work.lightness(case), device)


def _torch_training(case: Case, device: str, compiled: bool = False):
    from cic_jax.benchmark import torch_networks, torch_training

    return torch_training.Training(
        torch_networks.Weights.of(case.blocks, case.create()[1]),
        bins.CENTERS,
        CLASS_WEIGHTS,
        case.photographs(),
        crop=case.size,
        device=device,
        bfloat16=case.dtype == "bfloat16",
        compiled=compiled,
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
    bfloat16 = case.dtype == "bfloat16"
    return torch_training.block_gradient(weights, number, x, dy, device, bfloat16)

"""The benchmark times equal work fairly, and what it cannot time it names."""

import contextlib
import json
import os
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from browser import is_installed
from file_bytes import POSTSCRIPT
from PIL import UnidentifiedImageError

from cic_jax import bins, machine, step
from cic_jax.benchmark import compute, cores, ours, process, work
from cic_jax.benchmark.contender import SeparateContender
from cic_jax.benchmark.report import OURS, Bench, Report
from cic_jax.benchmark.timing import Work, interleave
from cic_jax.target import distribution
from cic_jax.train.crop import random_crop
from cic_jax.train.optimizer import adam
from experiments import benchmark

TWO_CORES = hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) > 1
NETWORKS = ["forward", "train"]
TINY = work.Case("simplified", 0.05, 2, 32)
FULL = work.Case("full", 1.0, 1, 256)


@pytest.mark.parametrize(
    ("network", "size", "gigamultiplications"),
    [("full", 256, 41.8), ("full", 176, 19.7), ("simplified", 256, 20.9), ("simplified", 176, 9.9)],
)
def test_operations_are_those_of_the_layer_table(network, size, gigamultiplications):
    found = work.layers(work.Case(network, 1.0, 1, size))
    assert work.forward_flop(found) / 2e9 == pytest.approx(gigamultiplications, abs=0.06)
    assert work.training_flop(found) == 3 * work.forward_flop(found)


def test_kernels_of_the_layers_are_those_of_the_network():
    shapes = jax.eval_shape(TINY.create()[0].init, jax.random.key(0), jnp.zeros((1, 8, 8, 1)))
    sizes = {
        name: sum(x.size for x in jax.tree.leaves(block) if x.ndim == 4)
        for name, block in {**shapes["params"], "out": {"out": shapes["params"]["out"]}}.items()
    }
    found: dict[str, int] = {}
    for layer in work.layers(TINY):
        found[layer.block] = found.get(layer.block, 0) + layer.kernel
    assert found == sizes


def test_bytes_of_the_last_convolution_in_half_precision():
    out = [layer for layer in work.layers(FULL) if layer.block == "out"]
    pixels, kernel = 64 * 64, 256 * 313
    case = FULL._replace(batch=4, dtype="bfloat16")
    expected = 2 * 3 * (4 * pixels * (256 + 313) + kernel)
    assert work.training_bytes(out, case) == expected


def test_dense_and_sparse_targets_give_one_loss_and_gradient():
    logits, ab = work.output_arrays(TINY)
    both = [
        jax.jit(jax.value_and_grad(loss))(logits, ab)
        for loss in (ours.sparse_cross_entropy, ours.dense_cross_entropy)
    ]
    np.testing.assert_allclose(both[0][0], both[1][0], rtol=1e-5)
    np.testing.assert_allclose(both[0][1], both[1][1], atol=1e-8)


def test_contenders_take_turns_in_an_order_that_rotates():
    called = []
    runs = {name: lambda name=name: (called.append(name) or name, 0.0) for name in "abc"}
    timings = interleave(runs, 3)
    assert "".join(called) == "aabbccbbccaaccaabb"  # short runs twice
    assert [len(timing.seconds) for timing in timings.values()] == [3, 3, 3]
    assert [timing.result for timing in timings.values()] == list("abc")


def test_a_contender_in_its_own_process_passes_errors_on():
    with contextlib.closing(SeparateContender(process_id)) as contender:
        pid, seconds = contender.timed()
        assert pid != os.getpid()
        assert pid == contender.timed()[0]
        assert 0 <= seconds < 1
    with pytest.raises(ModuleNotFoundError, match="No module named 'fast'"):
        SeparateContender(missing)
    with pytest.raises(RuntimeError, match="the process ended with 3"):
        SeparateContender(ends_with_3)


def process_id():
    return os.getpid


def ends_with_3():
    return partial(os._exit, 3)


def sleeping(seconds):
    return partial(time.sleep, seconds)


def idle():
    return int


def broken():
    return lambda: 1 / 0


def missing():
    raise ModuleNotFoundError("No module named 'fast'")


def test_a_report_compares_with_the_first_contender(tmp_path, capsys):
    report = Report(tmp_path, 2)
    report.begin("sleep")
    contenders = {"one": partial(sleeping, 0.02), "two": partial(sleeping, 0.04), "fast": missing}
    work = Work("sleep", amount=8, roof=1000)
    here = report.measure(work, contenders)
    rows = report.measure_separately(work, contenders, probes={"probe": idle})
    assert [row.by for row in here] == ["one", "two"]
    assert [row.by for row in rows] == ["one", "two", "probe"]
    assert rows[2].ratios == []
    assert len(rows[2].seconds) == 2
    assert rows[0].ratios == [1, 1]
    assert min(rows[1].ratios) > 1.2
    assert 100 < rows[0].rate <= 400
    assert rows[0].of_roof == rows[0].rate / 1000
    assert capsys.readouterr().err == "left out: fast: No module named 'fast'\n"
    written = json.loads((tmp_path / "benchmark.json").read_text())
    seconds = [row["seconds"] for row in written["figures"]["sleep"]]
    assert seconds == [row.seconds for row in report.measurements["sleep"]]
    assert written["machine"]["cores"] >= 1
    table = (tmp_path / "benchmark.md").read_text()
    assert "* left out: fast: No module named 'fast'" in table
    assert {line.count("|") for line in table.splitlines() if line.startswith("|")} == {10}


def test_work_whose_first_contender_fails_is_no_measurement(tmp_path):
    report = Report(tmp_path, 1)
    report.begin("nothing")
    for measure in (report.measure, report.measure_separately):
        assert measure(Work("work"), {"fast": missing, "one": idle}) == []
        with pytest.raises(ZeroDivisionError):
            measure(Work("work"), {"broken": broken, "one": idle})


def test_peak_memory_is_that_of_the_process_alone():
    held = np.ones(50 * 2**20)  # 400 MiB here must not count there
    peak = process.peak_memory(["-S", "-c", "held = bytearray(100 * 2**20)"])
    assert 100 < peak < 200
    assert held[-1] == 1


@pytest.mark.parametrize(("given", "kept"), [(machine.KEEP, False), ("glibc.malloc.check=0", True)])
def test_a_process_has_the_memory_settings_of_a_shell(given, kept, monkeypatch):
    monkeypatch.setenv(machine.TUNABLES, given)
    script = f"import os; assert (os.environ.get({machine.TUNABLES!r}) is not None) is {kept}"
    process.peak_memory(["-S", "-c", script])


def test_a_process_that_fails_says_why():
    with pytest.raises(RuntimeError, match="ValueError: no such thing"):
        process.peak_memory(["-S", "-c", "raise ValueError('no such thing')"])


def test_pytorch_takes_the_same_training_steps():
    torch_networks = pytest.importorskip("cic_jax.benchmark.torch_networks", exc_type=ImportError)
    from cic_jax.benchmark import torch_training

    # The whole photograph and its mirror image are one: crop and flip change nothing.
    half = TINY.photographs()[:, :32, :16]
    photos = np.concatenate([half, half[:, :, ::-1]], axis=2)
    rows = np.array([[0, 1]] * 4, np.int32)
    network, variables = TINY.create()
    theirs = torch_training.Training(
        torch_networks.Weights.of(TINY.blocks, variables),
        bins.CENTERS,
        work.CLASS_WEIGHTS,
        photos,
        crop=32,
        execution=torch_training.Execution(),
    )
    optimizer = adam(3.16e-5)
    state = step.TrainState(
        jnp.array(0), **variables, optimizer=optimizer.init(variables["params"])
    )
    update = jax.jit(
        partial(
            step.train_step,
            network=network,
            target=distribution(class_weights=work.CLASS_WEIGHTS),
            optimizer=optimizer,
            augment=partial(random_crop, size=32),
        )
    )
    for _ in range(4):
        state, loss = update(state, photos, jax.random.key(0))
    np.testing.assert_allclose(theirs.run(rows), loss, rtol=1e-5)


@pytest.mark.parametrize("number", [1, 6, 8])
def test_pytorch_computes_the_same_block_gradients(number):
    torch_networks = pytest.importorskip("cic_jax.benchmark.torch_networks", exc_type=ImportError)
    from cic_jax.benchmark import torch_training

    weights = torch_networks.Weights.of(TINY.blocks, TINY.create()[1])
    arrays = work.block_arrays(TINY, number)
    execution = torch_training.Execution()
    theirs = torch_training.block_gradient(weights, number, *arrays, execution)()
    params, *dx = ours.block_gradient(TINY, number)()
    bias = params["conv1"]["bias"]
    names = [name for name, _ in weights.network()[number - 1].named_parameters()]
    pairs = [(bias, theirs[names.index("conv1.bias")].numpy())]
    pairs += [(x, theirs[-1].permute(0, 2, 3, 1).numpy()) for x in dx]
    assert len(pairs) == (1 if number == 1 else 2)
    for found, expected in pairs:
        assert np.linalg.norm(found - expected) < 1e-4 * np.linalg.norm(expected)


def test_measurements_of_the_networks_at_tiny_sizes(tmp_path):
    report = benchmark.run(tmp_path, NETWORKS, runs=1, quick=True)
    rows = [row for name in NETWORKS for row in report.measurements[name]]
    assert [row.by for row in rows].count(OURS) == 2
    # Every library that is there has to agree with ours, or the benchmark fails.
    forward = [row for row in report.measurements["forward"] if row.by != compute.ROUND_TRIPS]
    assert all(row.facts["difference"] < 1e-4 for row in forward)
    assert len(forward) == len(report.measurements["forward"]) - TWO_CORES
    known = ("No module", "two cores")
    assert not [reason for reason in report.left_out if not any(map(reason.__contains__, known))]


@pytest.mark.skipif(not TWO_CORES, reason="a process cannot choose between two cores")
def test_bytes_go_to_another_core_and_back():
    with contextlib.closing(SeparateContender(cores.round_trips)) as contender:
        for _ in range(2):
            _, seconds = contender.timed()
            assert cores.TRIPS * 50e-9 < seconds < 5  # no cores answer in less


def test_a_core_that_does_not_answer_is_given_up():
    with pytest.raises(TimeoutError, match="expected 2 from the other core; still got 7"):
        cores.wait_for(bytearray([7]), 0, 2, patience=3)


def test_one_core_passes_nothing(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0}, raising=False)
    with pytest.raises(OSError, match="expected two cores to choose from; here a process has 1"):
        cores.round_trips()


def test_cases_are_found_by_their_names(tmp_path):
    report = Report(tmp_path, 1)
    bench = Bench(report, False, "", "cuda", "bfloat16", 1e12, 1e10, cases="full, (128|512)")
    found = [(case.network, case.batch) for case in compute.training_cases(bench)]
    assert found == [("full", 128), ("full", 512)]
    assert [case.batch for case in compute.cases_with_parts(bench)] == [128]
    assert report.left_out == []
    assert compute.forward_cases(bench) == []
    assert report.left_out[0].startswith("'full, (128|512)' is in none of simplified, 1 x 256²")


@pytest.mark.slow
def test_every_other_measurement_at_tiny_sizes(tmp_path):
    others = [name for name in benchmark.MEASUREMENTS if name not in NETWORKS]
    if not is_installed():
        others.remove("browser")
    report = benchmark.run(tmp_path, others, runs=1, quick=True)
    assert list(report.measurements) == ["roof", *others]
    assert all(report.measurements.values())
    peaks = [row.facts["peak MiB"] for row in report.measurements["colorize"]]
    assert all(50 < peak < 4000 for peak in peaks)
    kept = [row for row in report.measurements["bfloat16"] if "CIEDE2000 mean" in row.facts]
    assert [row.by for row in kept] == ["bfloat16", "float32"]
    assert kept[0].facts["99%"] < 2
    assert kept[1].facts["99%"] == 0


@pytest.mark.slow
def test_training_in_half_precision_and_large_dispatches(tmp_path):
    report = Report(tmp_path, 1)
    bench = Bench(report, True, "", "cpu", "bfloat16", 1e12, 1e10)
    for name in ("train", "blocks"):
        report.begin(name)
        benchmark.MEASUREMENTS[name](bench)
        assert {"bfloat16" in row.work for row in report.measurements[name]} == {True}
    assert all("No module" in reason for reason in report.left_out)


def test_postscript_never_reaches_its_interpreter_in_pytorchs_loader():
    torch_photos = pytest.importorskip("cic_jax.benchmark.torch_photos", exc_type=ImportError)
    with pytest.raises(UnidentifiedImageError):
        torch_photos.Windows([POSTSCRIPT], 32, random=False)[0]

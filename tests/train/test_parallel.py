"""Several devices give what one gives. Virtual devices are set before JAX starts: a subprocess."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cic_jax import checkpoint
from cic_jax import photos as photos_module
from cic_jax.configs import default
from cic_jax.train import record

SCRIPT = """
import json, sys
from functools import partial
import jax, numpy as np
from cic_jax import network, step, target
from cic_jax.train import parallel
from cic_jax.train.crop import random_crop

assert jax.local_device_count() == int(sys.argv[1])
net = network.create("simplified", width=0.05, axis_name=parallel.AXIS)
goal = target.distribution(class_weights=np.linspace(0.5, 2, 313, dtype=np.float32))
optimizer = step.adam(1e-3)
half = np.random.default_rng(0).integers(0, 256, (8, 32, 16, 3), np.uint8)
photos = np.concatenate([half, half[:, :, ::-1]], axis=2)  # mirroring changes nothing
one = partial(step.train_step, network=net, target=goal, optimizer=optimizer,
              augment=partial(random_crop, size=32), axis_name=parallel.AXIS)
run = parallel.replicas(partial(step.train_steps, step=one), (0, 0, 0, None), donate=True)
state = parallel.replicate(step.init(jax.random.key(0), net.clone(axis_name=None), optimizer))
placed = parallel.place(parallel.shard(photos))
rows = np.broadcast_to(np.arange(placed.shape[1]), (jax.local_device_count(), 2, placed.shape[1]))
losses = []
for _ in range(3):
    state, loss = run(state, placed, rows, jax.random.key(1))
    losses += np.asarray(loss.addressable_data(0))[0].tolist()
spread = max(float(np.ptp(np.asarray(x), axis=0).max()) for x in jax.tree.leaves(state))
variables = parallel.unreplicate({"params": state.params, "batch_stats": state.batch_stats})
out = net.clone(axis_name=None).apply(variables, np.linspace(0, 100, 1024, dtype=np.float32)
                                      .reshape(1, 32, 32, 1))
print(json.dumps({"losses": losses, "spread": spread, "step": int(parallel.unreplicate(state.step)),
                  "output": np.asarray(out).mean((0, 1)).tolist()}))
"""


HOST_SCRIPT = """
import json, sys
import jax

jax.distributed.initialize(f"localhost:{sys.argv[1]}", num_processes=2, process_id=int(sys.argv[2]))
from cic_jax.configs import default
from cic_jax.train import train

config = default.get_config()
config.data.update(source="folder", path=sys.argv[3], data_dir=sys.argv[4], size=32, short_side=32)
config.model.update(network="simplified", width=0.05)
config.train.update(batch_size=8, crop=32, epochs=2.0, learning_rate=1e-2)
print(json.dumps(train(config, sys.argv[5])))
"""


def start(script: str, *arguments: str, devices: int) -> subprocess.Popen:
    flags = f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count={devices}"
    environment = os.environ | {"XLA_FLAGS": flags}
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen) -> dict:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


@pytest.mark.slow
def test_four_devices_train_as_one_does():
    one, four = map(answer, [start(SCRIPT, str(n), devices=n) for n in (1, 4)])
    assert one["step"] == four["step"] == 6
    assert four["spread"] == 0  # replicas agree to the bit
    np.testing.assert_allclose(four["losses"], one["losses"], rtol=1e-4)
    np.testing.assert_allclose(four["output"], one["output"], atol=2e-3)


@pytest.mark.slow
def test_two_hosts_of_two_devices_train_one_model(tmp_path):
    photos, prepared, workdir = (tmp_path / name for name in ("photos", "prepared", "run"))
    photos.mkdir()
    rng = np.random.default_rng(0)
    for i in range(40):
        coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8))
        coarse.resize((40, 40), Image.Resampling.BICUBIC).save(photos / f"{i}.png")
    open_splits(source="folder", path=photos, data_dir=prepared)  # two hosts would prepare it twice
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    paths = [str(path) for path in (photos, prepared, workdir)]
    hosts = [start(HOST_SCRIPT, port, str(i), *paths, devices=2) for i in range(2)]
    first, second = (answer(host) for host in hosts)
    assert first == second
    assert np.isfinite(first["loss"])
    assert checkpoint.load(workdir).description["metrics"] == first
    validations = [line for line in record.read(workdir) if line["split"] == "validation"]
    assert [line["epoch"] for line in validations] == [1.0, 2.0]


def open_splits(**data):
    config = default.get_config().data
    config.update({name: str(value) for name, value in data.items()})
    return photos_module.open_splits(config)

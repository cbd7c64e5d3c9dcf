"""Two hosts train as one: whole commands, whatever ends them."""

import signal
import time

import numpy as np
import photo_files
import pytest
from commands import EXPERIMENTS, STARTS_ONCE, config_flags
from host_processes import running, said, statuses, wait_until

from cic_jax import checkpoint
from cic_jax.train import record


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    root = tmp_path_factory.mktemp("photographs")
    photo_files.two_coloured(root, 40)
    return root


class Cluster:
    """Two hosts that share a directory, and start as often as they are told to."""

    def __init__(self, folder, photographs):
        self.folder, self.workdir = folder, folder / "run"
        self.flags = [
            f"--config={EXPERIMENTS.parent / 'configs' / 'simplified.py'}",
            *config_flags(
                data={
                    "source": "folder",
                    "path": photographs,
                    "data_dir": folder / "prepared",
                    "size": 32,
                    "short_side": 32,
                },
                model={"width": 0.05},
                train={"crop": 32, "batch_size": 8, "epochs": 1000, "evaluate_every": 500},
            ),
        ]

    def train(self, *flags, own=((), ()), hosts=2):
        def arguments(port, host):
            place = [f"--coordinator=localhost:{port}", f"--hosts={hosts}", f"--host={host}"]
            workdir = f"--workdir={self.workdir}"
            return [EXPERIMENTS / "train.py", *self.flags, workdir, *place, *flags, *own[host]]

        return running(arguments, self.folder, hosts)

    def steps(self):
        return [line["step"] for line in self.log("train")]

    def log(self, split):
        return [line for line in record.read(self.workdir) if line["split"] == split]

    def said(self, host):
        return [line for line in said(self.folder, host) if not line.startswith(("I", "W"))]

    def saved(self):
        with checkpoint.manager(self.workdir) as manager:
            return manager.latest_step()


@pytest.fixture
def cluster(tmp_path, photographs, monkeypatch):
    for name, value in STARTS_ONCE.items():
        monkeypatch.setenv(name, value)
    return Cluster(tmp_path, photographs)


@pytest.mark.slow
def test_other_flags_and_other_directories_are_refused_on_all_hosts(cluster):
    other = ["--config.train.learning_rate=0.5"]
    with cluster.train(own=((), other)) as processes:
        assert statuses(processes) == [2, 2]
    for host in range(2):
        (line,) = cluster.said(host)
        assert line.startswith("train.py: host 1 differs from host 0 in config.train.learning_rate")
    assert not cluster.workdir.exists()
    assert not (cluster.folder / "prepared").exists()
    # The photographs are prepared now, by one host alone: two at once would fail.
    with cluster.train(own=((), [f"--workdir={cluster.folder / 'own'}"])) as processes:
        assert statuses(processes) == [2, 2]
    for host in range(2):
        (line,) = cluster.said(host)
        assert "host 1 does not see what host 0 writes to" in line
    assert not (cluster.workdir / checkpoint.CONFIG).exists()


@pytest.mark.slow
def test_signals_and_kills_and_another_number_of_hosts(cluster):
    with cluster.train() as processes:
        wait_until(lambda: len(cluster.steps()) > 1, processes)
        processes[1].send_signal(signal.SIGINT)  # on one host alone
        assert statuses(processes) == [0, 0]
    (saved,) = cluster.log("saved")
    assert saved["step"] == cluster.saved() > 0
    for host in range(2):
        assert any(f"step {saved['step']} is saved" in line for line in said(cluster.folder, host))

    with cluster.train("--config.train.save_every_minutes=0.01") as processes:
        wait_until(lambda: cluster.log("saved")[-1]["step"] > saved["step"] + 5, processes)
        processes[1].send_signal(signal.SIGKILL)
        killed = time.monotonic()
        assert statuses(processes) == [1, -signal.SIGKILL]
        print(f"one host killed: the other ended {time.monotonic() - killed:.1f} s later")
    (line,) = cluster.said(0)
    assert line.startswith("train.py: host 1 has ended: no sign of life")
    kept = cluster.saved()
    assert kept > saved["step"]

    alone = "--config.train.epochs=1", "--config.train.evaluate_every=1"
    with cluster.train(*alone, hosts=1) as processes:
        assert statuses(processes) == [2]
    assert "2 device(s), now 1; 2 host(s), now 1" in cluster.said(0)[-1]
    epochs = f"--config.train.epochs={(kept + 4) / 4}"
    with cluster.train(epochs, "--resume_anyway", hosts=1) as processes:
        assert statuses(processes) == [0]
    assert cluster.saved() == kept + 4
    (validation,) = cluster.log("validation")
    assert np.isfinite(validation["loss"])

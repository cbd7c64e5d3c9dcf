"""Two hosts, real processes, before any training: what they compare, and how they end."""

import signal
import time

import pytest
from host_processes import running, said, statuses, wait_until

SCRIPT = """
import sys, time
from pathlib import Path
import jax, numpy as np
from cic_jax import entry, hosts

port, host, folder, mode = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
entry.sys.argv = ["train.py"]

def refusal(function, *arguments):
    try:
        function(*arguments)
    except hosts.HostsError as error:
        print("refused:", error, flush=True)

with hosts.joined(hosts.Place(f"localhost:{port}", 2, host)), entry.refusals():
    refusal(hosts.require_same, "same", {"seed": 1})
    refusal(hosts.require_same, "other", {"config.seed": host, "jax": "0.10", "path": "x"})
    private = folder / str(host)
    private.mkdir()
    hosts.exchange.SHARED_SECONDS = 0.5
    refusal(hosts.require_shared, private / ".lock")
    refusal(hosts.require_shared, folder / ".lock")
    with hosts.first_goes_first("data"):
        if host == 0:
            time.sleep(1)
            (folder / "prepared").touch()
        print("found" if (folder / "prepared").exists() else "missed", flush=True)
    hosts.gather("ready", None)
    print("ready", flush=True)
    if mode == "fail" and host == 1:
        hosts.find("x", 2, 0)
    if mode == "collective":
        total = jax.pmap(lambda x: jax.lax.psum(x, "i"), axis_name="i")
        for step in range(10**9):
            np.asarray(total(np.ones(1)))
    if mode == "wait":
        hosts.watch.SILENT_BEATS = 5  # not a minute
        hosts.gather("never", None) if host == 0 else time.sleep(1000)
    if mode == "fail":
        hosts.gather("never", None)
"""


def meet(folder, mode):
    return running(lambda port, host: ["-c", SCRIPT, port, host, folder, mode], folder)


def test_hosts_compare_take_turns_and_end_together(tmp_path):
    with meet(tmp_path, "end") as processes:
        assert statuses(processes) == [0, 0]
    for host in range(2):
        other, unshared, found, ready = said(tmp_path, host)
        assert other.startswith(
            "refused: host 1 differs from host 0 in config.seed (1, there 0): start all hosts"
        )
        assert "host 1 does not see what host 0 writes to " in unshared
        assert (found, ready) == ("found", "ready")


def last_lines(folder):
    return [lines[lines.index("ready") + 1 :] for lines in (said(folder, 0), said(folder, 1))]


def test_a_refusal_on_one_host_is_read_on_all(tmp_path):
    with meet(tmp_path, "fail") as processes:
        assert statuses(processes) == [2, 2]
    first, second = last_lines(tmp_path)
    reason = "--coordinator must be HOST:PORT, such as node1:12345; it is 'x'"
    assert first == [f"train.py: host 1 has ended: {reason}"]
    assert second == [f"train.py: {reason}"]


# Host 0 waits for the killed one by the clock, or in a collective operation, which fails; it is the
# first itself, whose connection breaks.
@pytest.mark.parametrize(("mode", "victim"), [("collective", 1), ("collective", 0), ("wait", 1)])
def test_a_killed_host_ends_the_other_in_one_line(mode, victim, tmp_path):
    with meet(tmp_path, mode) as processes:
        wait_until(lambda: all("ready" in said(tmp_path, host) for host in range(2)), processes)
        time.sleep(2)
        processes[victim].send_signal(signal.SIGKILL)
        killed = time.monotonic()
        ended = statuses(processes)
        print(f"{mode}, {victim} killed: the other ended {time.monotonic() - killed:.1f} s later")
    assert ended[victim] == -signal.SIGKILL
    assert ended[1 - victim] == 1
    (line,) = last_lines(tmp_path)[1 - victim]
    assert line.startswith(f"train.py: host {victim} has ended: ")
    assert "start all hosts again with the same command" in line


ALONE = """
import sys
from cic_jax import entry, hosts

place = hosts.Place(f"localhost:{sys.argv[1]}", 2, int(sys.argv[2]))
sys.modules["cic_jax.hosts.joined"].MEET_SECONDS = 3
entry.sys.argv = ["train.py"]
with hosts.joined(place):
    print("they met")
"""


def test_hosts_that_do_not_meet_end_in_one_line(tmp_path):
    """The first waits for the other, which looks for it at another port."""
    with running(lambda port, host: ["-c", ALONE, port + host, host], tmp_path) as processes:
        assert statuses(processes) == [2, 2]
    for host in range(2):
        (line,) = said(tmp_path, host)
        assert line.startswith(f"train.py: host {host} of 2 did not meet the others at localhost:")

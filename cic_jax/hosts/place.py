"""Where the hosts of a cluster find each other: flags, and the variables that launchers set."""

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from cic_jax.hosts.errors import HostsError

COORDINATOR = "JAX_COORDINATOR_ADDRESS"  # JAX's own variable
PORTS = 2**12  # the last of them are those from which a job's number chooses, as in JAX

Known = dict[str, Any]  # some values of a `Place`


class Place(NamedTuple):
    """A host among those that train together. A host is a process with devices of its own."""

    coordinator: str  # HOST:PORT of the first, where the others report
    hosts: int
    host: int  # from 0
    device: int | None = None  # the only device to use; None for all of the machine


def find(
    coordinator: str | None = None,
    hosts: int | None = None,
    host: int | None = None,
    *,
    distributed: bool = False,
    environment: Mapping[str, str] = os.environ,
) -> Place | None:
    """Return this process's place in a cluster; None for a process that trains alone.

    What the arguments leave open comes from the variables of Slurm, Open MPI or a Kubernetes job,
    or else from what JAX detects.

    Args:
        coordinator: HOST:PORT of the first host.
        hosts: Number of hosts.
        host: Number of this one, from 0.
        distributed: Whether to look for a cluster where no other argument is given.
        environment: Environment variables.

    Raises HostsError that names what is missing or wrong.
    """
    given: Known = {"coordinator": coordinator, "hosts": hosts, "host": host}
    given = {name: value for name, value in given.items() if value is not None}
    if not given and not distributed:
        return None
    if address := environment.get(COORDINATOR):
        given = {"coordinator": address} | given
    launcher, known = _launched(environment)
    if launcher is None and len(given) < 3:
        launcher, known = "JAX", _detected_by_jax()
    known = known | given
    missing = {
        "coordinator": f"the first host's address (--coordinator=HOST:PORT or {COORDINATOR})",
        "hosts": "the number of hosts (--hosts=N)",
        "host": "the number of this host (--host=I, from 0)",
    }
    if lacking := [text for name, text in missing.items() if name not in known]:
        among = "nothing" if launcher == "JAX" else launcher
        raise HostsError(
            f"several hosts need {' and '.join(lacking)}; {among} in the environment gives it "
            "(Slurm's srun gives all of them, Open MPI's mpirun too, a Kubernetes job of "
            "completionMode Indexed gives the number of the host)"
        )
    return _checked(Place(**known))


def _checked(place: Place) -> Place | None:
    name, colon, port = place.coordinator.rpartition(":")
    if not (name and colon and port.isdecimal() and 0 < int(port) < 2**16):
        raise HostsError(
            f"--coordinator must be HOST:PORT, such as node1:12345; it is {place.coordinator!r}"
        )
    if not 0 <= place.host < place.hosts:
        raise HostsError(
            f"--host must be at least 0 and below --hosts; it is {place.host}, of {place.hosts}"
        )
    return place if place.hosts > 1 else None


def _launched(environment: Mapping[str, str]) -> tuple[str | None, Known]:
    """Return the launcher that started this process, and what its variables say."""
    if "SLURM_JOB_ID" in environment and "SLURM_STEP_NODELIST" in environment:
        return "Slurm", _slurm(environment)
    if "OMPI_COMM_WORLD_RANK" in environment:
        return "Open MPI", _open_mpi(environment)
    if "JOB_COMPLETION_INDEX" in environment:
        return "Kubernetes", {"host": _number(environment, "JOB_COMPLETION_INDEX")}
    return None, {}


def _slurm(environment: Mapping[str, str]) -> Known:
    """Read what srun sets. Tasks that share a machine have a GPU each, unless Slurm binds them."""
    tasks = _number(environment, "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")
    machines = _number(environment, "SLURM_STEP_NUM_NODES")
    bound = "SLURM_GPUS_PER_TASK" in environment or "SLURM_TRES_PER_TASK" in environment
    return {
        "coordinator": f"{first_node(environment['SLURM_STEP_NODELIST'])}:"
        f"{_port(_number(environment, 'SLURM_JOB_ID'))}",
        "hosts": tasks,
        "host": _number(environment, "SLURM_PROCID"),
        "device": _number(environment, "SLURM_LOCALID") if tasks > machines and not bound else None,
    }


def _number(environment: Mapping[str, str], *names: str) -> int:
    """Return the number in the first of these variables that is set; HostsError if none is one."""
    name = next((name for name in names if environment.get(name)), names[-1])
    value = environment.get(name)
    if value is None or not value.isdecimal():
        raise HostsError(
            f"{name}, which the launcher sets, must be a whole number; it is {value!r}: start the "
            "hosts as docs/cluster.md shows"
        )
    return int(value)


def first_node(nodes: str) -> str:
    """Return the first of Slurm's node list: node07 of 'node[07-09,12],other3'."""
    found = re.match(r"([^,\[]+)(?:\[(\w+)[^\]]*\]([^,]*))?", nodes)
    if found is None:
        raise HostsError(f"SLURM_STEP_NODELIST must be a list of nodes; it is {nodes!r}")
    return "".join(part or "" for part in found.groups())


def _open_mpi(environment: Mapping[str, str]) -> Known:
    """Read what mpirun sets; from version 5 on it does not say where it was started."""
    known: Known = {
        "hosts": _number(environment, "OMPI_COMM_WORLD_SIZE"),
        "host": _number(environment, "OMPI_COMM_WORLD_RANK"),
    }
    if _number(environment, "OMPI_COMM_WORLD_LOCAL_SIZE") > 1:
        known["device"] = _number(environment, "OMPI_COMM_WORLD_LOCAL_RANK")
    started = environment.get("OMPI_MCA_orte_hnp_uri", "")  # 1531576320.0;tcp://10.0.0.1,...:34911
    if found := re.match(r"(\d+)\..*tcp://([^,:]+)", started):
        known["coordinator"] = f"{found[2]}:{_port(int(found[1]) // PORTS)}"
    return known


def _port(number: int) -> int:
    """Return a port for a job's number, the same on all hosts."""
    return 2**16 - PORTS + number % PORTS


def _detected_by_jax() -> Known:
    """Return what JAX itself knows of the cluster, as on Cloud TPU; {} for nothing."""
    from jax._src import clusters

    try:
        found = clusters.ClusterEnv.auto_detect_unset_distributed_params(
            None, None, None, None, None, 300
        )
    except (RuntimeError, ValueError, KeyError, OSError) as error:
        raise HostsError(f"the cluster is not as JAX expects it: {error}") from error
    named = zip(("coordinator", "hosts", "host"), found[:3], strict=True)
    return {name: value for name, value in named if value is not None}

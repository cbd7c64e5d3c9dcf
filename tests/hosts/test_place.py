import pytest

from cic_jax import hosts
from cic_jax.hosts import place

SLURM = {
    "SLURM_JOB_ID": "4097",
    "SLURM_STEP_NODELIST": "node[07-09,12],other3",
    "SLURM_STEP_NUM_NODES": "5",
    "SLURM_STEP_NUM_TASKS": "5",
    "SLURM_PROCID": "3",
    "SLURM_LOCALID": "0",
}
OPEN_MPI = {
    "OMPI_COMM_WORLD_SIZE": "4",
    "OMPI_COMM_WORLD_RANK": "1",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
    "OMPI_COMM_WORLD_LOCAL_RANK": "1",
}
LAUNCHER = {"OMPI_MCA_orte_hnp_uri": "1531576320.0;tcp://10.96.0.1,10.148.0.1:34911"}
ADDRESS = {"JAX_COORDINATOR_ADDRESS": "train-0.train:1234"}


@pytest.mark.parametrize(
    ("environment", "flags", "expected"),
    [
        (SLURM, {}, ("node07:61441", 5, 3, None)),
        # Two tasks on a machine: a GPU each, unless Slurm has bound one to each task.
        (SLURM | {"SLURM_STEP_NUM_TASKS": "10", "SLURM_LOCALID": "1"}, {}, (..., 10, 3, 1)),
        (
            SLURM | {"SLURM_STEP_NUM_TASKS": "10", "SLURM_GPUS_PER_TASK": "1"},
            {},
            (..., 10, 3, None),
        ),
        (OPEN_MPI | LAUNCHER, {}, ("10.96.0.1:62624", 4, 1, 1)),
        (OPEN_MPI | ADDRESS, {}, ("train-0.train:1234", 4, 1, 1)),
        ({"JOB_COMPLETION_INDEX": "2"} | ADDRESS, {"hosts": 3}, ("train-0.train:1234", 3, 2, None)),
        ({}, {"coordinator": "[::1]:99", "hosts": 2, "host": 1}, ("[::1]:99", 2, 1, None)),
        (SLURM, {"coordinator": "x:1", "hosts": 2, "host": 0}, ("x:1", 2, 0, None)),
    ],
)
def test_flags_and_launchers_give_the_place(environment, flags, expected):
    found = hosts.find(**flags, distributed=True, environment=environment)
    assert all(value in (..., got) for got, value in zip(found, expected, strict=True)), found


def test_a_process_is_alone_unless_it_is_told_otherwise():
    assert hosts.find(environment=SLURM | OPEN_MPI | ADDRESS) is None
    assert hosts.find("x:1", 1, 0, environment={}) is None


@pytest.mark.parametrize(
    ("environment", "flags", "message"),
    [
        ({}, {}, r"need .*--coordinator=HOST:PORT.* and .*--hosts=N.* and .*--host=I"),
        (OPEN_MPI, {}, r"need the first host's address .*; Open MPI in the environment"),
        ({"JOB_COMPLETION_INDEX": "2"} | ADDRESS, {}, r"need the number of hosts"),
        ({}, {"coordinator": "x:1", "hosts": 2}, r"need the number of this host"),
        ({}, {"coordinator": "x", "hosts": 2, "host": 0}, r"must be HOST:PORT.* it is 'x'"),
        ({}, {"coordinator": "x:0", "hosts": 2, "host": 0}, r"must be HOST:PORT"),
        ({}, {"coordinator": "x:1", "hosts": 2, "host": 2}, r"below --hosts; it is 2, of 2"),
        ({}, {"coordinator": "x:1", "hosts": 2, "host": -1}, r"it is -1, of 2"),
    ],
)
def test_an_incomplete_place_is_one_line(environment, flags, message):
    with pytest.raises(hosts.HostsError, match=message) as refused:
        hosts.find(**flags, distributed=True, environment=environment)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("nodes", "first"),
    [
        ("node001", "node001"),
        ("node001,host2", "node001"),
        ("node[001-015],host2", "node001"),
        ("gpu-a[3,7-9]", "gpu-a3"),
        ("rack[1-2]-gpu", "rack1-gpu"),
    ],
)
def test_the_first_of_slurms_nodes(nodes, first):
    assert place.first_node(nodes) == first


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        (SLURM | {"SLURM_JOB_ID": "x"}, r"SLURM_JOB_ID, .*; it is 'x'"),
        (SLURM | {"SLURM_STEP_NUM_TASKS": ""}, "SLURM_NTASKS, .*; it is None"),
        ({k: SLURM[k] for k in ("SLURM_JOB_ID", "SLURM_STEP_NODELIST")}, "SLURM_NTASKS, "),
        (OPEN_MPI | {"OMPI_COMM_WORLD_SIZE": "-1"}, "OMPI_COMM_WORLD_SIZE, .*; it is '-1'"),
        ({"JOB_COMPLETION_INDEX": "x"}, "JOB_COMPLETION_INDEX, .*; it is 'x'"),
    ],
)
def test_variables_that_are_no_numbers_are_named(environment, named):
    with pytest.raises(hosts.HostsError, match=f"{named}.*start the hosts as"):
        hosts.find(distributed=True, environment=environment)

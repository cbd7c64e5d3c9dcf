"""The trees whose start-up is compared."""

from pathlib import Path

from cic_jax import machine
from cic_jax.benchmark import process, start

TREE = str(process.ROOT)


def test_another_tree_is_named_by_its_commit(tmp_path):
    contenders = start._both(tmp_path, [], TREE)
    commit = machine.commit(Path(TREE)) or TREE  # of a copy without Git
    named = ["cic_jax", f"cic_jax of {commit}"]
    assert list(contenders) == [x + y for x in named for y in ("", ", first time")]


def test_one_that_is_no_clone_is_named_by_its_place(tmp_path):
    assert f"cic_jax of {tmp_path}" in start._both(tmp_path, [], str(tmp_path))


def test_one_tree_is_compared_with_nothing(tmp_path):
    assert list(start._both(tmp_path, [], "")) == ["cic_jax", "cic_jax, first time"]

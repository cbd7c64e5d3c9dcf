"""Programs of the latest shapes are kept, and no others; later processes find them."""

import functools
import gc
import os
import threading
import weakref

import jax
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache

from cic_jax import kept, programs


def double(x):
    return 2 * x


def both(x, y):
    return x + y["z"], x * y["z"]


@pytest.fixture
def folder(tmp_path):
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    yield tmp_path
    jax.config.update("jax_compilation_cache_dir", before)


def arguments(size=3):
    return np.arange(size, dtype=np.float32), {"z": np.full(size, 4.0, np.float32)}


def test_the_latest_programs_are_kept(monkeypatch):
    monkeypatch.setattr(programs, "KEPT", 2)
    built = []

    def jit(function):
        built.append(weakref.ref(function))
        return jax.jit(function)

    doubled = programs.Programs(double, jit=jit)
    for size in (1, 2, 1, 3, 1, 2):
        np.testing.assert_array_equal(doubled(np.ones(size, np.float32)), np.full(size, 2.0))
    assert len(built) == 4
    doubled._programs.clear()
    gc.collect()
    assert [function() for function in built] == [None] * 4


def refuse(*_):
    raise AssertionError("compiled")


def test_another_process_compiles_nothing(folder):
    """Stood in for by another object: nothing but the name and the shapes is the same."""
    first = programs.Programs(both, name="both")(*arguments())
    again = programs.Programs(refuse, name="both")
    assert again.is_kept(*arguments())
    later = again(*arguments())
    np.testing.assert_array_equal(later, first)
    assert len(later) == 2
    for name, size in ("other", 3), ("both", 5):
        assert not programs.Programs(refuse, name=name).is_kept(*arguments(size))
        with pytest.raises(AssertionError, match="compiled"):
            programs.Programs(refuse, name=name)(*arguments(size))


@pytest.fixture
def compiled_by_jax(folder):
    """Returns the names of the programs that JAX keeps itself."""
    before = jax.config.jax_persistent_cache_min_compile_time_secs
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    compilation_cache.reset_cache()  # JAX looks for a folder once, at the first program
    yield lambda: {path.name for path in folder.glob("jit_double*-cache")}
    jax.config.update("jax_persistent_cache_min_compile_time_secs", before)
    compilation_cache.reset_cache()


def test_programs_are_kept_anew_where_jax_has_them_already(folder, compiled_by_jax):
    """What JAX reads from its own files cannot be kept a second time."""
    for _ in range(2):
        found = programs.Programs(double, name="double")(np.ones(3, np.float32))
        later = programs.Programs(refuse, name="double")(np.ones(3, np.float32))
        np.testing.assert_array_equal(later, found)
        for path in folder.glob(f"*{kept.SUFFIX}"):
            path.unlink()


@pytest.mark.parametrize(("name", "backend"), [("double", "gpu"), (None, "cpu")])
def test_jax_finds_programs_that_are_not_kept_here(compiled_by_jax, monkeypatch, name, backend):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    for _ in range(2):  # in JAX's own files a program is found by its name, too
        programs.Programs(double, name=name)(np.ones(3, np.float32))
        assert len(compiled_by_jax()) == 1


def test_a_folder_that_can_only_be_read_is_used(folder, monkeypatch):
    def refuses(_):
        raise PermissionError

    kept.write("a", bytes(10))
    monkeypatch.setattr(os, "utime", refuses)
    assert kept.read("a") == bytes(10)


@pytest.mark.parametrize("fault", ["cut", "changed", "empty", "another's", "a folder"])
def test_damaged_files_are_compiled_anew(folder, fault):
    first = programs.Programs(both, name="both")(*arguments())
    (path,) = folder.glob(f"*{kept.SUFFIX}")
    contents = path.read_bytes()
    if fault == "a folder":
        path.unlink()
        path.mkdir()
    elif fault == "another's":  # of other programs, under this name
        programs.Programs(double, name="double")(np.ones(3, np.float32))
        (other,) = set(folder.glob(f"*{kept.SUFFIX}")) - {path}
        other.rename(path)
    else:
        changed = contents[:-1] + bytes([contents[-1] ^ 1])
        path.write_bytes({"cut": contents[:-9], "changed": changed, "empty": b""}[fault])
    again = programs.Programs(both, name="both")(*arguments())
    np.testing.assert_array_equal(again, first)
    if fault != "a folder":  # whose place no file takes
        assert len(path.read_bytes()) == len(contents)


def test_a_folder_that_takes_nothing_costs_nothing_but_time(folder):
    (folder / "file").touch()
    jax.config.update("jax_compilation_cache_dir", str(folder / "file" / "none"))
    found = programs.Programs(both, name="both")(*arguments())
    np.testing.assert_array_equal(found[0], [4.0, 5.0, 6.0])


def test_the_files_read_last_are_kept(folder, monkeypatch):
    monkeypatch.setattr(kept, "ROOM", 2 * (kept.DIGEST + 10))
    for i, name in enumerate("abc"):
        kept.write(name, bytes(10))
        if name != "c":
            os.utime(folder / f"{name}{kept.SUFFIX}", (i, i))
    assert [kept.read(name) for name in "abc"] == [None, bytes(10), bytes(10)]


def test_names_tell_settings_processors_and_code_apart(monkeypatch):
    before = kept.name("x")
    assert kept.name("x") == before != kept.name("x", "")
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    assert kept.name("x") != before
    monkeypatch.undo()
    monkeypatch.setattr(kept, "_surroundings", lambda: "another processor")
    assert kept.name("x") != before


def test_a_thread_waits_for_the_program_that_another_compiles():
    compiled = []

    def jit(function):
        compiled.append(function)
        return jax.jit(function)

    doubled = programs.Programs(double, jit=jit)
    wanted = jax.ShapeDtypeStruct((3,), np.float32)
    threads = [threading.Thread(target=doubled.prepare, args=(wanted,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    np.testing.assert_array_equal(doubled(np.ones(3, np.float32)), np.full(3, 2.0))
    for thread in threads:
        thread.join()
    assert len(compiled) == 1


def test_what_cannot_be_compiled_is_tried_again():
    attempts = []

    def fails_once(x):
        attempts.append(x)
        if len(attempts) == 1:
            raise ValueError("no")
        return x

    program = programs.Programs(fails_once)
    with pytest.raises(ValueError, match="no"):
        program(np.ones(3, np.float32))
    np.testing.assert_array_equal(program(np.ones(3, np.float32)), np.ones(3))


def test_it_is_told_where_tracing_ends(folder):
    """Of a program that is compiled, that is kept, and that is there; else threads wait for it."""
    events = []

    def traced_double(x):
        events.append("trace")
        return 2 * x

    doubled = programs.Programs(traced_double, name="double")
    told = functools.partial(events.append, "told")
    doubled.prepare(np.ones(3, np.float32), traced=told)
    doubled.prepare(np.ones(3, np.float32), traced=told)
    assert events == ["trace", "told", "told"]
    programs.Programs(refuse, name="double").prepare(np.ones(3, np.float32), traced=told)
    assert events == ["trace", "told", "told", "told"]

"""Programs of the latest shapes are kept, and no others."""

import gc
import weakref

import jax
import numpy as np

from cic_jax import programs


def test_the_latest_programs_are_kept(monkeypatch):
    monkeypatch.setattr(programs, "KEPT", 2)
    built = []

    def build():
        function = jax.jit(lambda x: 2 * x)
        built.append(weakref.ref(function))
        return function

    double = programs.Programs(build)
    for size in (1, 2, 1, 3, 1, 2):
        np.testing.assert_array_equal(double(np.ones(size, np.float32)), np.full(size, 2.0))
    gc.collect()
    assert [function() is not None for function in built] == [True, False, False, True]

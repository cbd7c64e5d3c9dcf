"""The shapes of a model's variables are traced once, and its name tells what it is."""

import jax
import numpy as np

from cic_jax import model

RIGHT = model.describe("simplified", centers=None)


def test_shapes_are_traced_once(tmp_path, monkeypatch):
    """Later processes, stood in for here, read them; of another model, they are traced."""
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    try:
        first = model.shapes(RIGHT)
        monkeypatch.setattr(model, "_traced_shapes", lambda _: {})
        assert model.shapes(RIGHT) == first
        assert model.shapes(RIGHT | {"width": 0.5}) == {}
    finally:
        jax.config.update("jax_compilation_cache_dir", before)


def test_a_model_is_shown_in_one_line():
    variables = {"params": {"a": np.ones(1234)}}
    shown = repr(model.build(model.describe("simplified", width=0.05), variables))
    assert shown == "Model(simplified of width 0.05, 1,234 parameters, predicts bins)"

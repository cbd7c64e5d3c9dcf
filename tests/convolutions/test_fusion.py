import jax
import jax.numpy as jnp
import numpy as np

from cic_jax.convolutions.fusion import materialize


def slopes(x):
    return x[1:] - x[:-1]


def together(x):
    d = slopes(x)
    return d[1:] * d[:-1]


def staged(x):
    d = materialize(slopes, x)
    return d[1:] * d[:-1]


def test_a_stage_apart_is_a_call_when_xla_is_done():
    x = jnp.arange(8.0) ** 2
    compiled = [jax.jit(f).lower(x).compile().as_text() for f in (staged, together)]
    assert [" call(" in text for text in compiled] == [True, False]


def test_elsewhere_it_ends_in_a_barrier(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    x = jnp.arange(9.0)  # a shape that nothing here was traced for
    assert "optimization_barrier" in str(jax.make_jaxpr(staged)(x))


def test_it_is_the_same_function():
    x = jax.random.normal(jax.random.key(0), (3, 8))
    for transform in (
        jax.vmap,
        lambda f: jax.vmap(jax.grad(lambda x: f(x).sum())),
        lambda f: lambda x: jax.lax.map(f, x),
    ):
        np.testing.assert_array_equal(transform(staged)(x), transform(together)(x))

"""Hints reach the network, say nothing where there are none, and lie where they were given."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import hints, network
from cic_jax.hints import Hints
from cic_jax.train import hints as drawn

NET = network.create("lite", outputs=12, width=0.05)
APPLY = jax.jit(NET.apply)  # step by step, every operation would be compiled on its own
CENTERS = np.random.default_rng(0).uniform(-80, 80, (12, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def variables():
    variables = jax.jit(NET.init)(jax.random.key(0), jnp.zeros((1, 32, 32, 1)))
    big = jax.tree.map(lambda x: 30 * x, variables["params"]["out"])
    return variables | {"params": variables["params"] | {"out": big}}


@pytest.fixture(scope="module")
def lightness():
    return jnp.asarray(np.random.default_rng(1).uniform(0, 100, (2, 40, 64, 1)), jnp.float32)


def points(*places, ab=(50.0, -20.0), photographs=2):
    place = jnp.broadcast_to(jnp.array(places, jnp.float32), (photographs, len(places), 2))
    colours = jnp.broadcast_to(jnp.array(ab, jnp.float32), place.shape)
    return Hints(place, colours, jnp.ones(place.shape[:2]), jnp.zeros((photographs, 12)))


def test_no_hints_are_the_same_as_hints_that_say_nothing(variables, lightness):
    alone = APPLY(variables, lightness)
    assert alone.shape == (2, 10, 16, 12)
    nothing = hints.none(2, 3, 12)
    np.testing.assert_allclose(APPLY(variables, lightness, hints=nothing), alone, atol=1e-5)


def test_a_point_a_palette_and_their_gradients_reach_the_logits(variables, lightness):
    alone = APPLY(variables, lightness)
    point = points((0.5, 0.5))
    asked = hints.none(2, 1, 12)._replace(palette=jnp.eye(12)[:2])
    for hint in (point, asked):
        assert np.abs(APPLY(variables, lightness, hints=hint) - alone).max() > 1e-4

    def total(ab):
        return jnp.sum(APPLY(variables, lightness, hints=point._replace(ab=ab)) ** 2)

    assert np.isfinite(jax.grad(total)(point.ab)).all()
    assert np.abs(jax.grad(total)(point.ab)).max() > 0


def test_the_order_of_hints_and_empty_places_do_not_matter(variables, lightness):
    one, two = points((0.2, 0.3)), points((0.7, 0.9), ab=(-30.0, 40.0))

    def joined(*parts):
        return Hints(
            *(jnp.concatenate(x, axis=1) for x in zip(*(p[:3] for p in parts), strict=True)), one[3]
        )

    empty = hints.none(2, 4, 12)
    expected = APPLY(variables, lightness, hints=joined(one, two))
    for others in ((two, one), (empty, one, two)):
        result = APPLY(variables, lightness, hints=joined(*others))
        np.testing.assert_allclose(result, expected, atol=1e-4)


def test_a_hint_lies_in_its_cell_and_colours_that_meet_are_averaged():
    laid = hints.cells(points((0.0, 0.0), (1.0, 1.0), (0.99, 0.99), ab=(55.0, -11.0)), 4, 8)
    expected = np.zeros((4, 8, 3))
    expected[0, 0] = expected[3, 7] = (0.5, -0.1, 1)
    np.testing.assert_allclose(laid[0], expected, atol=1e-6)


def test_drawn_hints_are_true_colours_as_often_as_asked():
    ab = jnp.broadcast_to(jnp.array([12.0, -7.0]), (400, 6, 8, 2))
    L = jnp.full((400, 6, 8, 1), 50.0)
    shares = {"points": 0.5, "palette": 0.25, "recolored": 0.0}
    draw = jax.jit(lambda key: drawn.draw(key, ab, L, **shares, centers=CENTERS))
    result, learnt = draw(jax.random.key(0))
    np.testing.assert_array_equal(learnt, ab)
    counts = np.sum(result.given, axis=1)
    assert 0.4 < np.mean(counts > 0) < 0.6
    assert 6 < np.mean(counts[counts > 0]) < 10
    np.testing.assert_allclose(result.ab[result.given > 0], [[12.0, -7.0]] * int(counts.sum()))
    known = np.sum(result.palette, axis=1)
    assert 0.15 < np.mean(known > 0) < 0.35
    np.testing.assert_allclose(known[known > 0], 1.0, rtol=1e-5)


def test_measured_points_are_true_and_inside_the_mask():
    ab = jnp.asarray(np.random.default_rng(0).normal(size=(2, 6, 8, 2)), jnp.float32)
    mask = jnp.zeros((2, 6, 8), bool).at[:, :3].set(True)
    found = drawn.true_points(jax.random.key(0), ab, mask, 24)
    rows, columns = (np.floor(found.place[..., i] * n).astype(int) for i, n in ((0, 6), (1, 8)))
    assert rows.max() == 2
    assert len(set(zip(rows[0], columns[0], strict=True))) == 24
    np.testing.assert_allclose(found.ab[1], ab[1, rows[1], columns[1]], atol=1e-6)
    assert not np.any(drawn.true_points(jax.random.key(0), ab, mask, 0).given)

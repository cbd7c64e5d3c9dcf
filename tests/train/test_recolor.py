import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from cic_jax.bins import CENTERS
from cic_jax.train import hints
from cic_jax.train.recolor import ALIKE, EDGE, grow, recolor

SIDE = 16


@pytest.fixture(scope="module")
def cells() -> tuple[jnp.ndarray, jnp.ndarray]:
    """Smooth random colours and lightness of eight photographs."""
    rng = np.random.default_rng(0)
    ab = ndimage.gaussian_filter(rng.normal(size=(8, SIDE, SIDE, 2)), (0, 2, 2, 0)) * 150
    L = 50 + ndimage.gaussian_filter(rng.normal(size=(8, SIDE, SIDE, 1)), (0, 2, 2, 0)) * 60
    return jnp.asarray(ab, jnp.float32), jnp.asarray(L, jnp.float32)


def flood(ab: np.ndarray, L: np.ndarray, start: tuple[int, int]) -> np.ndarray:
    """Walk from cell to cell, as an independent way to the same region."""
    region, todo = np.zeros(L.shape, bool), [start]
    region[start] = True
    while todo:
        i, j = todo.pop()
        for k, m in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
            if not (0 <= k < SIDE and 0 <= m < SIDE) or region[k, m]:
                continue
            if np.linalg.norm(ab[k, m] - ab[start]) < ALIKE and abs(L[k, m] - L[i, j]) < EDGE:
                region[k, m] = True
                todo.append((k, m))
    return region


def test_a_region_is_what_a_walk_from_cell_to_cell_reaches(cells):
    ab, L = cells
    start = jnp.asarray(np.random.default_rng(1).integers(0, SIDE, (8, 2)))
    found = np.asarray(jax.jit(grow)(ab, L, start))
    for i in range(8):
        expected = flood(np.asarray(ab[i]), np.asarray(L[i, ..., 0]), tuple(map(int, start[i])))
        np.testing.assert_array_equal(found[i], expected)


def test_an_edge_of_lightness_ends_a_region():
    ab = jnp.zeros((1, SIDE, SIDE, 2))
    L = jnp.full((1, SIDE, SIDE, 1), 40.0).at[:, :, 5:].add(EDGE + 1)
    np.testing.assert_array_equal(
        grow(ab, L, jnp.array([[3, 2]]))[0], np.arange(SIDE)[None].repeat(SIDE, 0) < 5
    )


def test_one_region_moves_as_a_whole_and_the_rest_stays(cells):
    ab, L = cells[0] / 4, cells[1]
    found = jax.jit(recolor)(jax.random.key(3), ab, L, jnp.arange(8) < 6)
    region = np.asarray(grow(ab, L, found.cell)) & np.asarray(found.changed)[:, None, None]
    assert np.sum(found.changed[:6]) >= 4
    assert not found.changed[6:].any()
    moved = np.linalg.norm(found.ab - ab, axis=-1)
    assert not moved[~region].any()
    assert np.mean(moved[region] > ALIKE) > 0.4


def test_the_first_point_lies_in_the_region_and_asks_for_its_other_colour(cells):
    ab, L = cells[0] / 4, cells[1]
    shares = {"points": 1.0, "palette": 0.0, "recolored": 1.0}
    given, learnt = hints.draw(jax.random.key(5), ab, L, **shares, centers=CENTERS)
    row, column = np.floor(np.asarray(given.place[:, 0]) * SIDE).astype(int).T
    away = np.asarray(given.ab[:, 0] - ab[np.arange(8), row, column])
    moved = np.asarray(learnt - ab)[np.arange(8), row, column]
    some = np.linalg.norm(moved, axis=-1) > ALIKE
    assert np.sum(some) >= 3
    np.testing.assert_allclose(away[some], moved[some], atol=ALIKE)  # some are means of cells
    assert np.all(given.given[:, 0] == 1)
    assert np.mean(np.sum(given.given, axis=1)) < 5

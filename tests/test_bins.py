"""Encoding against a search over all bins, decoding against its definition."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from cic_jax import bins, lab

SQUARE = bins.square()


@jax.jit
def ten_nearest(ab, centers):
    """Compare each colour with every centre; `top_k` gives equal distances by index."""

    def search(one):
        negative, indices = jax.lax.top_k(-jnp.sum((one - centers) ** 2, axis=-1), 10)
        return indices, -negative

    return jax.lax.map(search, ab, batch_size=5000)


@pytest.mark.parametrize(
    ("centers", "count"),
    [(bins.CENTERS, 1_000_000), (SQUARE, 50_000)],
    ids=["the 313 bins", "a square of 625"],
)
def test_encode_finds_the_nearest_of_all_bins(centers, count):
    # Multiples of 1/8 make every distance exact, and many of them tie.
    ab = np.random.default_rng(0).integers(-880, 881, (count, 2)).astype(np.float32) / 8
    indices, squared = map(np.asarray, ten_nearest(ab, centers))
    for k in (1, 5, 10):
        actual, weights = jax.jit(lambda ab, k=k: bins.encode(ab, k, 5.0, centers))(ab)
        np.testing.assert_array_equal(actual, indices[:, :k])
        expected = scipy.special.softmax(-squared[:, :k].astype(np.float64) / (2 * 5**2), axis=-1)
        np.testing.assert_allclose(weights, expected, atol=1e-6)
        np.testing.assert_allclose(np.sum(weights, axis=-1), 1, atol=1e-6)


def test_encode_is_right_on_either_side_of_a_cell_of_its_table():
    edge = np.arange(-110, 111, bins.CELL, dtype=np.float32)
    edge = np.stack([np.nextafter(edge, -np.inf), edge, np.nextafter(edge, np.inf)], axis=-1)
    ab = np.stack(np.meshgrid(edge, edge), axis=-1).reshape(-1, 2)
    indices, _ = jax.jit(partial(bins.encode, neighbors=10))(ab)
    actual = np.sum((bins.CENTERS[indices] - ab[:, None]) ** 2, axis=-1)
    np.testing.assert_allclose(actual, ten_nearest(ab, bins.CENTERS)[1], rtol=1e-5)


def test_one_neighbour_is_one_hot_and_far_colours_are_taken_at_the_edge():
    indices, weights = jax.jit(partial(bins.encode, neighbors=1))(bins.CENTERS)
    np.testing.assert_array_equal(indices[:, 0], np.arange(313))
    np.testing.assert_array_equal(weights, np.ones((313, 1)))

    # A narrow kernel: unless taken relative to the nearest, all weights would underflow.
    encode = jax.jit(partial(bins.encode, sigma=0.5))
    far = encode(np.float32([[500, 0], [-1e30, 1e30], [128, -128]]))
    near = encode(np.float32([[128, 0], [-128, 128], [128, -128]]))
    for actual, expected in zip(far, near, strict=True):
        np.testing.assert_array_equal(actual, expected)
    np.testing.assert_allclose(np.sum(far[1], axis=-1), 1, atol=1e-6)


@pytest.mark.parametrize("neighbors", [0, 314])
def test_encode_refuses_an_impossible_number_of_neighbours(neighbors):
    with pytest.raises(ValueError, match=rf"must be in \[1, 313\].*is {neighbors}"):
        bins.encode(jnp.zeros((1, 2)), neighbors)


def test_encode_compares_no_colour_with_every_bin():
    program = jax.jit(bins.encode).lower(np.zeros((1000, 2), np.float32)).as_text()
    assert "tensor<1000x5xf32>" in program
    assert "tensor<1000x313x" not in program


@pytest.mark.parametrize(
    ("neighbors", "mean", "largest"), [(1, 4.0, 7.08), (5, 0.25, 0.75), (10, 0.25, 0.45)]
)
def test_the_mean_of_an_encoded_colour_is_near_it(neighbors, mean, largest):
    """One-hot loses up to half a diagonal of the grid, five neighbours less than one unit."""
    axis = np.linspace(0, 1, 52, dtype=np.float32)
    rgb = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)

    @jax.jit
    def error_of(rgb):
        ab = lab.rgb_to_lab(rgb)[:, 1:]
        indices, weights = bins.encode(ab, neighbors)
        dense = jnp.zeros((len(rgb), 313)).at[jnp.arange(len(rgb))[:, None], indices].add(weights)
        return jnp.linalg.norm(bins.decode(jnp.log(dense), 1.0) - ab, axis=-1)

    error = np.asarray(error_of(rgb))
    assert error.mean() < mean
    assert error.max() < largest


def test_centres_are_the_published_ones():
    """Every sRGB colour rounds to one of 261 bins; they and their four neighbours hold all 313."""
    assert bins.CENTERS.shape == (313, 2)
    table = [tuple(row) for row in bins.CENTERS]
    assert table == sorted(set(table))
    assert all(a % 10 == b % 10 == 0 for a, b in table)

    @jax.jit
    def occupied(first):
        code = first + jnp.arange(1 << 20)
        rgb = jnp.stack([code >> 16, (code >> 8) & 255, code & 255], axis=-1) / 255.0
        row = jnp.round(lab.rgb_to_lab(rgb)[:, 1:] / 10).astype(int) + 12
        return jnp.zeros((25, 25)).at[row[:, 0], row[:, 1]].set(1)

    counts = np.max([occupied(i << 20) for i in range(16)], axis=0)
    gamut = {tuple(center) for center in bins.occupied(counts.ravel(), SQUARE)}
    steps = [(0, 0), (10, 0), (-10, 0), (0, 10), (0, -10)]
    dilated = {(a + da, b + db) for a, b in gamut for da, db in steps}
    assert (len(gamut), len(dilated)) == (261, 323)
    assert gamut < set(table) < dilated


@pytest.mark.parametrize("temperature", [1e-3, 0.1, 0.38, 1.0])
@pytest.mark.parametrize("scale", [0.0, 3.0, 1e4])
def test_decode_is_the_annealed_mean(temperature, scale):
    logits = scale * np.random.default_rng(1).standard_normal((64, 313)).astype(np.float32)
    annealed = scipy.special.softmax(logits.astype(np.float64) / temperature, axis=-1)
    actual = jax.jit(bins.decode)(logits, temperature)
    np.testing.assert_allclose(actual, annealed @ bins.CENTERS, atol=2e-3)


def test_temperature_0_is_the_mode_and_ties_share_it():
    logits = np.random.default_rng(2).standard_normal((64, 313)).astype(np.float32)
    logits[0, [7, 200]] = 10
    expected = bins.CENTERS[np.argmax(logits, axis=-1)]
    expected[0] = (bins.CENTERS[7] + bins.CENTERS[200]) / 2
    for decode in (bins.decode, jax.jit(bins.decode)):
        for scale in (1e-4, 1.0, 1e4):
            np.testing.assert_array_equal(decode(jnp.asarray(scale * logits), 0.0), expected)
    np.testing.assert_allclose(bins.decode(jnp.asarray(1e4 * logits), 1e-3), expected, atol=1e-3)


@pytest.mark.parametrize("temperature", [0.0, 0.38, 1.0])
def test_decode_ignores_a_shift_of_all_logits(temperature):
    logits = np.random.default_rng(3).integers(-300, 300, (64, 313)).astype(np.float32) / 64
    decode = jax.jit(bins.decode)
    np.testing.assert_array_equal(decode(logits + 8192, temperature), decode(logits, temperature))


@pytest.mark.parametrize("scale", [0.0, 2.0], ids=["all equal", "random"])
def test_derivative_of_decode(scale):
    """The mean moves by f_q (center_q - mean) / T per unit of logit q, also where logits tie."""
    logits = scale * np.random.default_rng(4).standard_normal(313).astype(np.float32)
    weights = scipy.special.softmax(logits.astype(np.float64) / 0.38)
    expected = weights * (bins.CENTERS - weights @ bins.CENTERS).T / 0.38
    actual = jax.jit(jax.jacrev(bins.decode))(logits)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_certainty_is_one_less_the_relative_entropy():
    flat, sure = np.zeros(313, np.float32), np.full(313, -1e4, np.float32)
    sure[5] = 0
    both = sure.copy()
    both[9] = 0
    logits = jnp.stack([flat, sure, both])
    expected = [0, 1, 1 - np.log(2) / np.log(313)]
    np.testing.assert_allclose(bins.certainty(logits)[:, 0], expected, atol=1e-5)
    np.testing.assert_allclose(bins.certainty(logits + 7)[:, 0], expected, atol=1e-5)

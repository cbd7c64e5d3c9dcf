"""The Frechet distance against its closed forms."""

import numpy as np
import pytest
import scipy.linalg

from cic_jax import semantics


def test_equal_sets_have_no_distance_and_a_shift_its_square():
    x = np.random.default_rng(0).normal(size=(50, 8))
    assert semantics.frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert semantics.frechet_distance(x, x + 2) == pytest.approx(8 * 4)
    assert semantics.frechet_distance(x, 3 * x) == pytest.approx(
        4 * np.sum(x.mean(0) ** 2) + 4 * np.trace(np.cov(x.T))
    )


def test_it_is_the_formula_with_a_matrix_square_root():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 5)), rng.gamma(2.0, size=(40, 5))
    s, t = np.cov(x.T), np.cov(y.T)
    root = scipy.linalg.sqrtm(s @ t).real
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(s + t - 2 * root)
    assert semantics.frechet_distance(x, y) == pytest.approx(expected)
    # Fewer photographs than features: the covariances are singular.
    few = semantics.frechet_distance(x[:3], y[:4])
    assert np.isfinite(few)
    assert few > 0


def test_one_photograph_has_no_distance():
    with pytest.raises(ValueError, match="two photographs or more, got 1, 3"):
        semantics.frechet_distance(np.zeros((1, 2)), np.zeros((3, 2)))


def test_agreement_is_by_photograph():
    verdicts = np.array([1, 2, 3]), np.array([1, 5, 3])
    np.testing.assert_array_equal(semantics.agreement(*verdicts), [1, 0, 1])

"""Bootstrap intervals over photographs, seeds and repeated measurements."""

import functools
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Num

RESAMPLES = 10_000
CONFIDENCE = 0.95

Interval = dict[str, float]  # "mean", "low", "high"


def intervals(columns: Mapping[str, Num[np.ndarray, " n"]], seed: int = 0) -> dict[str, Interval]:
    """Compute the mean and 95 % interval of each column of values by photograph."""
    return {name: interval(values[None], seed) for name, values in columns.items()}


def interval(values: Num[np.ndarray, "seeds n"], seed: int = 0) -> Interval:
    """Compute the mean and 95 % interval, resampling photographs and, if several, seeds.

    Photographs and seeds are resampled independently (Owen, "The pigeonhole bootstrap", 2007); for
    a single seed that is Efron's bootstrap over photographs (1979). A few seeds say little about
    others: their interval is too narrow.
    """
    seeds, photographs = draws(*values.shape, seed)
    resampled = np.sum((photographs @ values.T) * seeds, axis=1)
    return percentiles(float(np.mean(values)), resampled)


@functools.lru_cache(maxsize=4)
def draws(
    seeds: int, count: int, seed: int
) -> tuple[Float[np.ndarray, "resamples seeds"], Float[np.ndarray, "resamples n"]]:
    """Draw the weights of seeds and of photographs in every resample; each row sums to 1.

    How often each of them was drawn is all that a resampled mean needs.
    """
    rng = np.random.default_rng(seed)
    photographs = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES) / count
    return rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES) / seeds, photographs


def ratio_of_medians(
    over: Num[np.ndarray, " n"], under: Num[np.ndarray, " m"], seed: int = 0
) -> Interval:
    """Compute the ratio of two medians, as of repeated measurements, with its interval."""
    rng = np.random.default_rng(seed)
    medians = [
        np.median(x[rng.integers(len(x), size=(RESAMPLES, len(x)))], axis=1) for x in (over, under)
    ]
    return percentiles(float(np.median(over) / np.median(under)), medians[0] / medians[1])


def reduction(
    values: Num[np.ndarray, " n"], base: Num[np.ndarray, " n"], seed: int = 0
) -> Interval:
    """Compute 1 - mean(values) / mean(base) over the same photographs, with its paired interval."""
    _, photographs = draws(1, len(values), seed)
    resampled = 1 - (photographs @ values) / (photographs @ base)
    return percentiles(float(1 - np.mean(values) / np.mean(base)), resampled)


def percentiles(mean: float, resampled: Float[np.ndarray, " resamples"]) -> Interval:
    """Compute the percentile interval of a mean from its resampled values."""
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return {"mean": mean, "low": float(low), "high": float(high)}

"""Bootstrap intervals of what was measured of photographs, seeds and machines."""

import functools

import numpy as np
from jaxtyping import Float, Num

from cic_jax.train.evaluate import CONFIDENCE, RESAMPLES

Interval = dict[str, float]  # "mean", "low", "high"
Values = Num[np.ndarray, "seeds n"]


def interval(values: Values, seed: int = 0) -> Interval:
    """Mean and bootstrap interval, resampling photographs and, where there are several, seeds.

    The two are resampled independently (Owen, "The pigeonhole bootstrap", 2007); few seeds say
    little about others, and their interval is too narrow. Of one seed it is that of
    `evaluate.intervals`.
    """
    rows, columns = draws(*values.shape, seed)
    return summary(float(np.mean(values)), np.sum((columns @ values.T) * rows, axis=1))


@functools.lru_cache(maxsize=4)
def draws(seeds: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each seed and each photograph is drawn: 'resamples seeds', 'resamples n', sum 1."""
    rng = np.random.default_rng(seed)
    photographs = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES) / count
    return rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES) / seeds, photographs


def ratio_of_medians(
    over: Num[np.ndarray, " n"], under: Num[np.ndarray, " m"], seed: int = 0
) -> Interval:
    """The ratio of two medians, as of speeds measured again and again, with its interval."""
    rng = np.random.default_rng(seed)
    medians = [
        np.median(x[rng.integers(len(x), size=(RESAMPLES, len(x)))], axis=1) for x in (over, under)
    ]
    return summary(float(np.median(over) / np.median(under)), medians[0] / medians[1])


def summary(mean: float, resampled: Float[np.ndarray, " r"]) -> Interval:
    """The mean with the interval that so much of what was resampled lies in."""
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return {"mean": mean, "low": float(low), "high": float(high)}

"""Vehicle paint: a known mixture of Gaussians in the ab plane for each kind of vehicle.

The truth about a drawn photograph is a distribution, not one colour: given the grey picture, a car
may have any colour of `MIXTURES["car"]`. Two rules keep that exact.

* Lightness is independent of colour: `sample_lightness` is one distribution for all kinds and
  components.
* Every shade of a painted surface stays within `LIGHTNESS`. Over that interval the mixtures lie
  inside the sRGB gamut (up to the far tails), so shading changes L only, and no shade rules out
  a colour.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

KINDS = ("aeroplane", "boat", "bus", "car", "motorcycle")
LIGHTNESS = (38.0, 64.0)


class Component(NamedTuple):
    """One component of a mixture: its weight, and mean and standard deviation of (a, b)."""

    name: str
    weight: float
    mean: tuple[float, float]
    std: tuple[float, float]


class Paint(NamedTuple):
    """A colour drawn from a mixture: index of its component, and its ab."""

    component: int
    ab: Float[np.ndarray, "2"]


_COLORS = {
    "neutral": ((0.0, -0.5), (1.5, 2.0)),
    "beige": ((2.0, 12.0), (2.0, 3.0)),
    "red": ((46.0, 30.0), (4.0, 4.0)),
    "orange": ((26.0, 40.0), (3.5, 3.5)),
    "yellow": ((1.0, 38.0), (2.5, 2.5)),
    "green": ((-29.0, 20.0), (4.0, 3.5)),
    "turquoise": ((-17.0, -6.0), (2.5, 2.5)),
    "blue": ((11.0, -36.0), (3.5, 3.5)),
}


def _mixture(**weights: float) -> tuple[Component, ...]:
    return tuple(Component(name, weights[name], *_COLORS[name]) for name in _COLORS)


# fmt: off
MIXTURES: dict[str, tuple[Component, ...]] = {
    "aeroplane":  _mixture(neutral=0.46, beige=0.04, red=0.16, orange=0.06, yellow=0.06, green=0.04, turquoise=0.04, blue=0.14),  # noqa: E501
    "boat":       _mixture(neutral=0.30, beige=0.06, red=0.16, orange=0.05, yellow=0.04, green=0.11, turquoise=0.08, blue=0.20),  # noqa: E501
    "bus":        _mixture(neutral=0.18, beige=0.05, red=0.30, orange=0.06, yellow=0.15, green=0.13, turquoise=0.03, blue=0.10),  # noqa: E501
    "car":        _mixture(neutral=0.45, beige=0.08, red=0.15, orange=0.04, yellow=0.05, green=0.06, turquoise=0.04, blue=0.13),  # noqa: E501
    "motorcycle": _mixture(neutral=0.26, beige=0.02, red=0.26, orange=0.10, yellow=0.07, green=0.10, turquoise=0.03, blue=0.16),  # noqa: E501
}
# fmt: on
COMPONENTS = tuple(_COLORS)


def weights(kind: str) -> Float[np.ndarray, " m"]:
    """Return the mixture's weights in the order of `COMPONENTS`; they sum to one."""
    return np.array([c.weight for c in MIXTURES[kind]], np.float32)


def means(kind: str) -> Float[np.ndarray, "m 2"]:
    """Return the mean (a, b) of each component, in CIELAB units."""
    return np.array([c.mean for c in MIXTURES[kind]], np.float32)


def stds(kind: str) -> Float[np.ndarray, "m 2"]:
    """Return the standard deviations of a and b, which are independent, for each component."""
    return np.array([c.std for c in MIXTURES[kind]], np.float32)


def log_density(kind: str, ab: Float[Array | np.ndarray, "*b 2"]) -> Float[Array, "*b"]:
    """Compute the exact log density of a kind's paint at ab, per unit of area of the ab plane.

    log sum_m w_m N(ab; mean_m, diag(std_m^2)); differentiable, finite everywhere in float32 range.
    """
    std = stds(kind)
    z = (ab[..., None, :] - means(kind)) / std
    log_normal = -0.5 * jnp.sum(z**2, axis=-1) - np.log(2 * np.pi * std.prod(axis=-1))
    return jax.nn.logsumexp(log_normal + np.log(weights(kind)), axis=-1)


def sample(kind: str, rng: np.random.Generator) -> Paint:
    """Draw a paint from `MIXTURES[kind]`."""
    cumulative = np.cumsum([c.weight for c in MIXTURES[kind]])
    component = int(np.searchsorted(cumulative[:-1], rng.random(), side="right"))
    drawn = MIXTURES[kind][component]
    return Paint(component, rng.normal(drawn.mean, drawn.std).astype(np.float32))


def sample_lightness(rng: np.random.Generator) -> float:
    """Draw L of a paint under even light: a scaled Beta(3, 3) within `LIGHTNESS` for every kind."""
    low, high = LIGHTNESS
    return low + (high - low) * float(rng.beta(3.0, 3.0))

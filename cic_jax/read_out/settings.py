"""The settings of a read-out: how colours are taken from a predicted distribution."""

import math
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from cic_jax import bins
from cic_jax.target import Target

Number = Float[Array, ""] | float


class Settings(NamedTuple):
    """How a distribution is read out; the defaults are those of CIC. A tree of numbers for JAX."""

    temperature: Number = bins.TEMPERATURE  # of the annealed mean: 0 is the mode, 1 the mean
    tau: Number = 0.0  # strength of the rebalancing; see `prior.adjust`
    possible: Bool[Array, ""] | bool = False  # leave out bins that sRGB lacks; `gamut.possible`
    doubt: Number = 0.0  # loss of chroma where the distribution is flat; see `bins.certainty`
    saturation: Number = 1.0  # factor of ab


def from_config(colour: ConfigDict) -> Settings:
    """Return the settings in the section "colour" of a config."""
    return Settings(**{key: colour[key] for key in Settings._fields})


def require(settings: Settings, target: Target) -> None:
    """Raise ValueError where a model cannot be read out by these settings."""
    if not all(0 <= value < math.inf for value in settings):
        raise ValueError(
            f"expected doubt, tau, temperature and saturation >= 0 and finite, got {settings}"
        )
    if settings.tau and target.prior is None:
        raise ValueError(
            f"tau = {settings.tau:g} needs a model whose prior is known; this one has none: use 0"
        )
    if (settings.possible or settings.doubt) and target.centers is None:
        raise ValueError(
            "possible and doubt need a model over colour bins; this one predicts ab itself"
        )


def traced(settings: Settings) -> Settings:
    """Make arrays of the numbers, so that no new value of them is compiled again."""
    # From the host: a conversion on the device is a program to compile.
    numbers = (jax.device_put(np.asarray(value, np.float32)) for value in settings)
    possible = jax.device_put(np.asarray(settings.possible, bool))
    return Settings(*numbers)._replace(possible=possible)

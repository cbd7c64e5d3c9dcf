"""The facts that the page shows before there is a photograph."""

import itertools
from typing import Any

import numpy as np
from jaxtyping import Float

from cic_jax import images, lab
from cic_jax.colorize import Colorizer
from cic_jax.colorize.hints import MOST
from cic_jax.read_out import gamut
from cic_jax.read_out.unify import STRENGTH
from cic_jax.web import card, samples
from cic_jax.web.limits import Limits
from cic_jax.web.photograph import CANDIDATES, sizes


def candidates(colorizer: Colorizer) -> int:
    """Return the number of colourings to choose from: one if the model predicts ab itself."""
    return 1 if colorizer.model.target.centers is None else CANDIDATES


def facts(colorizer: Colorizer, model: str, limits: Limits) -> dict[str, Any]:
    """Gather the facts of a colorizer of the name `model`, as JSON."""
    return {
        "where": "server",
        "model": model,
        "weaknesses": card.weaknesses(model),
        "candidates": candidates(colorizer),
        "hints": MOST if colorizer.takes_hints else 0,
        "vividness": _vividness(colorizer),
        "unify": colorizer.unify,  # as the page begins, and as it is switched on
        "unified": colorizer.unify or STRENGTH,
        "sizes": sizes(colorizer),
        "size": colorizer.size,
        "most_bytes": limits.file,
        "suffixes": list(itertools.chain(*images.SUFFIXES.values())),
        "minutes": limits.memory_seconds / 60,
        "samples": [
            {"name": name, "title": sample.title, "credit": sample.credit}
            for name, sample in samples.SAMPLES.items()
        ],
        "lab": {
            "xyz_from_rgb": rows(lab.XYZ_FROM_RGB / lab.D65[:, None]),
            "rgb_from_xyz": rows(lab.RGB_FROM_XYZ * lab.D65),
            "epsilon": lab.EPSILON,
            "slope": lab.SLOPE,
            "offset": lab.OFFSET,
        },
        "gamut": {"steps": gamut.STEPS, "slack": gamut.SLACK},
    }


def rows(array: Float[np.ndarray, "n m"]) -> list[list[float]]:
    """Return the rows of a matrix for JSON."""
    return [[float(x) for x in row] for row in np.asarray(array)]


def _vividness(colorizer: Colorizer) -> float | None:
    """Return the model's own tau; None without a prior, where nothing can be rebalanced."""
    p = colorizer.model.target.prior
    known = p is not None and bool(np.ptp(p) > 0)
    return float(colorizer.settings().tau) if known else None

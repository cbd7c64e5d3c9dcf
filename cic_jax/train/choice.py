"""Choice of a read-out on validation photographs, once for all groups."""

from collections.abc import Collection
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from cic_jax import metrics, read_out
from cic_jax.model import Model
from cic_jax.train import matched
from cic_jax.train.sample import ALL, Sample, batches


class Choice(NamedTuple):
    """A read-out, and its mean error over the groups at matched colourfulness."""

    settings: read_out.Settings  # its saturation matches all photographs together
    rmse_ab: float
    by_group: dict[str, float]
    shares: dict[str, float]  # of the truth's colourfulness, with these settings


def choose(
    model: Model,
    sample: Sample,
    own: read_out.Settings,
    temperatures: Collection[float],
    taus: Collection[float],
) -> list[Choice]:
    """Rank read-outs of a model, best first, by the mean over groups of their matched rmse_ab.

    Every group weighs the same. The photographs should be those of the validation split.

    Args:
        model: The model.
        sample: The photographs.
        own: Settings of the model, of which temperature, tau and saturation are replaced.
        temperatures: Temperatures to try.
        taus: Values of tau to try, each with every temperature.
    """
    ways = [own._replace(temperature=t, tau=tau) for t in temperatures for tau in taus]
    truth, choices = truth_colorfulness(sample), []
    for settings, cell_ab in zip(ways, matched.cells(model, sample, ways), strict=True):
        measured = matched.curves(sample, cell_ab)
        rows = {group: sample.rows(group) for group in sample.group_names()}
        truths = {group: float(np.mean(truth[of])) for group, of in rows.items()}
        colourful = {group: measured["colorfulness"][of].mean(0) for group, of in rows.items()}
        at = {group: matched.crossing(colourful[group], truths[group]) for group in rows}
        errors = {
            group: float(np.interp(at[group], matched.SATURATIONS, measured["rmse_ab"][of].mean(0)))
            for group, of in rows.items()
        }
        together = at[ALL]
        shares = {
            group: float(np.interp(together, matched.SATURATIONS, curve)) / truths[group]
            for group, curve in colourful.items()
        }
        mean = float(np.mean([errors[group] for group in errors if group != ALL]))
        choices.append(Choice(settings._replace(saturation=together), mean, errors, shares))
    return sorted(choices, key=lambda choice: choice.rmse_ab)


def truth_colorfulness(sample: Sample) -> Float[np.ndarray, " n"]:
    """Compute the colourfulness of the photographs themselves."""
    colorfulness = jax.jit(metrics.colorfulness)
    return np.concatenate(
        [
            np.asarray(colorfulness(sample.photo[rows] / np.float32(255), sample.mask[rows]))[:n]
            for rows, n in batches(np.arange(len(sample.names)))
        ]
    )

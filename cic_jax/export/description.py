"""The texts that exported files carry: the model's description, and values of its read-out."""

import json

from cic_jax import bins
from cic_jax.configs import default
from cic_jax.model import Description

DESCRIPTION = "description"  # name of the text that `model.build` needs, JSON
DEFAULTS = "defaults"  # name of the values of the read-out's inputs, by name, JSON


def as_text(description: Description) -> str:
    """Write a description as one line of JSON."""
    return json.dumps(description, separators=(",", ":"))


def texts(description: Description) -> dict[str, str]:
    """Return the texts of a file with a read-out, by name."""
    tau = default.completed(description["config"]).colour.tau
    values = {"temperature": bins.TEMPERATURE, "tau": tau, "saturation": 1.0}
    return {DESCRIPTION: as_text(description), DEFAULTS: json.dumps(values)}

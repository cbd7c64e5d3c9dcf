"""The texts that exported files carry: the model's description, and values of its read-out."""

import json

from cic_jax import bins
from cic_jax.configs import default
from cic_jax.description import Description

DESCRIPTION = "description"  # name of the text that `model.build` needs, JSON
DEFAULTS = "defaults"  # name of the values of the read-out's inputs, by name, JSON
SATURATION = "saturation"  # name of the model's own; hints are told divided by it (`hints.told`)


def as_text(description: Description) -> str:
    """Write a description as one line of JSON."""
    return json.dumps(description, separators=(",", ":"))


def texts(description: Description) -> dict[str, str]:
    """Return the texts of a file with a read-out, by name."""
    colour = default.completed(description["config"]).colour
    values = {"temperature": bins.TEMPERATURE, "tau": colour.tau, "saturation": 1.0}
    return {
        DESCRIPTION: as_text(description),
        DEFAULTS: json.dumps(values),
        SATURATION: str(colour.saturation),
    }

"""A model.onnx as a model of this package: ONNX Runtime computes the network's output."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from cic_jax import exported, factory
from cic_jax.description import checked
from cic_jax.export.description import DESCRIPTION
from cic_jax.hints import Hints
from cic_jax.model import BuildTarget, Model, build
from cic_jax.passes import Forward
from cic_jax.step_files import CheckpointError, short_reason

SUFFIX = ".onnx"
FILE = f"model{SUFFIX}"  # of a folder that `cic-jax export` wrote
HINTS = ("hint_place", "hint_ab", "hint_given", "palette")  # inputs, in the order of `Hints`


def found(path: str | Path) -> Path | None:
    """Return the file *.onnx that `path` names, itself or in a folder that is no checkpoint."""
    path = Path(path).expanduser()
    if path.suffix == SUFFIX:
        return path
    if (path / exported.DESCRIPTION).exists() or not (path / FILE).is_file():
        return None
    return path / FILE


def load(
    path: str | Path,
    *,
    build_target: BuildTarget | None = None,
    factories: Collection[str] = (),
) -> tuple[Model, Forward]:
    """Load a file that `cic-jax export` wrote: the model, without variables, and its forward pass.

    `build_target` and `factories` are as in `checkpoint.load`. Raises CheckpointError if there is
    no such file, if it is not one of these, or if ONNX Runtime is not installed.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise CheckpointError(f"no file at {path}: expected one that `cic-jax export` wrote")
    try:
        import onnxruntime
    except ImportError as error:
        raise CheckpointError(
            f"{path}: running it needs ONNX Runtime: `pip install '.[onnx]'`"
        ) from error
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # each kind of damage raises its own
        raise CheckpointError(f"{path} cannot be loaded: {short_reason(error)}") from error
    try:
        text = session.get_modelmeta().custom_metadata_map[DESCRIPTION]
        about = checked(json.loads(text))
        own = factory.agreed(
            about.get("factories", {}),
            {factory.NETWORK: None, factory.TARGET: build_target},
            factories,
        )
        builders: dict[str, Any] = {f"build_{kind}": function for kind, function in own.items()}
        model = build(about, {}, **builders)
    except factory.FactoryError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except (KeyError, ValueError, TypeError) as error:
        raise CheckpointError(
            f"{path} was not written by `cic-jax export`: {short_reason(error)}"
        ) from error
    return model, _forward(session)


def _forward(session: Any) -> Forward:
    """Return the forward pass of a session."""
    names = {x.name for x in session.get_inputs()}
    # Those of the read-out, which the network's output does not depend on.
    numbers = {x.name: np.zeros((), np.float32) for x in session.get_inputs() if not x.shape}

    def forward(
        L: Float[np.ndarray, "b h w 1"], hints: Hints | None = None
    ) -> Float[np.ndarray, "b h4 w4 q"]:
        feed = {"lightness": np.ascontiguousarray(L.transpose(0, 3, 1, 2)), **numbers}
        if hints is not None:
            feed |= {name: np.asarray(x) for name, x in zip(HINTS, hints, strict=True)}
        (logits,) = session.run(["logits"], {k: v for k, v in feed.items() if k in names})
        return logits.transpose(0, 2, 3, 1)

    return forward

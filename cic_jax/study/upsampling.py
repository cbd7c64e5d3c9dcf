"""Upsampling methods for coarse colour, and their errors on photographs.

The functions are pure; experiments/upsampling.py runs them.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from cic_jax import inference, lab, metrics, photos
from cic_jax.model import Model
from cic_jax.read_out import upsample
from cic_jax.train import bootstrap, evaluate
from cic_jax.train.bootstrap import Interval

EDGE_L, EDGE_AB = 20.0, 20.0  # least change of L or ab between neighbouring pixels at an edge
NEAR = 5  # side of the square around each pixel of an edge
RANGE_L = 8.0  # standard deviation in L of joint bilateral upsampling

Method = Callable[[Float[Array, "i j 2"], Float[Array, "h w 1"]], Float[Array, "h w 2"]]


def bilinear(ab: Float[Array, "i j 2"], L: Float[Array, "h w 1"]) -> Float[Array, "h w 2"]:
    """Interpolate bilinearly, as most programs do."""
    return jax.image.resize(ab, (*L.shape[:2], 2), "linear")


def joint_bilateral(ab: Float[Array, "i j 2"], L: Float[Array, "h w 1"]) -> Float[Array, "h w 2"]:
    """Average 5 x 5 cells, weighted by distance in place and in L (Kopf et al., SIGGRAPH 2007)."""
    factor = L.shape[0] // ab.shape[0]
    mean_L = means(L, factor)
    rows, columns = ((np.arange(n) + 0.5) / factor for n in L.shape[:2])  # in cells
    total, weights = jnp.zeros_like(L), jnp.zeros_like(L)
    for i in range(-2, 3):
        for j in range(-2, 3):
            y, x = np.floor(rows) + i, np.floor(columns) + j
            place = np.add.outer((y + 0.5 - rows) ** 2, (x + 0.5 - columns) ** 2)[..., None]
            cell = np.ix_(*(_inside(v, n) for v, n in ((y, ab.shape[0]), (x, ab.shape[1]))))
            distance = (L - mean_L[cell]) ** 2
            # The smallest weight in L prevents 0 / 0 where a pixel differs from all cells.
            weight = (jnp.exp(-distance / (2 * RANGE_L**2)) + 1e-6) * np.exp(-2 * place)
            total, weights = total + weight * ab[cell], weights + weight
    return total / weights


def _inside(index: np.ndarray, count: int) -> np.ndarray:
    return np.clip(index, 0, count - 1).astype(int)


def edges_followed(ab: Float[Array, "i j 2"], L: Float[Array, "h w 1"]) -> Float[Array, "h w 2"]:
    """Follow the edges of L, as `Colorizer` does."""
    smaller = L.shape[0] // (ab.shape[0] * upsample.CELL)
    return bilinear(upsample.follow(ab, means(L, smaller)), L)


METHODS: dict[str, Method] = {
    "bilinear": bilinear,
    "joint bilateral": joint_bilateral,
    "edges of L followed": edges_followed,
}


def means(pixels: Float[Array, "h w c"], factor: int) -> Float[Array, "i j c"]:
    """Average over squares of `factor` pixels."""
    h, w, c = pixels.shape
    return pixels.reshape(h // factor, factor, w // factor, factor, c).mean(axis=(1, 3))


def near_edges(pixels: Float[Array, "b h w 3"]) -> Bool[Array, "b h w"]:
    """Mark the pixels near edges, where L or ab jump."""

    def jumps(values, least):
        down = jnp.diff(values, axis=1, append=values[:, -1:])
        right = jnp.diff(values, axis=2, append=values[:, :, -1:])
        return jnp.sum(down**2 + right**2, axis=-1) > least**2

    edges = jumps(pixels[..., :1], EDGE_L) | jumps(pixels[..., 1:], EDGE_AB)
    return jax.lax.reduce_window(edges, False, jnp.logical_or, (1, NEAR, NEAR), (1, 1, 1), "SAME")


def errors(
    method: Method, coarse: Float[Array, "b i j 2"], pixels: Float[Array, "b h w 3"], mask: Array
) -> dict[str, Float[Array, " b"]]:
    """Compute the RMSE of ab of each photograph, over all pixels and near edges."""
    upsampled = jax.vmap(method)(coarse, pixels[..., :1])
    edges = near_edges(pixels) & mask
    return {
        "all pixels": metrics.rmse_ab(pixels[..., 1:], upsampled, mask),
        "near edges": metrics.rmse_ab(pixels[..., 1:], upsampled, edges),
    }


def coarse(
    model: Model, pixels: Float[Array, "b h w 3"], temperature: float
) -> dict[str, Float[Array, "b i j 2"]]:
    """Compute the coarse ab of each source: the true one in cells of two sizes, the predicted."""
    cells = jax.vmap(means, in_axes=(0, None))
    output = inference.infer(model.network, model.variables, pixels[..., :1])
    return {
        "true, cells of 4": cells(pixels[..., 1:], 4),
        "true, cells of 16": cells(pixels[..., 1:], 16),
        "predicted": model.target.to_ab(output, temperature),
    }


def table(
    model: Model, photographs: photos.Photographs, config: ConfigDict, count: int = 0
) -> evaluate.Table:
    """Measure the errors of every method on each source of coarse colour, a row per photograph.

    Photographs without edges are left out. With a `count` above 0, measuring stops after the batch
    that reaches it.
    """

    @jax.jit
    def measure(variables, rgb, mask):
        pixels = lab.rgb_to_lab(rgb / 255.0)
        sources = coarse(model._replace(variables=variables), pixels, config.colour.temperature)
        return {
            f"{source}: {place}: {name}": values
            for source, ab in sources.items()
            for name, method in METHODS.items()
            for place, values in errors(method, ab, pixels, mask).items()
        }

    names: list[str] = []
    batches: list[evaluate.Columns] = []
    for batch in photos.evaluation_batches(
        photographs, 8, config.data.size, config.data.short_side
    ):
        measured = measure(model.variables, batch["photo"], batch["mask"])
        batches.append({name: np.asarray(x)[batch["valid"]] for name, x in measured.items()})
        names += np.array(batch["names"])[batch["valid"]].tolist()
        if 0 < count <= len(names):
            break
    columns = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    # The RMSE near edges is NaN where a photograph has none.
    has_edges = np.all([np.isfinite(values) for values in columns.values()], axis=0)
    return evaluate.Table(
        np.array(names)[has_edges].tolist(), {name: x[has_edges] for name, x in columns.items()}
    )


def intervals(columns: evaluate.Columns) -> dict[str, Interval]:
    """Compute means with intervals, also of the paired differences from bilinear interpolation."""
    differences = {
        f"{name} - bilinear": values - columns[f"{name.rpartition(': ')[0]}: bilinear"]
        for name, values in columns.items()
        if not name.endswith(": bilinear")
    }
    return bootstrap.intervals({**columns, **differences})


def markdown(measured: dict[str, Interval], count: int, split: str) -> str:
    """Write `intervals` as a Markdown table, a column per method."""
    lines = [
        f"RMSE of ab over {count} {split} photographs, with 95 % bootstrap intervals. Parentheses "
        "hold the difference from bilinear interpolation, paired by photograph.",
        "",
        "| coarse colour | where | " + " | ".join(METHODS) + " |",
        "|---|---|" + "---|" * len(METHODS),
    ]
    kinds = dict.fromkeys(name.rpartition(": ")[0] for name in measured if "- bilinear" not in name)
    for kind in kinds:
        cells = []
        for method in METHODS:
            cell = "{mean:.3f} [{low:.3f}, {high:.3f}]".format(**measured[f"{kind}: {method}"])
            difference = measured.get(f"{kind}: {method} - bilinear")
            if difference:
                cell += " ({mean:+.3f} [{low:+.3f}, {high:+.3f}])".format(**difference)
            cells.append(cell)
        lines.append(f"| {kind.replace(': ', ' | ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"

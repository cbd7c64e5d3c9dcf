"""Ways to bring coarse colour to pixels, and how far each is from the truth on photographs.

Pure functions; experiments/upsampling.py runs them.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from cic_jax import lab, metrics, photos
from cic_jax import model as models
from cic_jax.read_out import upsample
from cic_jax.train import evaluate

EDGE_L, EDGE_AB = 20.0, 20.0  # units that L or ab change by from a pixel to the next at an edge
NEAR = 5  # side of the squares around an edge's pixels
RANGE_L = 8.0  # units of L: joint bilateral upsampling's tolerance

Method = Callable[[Float[Array, "i j 2"], Float[Array, "h w 1"]], Float[Array, "h w 2"]]


def bilinear(ab: Float[Array, "i j 2"], L: Float[Array, "h w 1"]) -> Float[Array, "h w 2"]:
    """What most programs do."""
    return jax.image.resize(ab, (*L.shape[:2], 2), "linear")


def joint_bilateral(ab: Float[Array, "i j 2"], L: Float[Array, "h w 1"]) -> Float[Array, "h w 2"]:
    """Means of 5 x 5 cells, weighted by nearness in place and in L (Kopf et al., SIGGRAPH 2007)."""
    factor = L.shape[0] // ab.shape[0]
    mean_L = means(L, factor)
    rows, columns = ((np.arange(n) + 0.5) / factor for n in L.shape[:2])  # in cells
    total, weights = jnp.zeros_like(L), jnp.zeros_like(L)
    for i in range(-2, 3):
        for j in range(-2, 3):
            y, x = np.floor(rows) + i, np.floor(columns) + j
            place = np.add.outer((y + 0.5 - rows) ** 2, (x + 0.5 - columns) ** 2)[..., None]
            cell = np.ix_(*(_inside(v, n) for v, n in ((y, ab.shape[0]), (x, ab.shape[1]))))
            unlike = (L - mean_L[cell]) ** 2
            # The least weight of likeness keeps a pixel that is like no cell from 0 / 0.
            weight = (jnp.exp(-unlike / (2 * RANGE_L**2)) + 1e-6) * np.exp(-2 * place)
            total, weights = total + weight * ab[cell], weights + weight
    return total / weights


def _inside(index: np.ndarray, count: int) -> np.ndarray:
    return np.clip(index, 0, count - 1).astype(int)


def following(ab: Float[Array, "i j 2"], L: Float[Array, "h w 1"]) -> Float[Array, "h w 2"]:
    """What `Colorizer` does."""
    smaller = L.shape[0] // (ab.shape[0] * upsample.CELL)
    return bilinear(upsample.follow(ab, means(L, smaller)), L)


METHODS: dict[str, Method] = {
    "bilinear": bilinear,
    "joint bilateral": joint_bilateral,
    "edges of L followed": following,
}


def means(pixels: Float[Array, "h w c"], factor: int) -> Float[Array, "i j c"]:
    """Over squares of `factor` pixels."""
    h, w, c = pixels.shape
    return pixels.reshape(h // factor, factor, w // factor, factor, c).mean(axis=(1, 3))


def near_edges(pixels: Float[Array, "b h w 3"]) -> Bool[Array, "b h w"]:
    """Where L or ab jump, and a little around."""

    def jumps(values, least):
        down = jnp.diff(values, axis=1, append=values[:, -1:])
        right = jnp.diff(values, axis=2, append=values[:, :, -1:])
        return jnp.sum(down**2 + right**2, axis=-1) > least**2

    edges = jumps(pixels[..., :1], EDGE_L) | jumps(pixels[..., 1:], EDGE_AB)
    return jax.lax.reduce_window(edges, False, jnp.logical_or, (1, NEAR, NEAR), (1, 1, 1), "SAME")


def errors(
    method: Method, coarse: Float[Array, "b i j 2"], pixels: Float[Array, "b h w 3"], mask: Array
) -> dict[str, Float[Array, " b"]]:
    """RMSE of ab of each photograph."""
    found = jax.vmap(method)(coarse, pixels[..., :1])
    edges = near_edges(pixels) & mask
    return {
        "all pixels": metrics.rmse_ab(pixels[..., 1:], found, mask),
        "near edges": metrics.rmse_ab(pixels[..., 1:], found, edges),
    }


def table(
    model: models.Model, photographs: photos.Photographs, config: ConfigDict, count: int = 0
) -> evaluate.Table:
    """A row for each photograph: the errors of every method on each source of coarse colour.

    Of the first `count` photographs, or so, and of those that have edges.
    """
    sources = {
        "true, cells of 4": lambda variables, pixels: jax.vmap(partial(means, factor=4))(
            pixels[..., 1:]
        ),
        "true, cells of 16": lambda variables, pixels: jax.vmap(partial(means, factor=16))(
            pixels[..., 1:]
        ),
        "predicted": lambda variables, pixels: models.colour(
            model._replace(variables=variables), pixels[..., :1], config.colour.temperature
        ),
    }

    @jax.jit
    def measure(variables, rgb, mask):
        pixels = lab.rgb_to_lab(rgb / 255.0)
        return {
            f"{source}: {place}: {name}": values
            for source, of in sources.items()
            for name, method in METHODS.items()
            for place, values in errors(method, of(variables, pixels), pixels, mask).items()
        }

    rows: dict[str, list] = {}
    for batch in photos.evaluation_batches(
        photographs, 8, config.data.size, config.data.short_side
    ):
        found = measure(model.variables, batch["photo"], batch["mask"])
        for name, values in {**found, "name": np.array(batch["names"])}.items():
            rows.setdefault(name, []).append(np.asarray(values)[batch["valid"]])
        if 0 < count <= sum(map(len, rows["name"])):
            break
    columns: evaluate.Table = {name: np.concatenate(values) for name, values in rows.items()}
    edged = np.all([np.isfinite(x) for name, x in columns.items() if name != "name"], axis=0)
    return {name: values[edged] for name, values in columns.items()}


def summary(rows: evaluate.Table) -> dict[str, dict[str, float]]:
    """Means with intervals, and the differences to bilinear, photograph by photograph."""
    differences = {
        f"{name} - bilinear": values - rows[f"{name.rpartition(': ')[0]}: bilinear"]
        for name, values in rows.items()
        if name != "name" and not name.endswith(": bilinear")
    }
    return evaluate.intervals({**rows, **differences})


def markdown(found: dict[str, dict[str, float]], count: int, split: str) -> str:
    """The table for people."""
    lines = [
        f"RMSE of ab over {count} {split} photographs, with bootstrap 95 % intervals; in brackets "
        "behind it the difference to bilinear of the same photographs.",
        "",
        "| coarse colour | where | " + " | ".join(METHODS) + " |",
        "|---|---|" + "---|" * len(METHODS),
    ]
    kinds = dict.fromkeys(name.rpartition(": ")[0] for name in found if "- bilinear" not in name)
    for kind in kinds:
        cells = []
        for method in METHODS:
            cell = "{mean:.3f} [{low:.3f}, {high:.3f}]".format(**found[f"{kind}: {method}"])
            against = found.get(f"{kind}: {method} - bilinear")
            if against:
                cell += " ({mean:+.3f} [{low:+.3f}, {high:+.3f}])".format(**against)
            cells.append(cell)
        lines.append(f"| {kind.replace(': ', ' | ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"

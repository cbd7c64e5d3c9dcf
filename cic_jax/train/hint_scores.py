"""How well hints are taken: likeness to the truth by their number, and clicks on drawn objects."""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from scipy import ndimage

from cic_jax import inference, lab, read_out, scenes
from cic_jax.hints import Hints, told
from cic_jax.model import Model
from cic_jax.read_out.extent import merge
from cic_jax.step import downsample
from cic_jax.train import hints, matched
from cic_jax.train.evaluate import Columns
from cic_jax.train.sample import Cells, Sample, batches

COUNTS = (0, 1, 2, 5, 10, 20, 40, 50)  # points of true colour
ASKED = ((55.0, 40.0), (-40.0, 35.0), (10.0, -50.0), (5.0, 60.0))  # ab: red, green, blue, yellow
NEAR, CHANGED = 15.0, 10.0  # ab distances: as asked; another than before
SMALLEST = 1 / 200  # of the photograph: smaller objects are not clicked


def with_points(
    model: Model, sample: Sample, settings: read_out.Settings, count: int, seed: int = 0
) -> Cells:
    """Read out the cells' colours of photographs with `count` points of their true colours.

    The places are random, the same for every model; each has the mean colour of its cell. Colours
    are asked for, and kept, as in `Colorizer.predict`.
    """
    listen = _listener(model, settings, len(sample.names))
    draw = jax.jit(_points, static_argnames=("count", "bins"))
    collected = []
    for rows, kept in batches(np.arange(len(sample.names))):
        keys = jnp.stack([jax.random.fold_in(jax.random.key(seed), row) for row in rows])
        L, points = draw(
            keys, sample.photo[rows], sample.mask[rows], count=count, bins=model.target.outputs
        )
        _, cells = listen(np.asarray(L), points if count else None)
        collected.append(cells[:kept])
    return np.concatenate(collected)


# (L, hints) -> output and ab of the cells
Listen = Callable[
    [Float[np.ndarray, "b h w 1"], Hints | None],
    tuple[Float[np.ndarray, "b i j q"], Float[np.ndarray, "b i j 2"]],
]


def _listener(model: Model, settings: read_out.Settings, photographs: int) -> Listen:
    """Return the function that colours photographs with hints."""
    forward = inference.compiled(model.network, model.variables, photographs)
    read = jax.jit(partial(read_out.cell_ab, model.target))
    strength, traced = matched.strength_of(model), read_out.traced(settings)

    def listen(L, points):
        means = np.asarray(jax.vmap(read_out.means)(L))
        readers = [
            lambda output, mean=mean: np.asarray(read(output, mean, traced)) for mean in means
        ]
        output = matched.unified(np.asarray(forward(L, None)), means, strength)
        if points is not None:
            points = told(points, float(settings.saturation))
            given = (np.asarray(points.ab), np.asarray(points.place), readers)
            parts = zip(output, np.asarray(forward(L, points)), *given, strict=True)
            output = np.stack([merge(*part) for part in parts])
        return output, np.stack([cells(x) for cells, x in zip(readers, output, strict=True)])

    return listen


def _points(
    keys: Array, photos: Array, masks: Array, count: int, bins: int
) -> tuple[Float[Array, "b h w 1"], Hints]:
    pixels = lab.from_uint8(photos)
    ab = downsample(pixels[..., 1:])
    inside = downsample(masks[..., None].astype(jnp.float32))[..., 0] == 1.0

    def one(key: Array, ab: Array, inside: Array) -> Hints:
        return hints.true_points(key, ab[None], inside[None], count, bins)

    drawn = jax.vmap(one)(keys, ab, inside)
    return pixels[..., :1], jax.tree.map(lambda x: x[:, 0], drawn)


def likeness(
    model: Model,
    sample: Sample,
    settings: read_out.Settings,
    counts: Sequence[int] = COUNTS,
) -> dict[int, Columns]:
    """Compute all metrics of each photograph with each number of points."""
    rows = np.arange(len(sample.names))
    return {
        count: matched.columns(
            sample,
            with_points(model, sample, settings, count),
            float(settings.saturation),
            rows,
        )
        for count in counts
    }


def clicks(model: Model, drawn: Sequence[scenes.Scene], settings: read_out.Settings) -> Columns:
    """Click the main object of each drawn scene, in its middle, with each of the ASKED colours.

    Returns by click 'taken', the share of the object's pixels within NEAR of the asked ab, as far
    as sRGB can show that at their lightness, and 'spilled', the share of the other pixels that
    change by more than CHANGED.
    """
    listen = _listener(model, settings, len(drawn))
    pixels = jax.jit(partial(_fitted, model, settings))
    taken, spilled = [], []
    for scene in drawn:
        inside = scene.mask == 1
        if inside.mean() < SMALLEST:
            continue
        L = np.asarray(lab.from_uint8(jnp.asarray(scene.image)))[..., :1]
        place = _middle(inside)
        before = np.asarray(pixels(listen(L[None], None)[0][0], L))
        for ab in ASKED:
            asked = np.asarray(
                read_out.fit(jnp.asarray(L), jnp.full((*L.shape[:2], 2), 1.0) * jnp.asarray(ab))
            )
            answer, _ = listen(L[None], _click(place, asked, model))
            after = np.asarray(pixels(answer[0], L))
            near = np.linalg.norm(after - asked, axis=-1) < NEAR
            moved = np.linalg.norm(after - before, axis=-1) > CHANGED
            taken.append(near[inside].mean())
            spilled.append(moved[~inside].mean())
    return {"taken": np.array(taken), "spilled": np.array(spilled)}


def _fitted(model: Model, settings: read_out.Settings, output: Array, L: Array) -> Array:
    return read_out.fit(L, read_out.pixel_ab(model.target, output, L, settings))


def _middle(inside: np.ndarray) -> Int[np.ndarray, "2"]:
    """Return the row and column of the pixel farthest from the outside."""
    depth = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    return np.array(np.unravel_index(np.argmax(depth), depth.shape))


def _click(place: Int[np.ndarray, "2"], asked: Float[np.ndarray, "h w 2"], model: Model) -> Hints:
    share = (place + 0.5) / asked.shape[:2]
    ab = asked[place[0], place[1]]
    arrays = (share[None], ab[None], np.ones(1), np.zeros(model.target.outputs))
    return Hints(*(jnp.asarray(x, jnp.float32)[None] for x in arrays))

"""Drawn films: the vehicles of a scene drive, the camera pans and draws nearer."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from cic_jax.scenes import layout
from cic_jax.scenes.layout import Item
from cic_jax.scenes.scene import add_vehicles, draw_background, finish, to_rgb

ROOM = 1.25  # the scene's size in that of the picture, for the camera to move in
FASTEST = 0.02  # of the picture's side, that a vehicle drives from one picture to the next
NEARER = 0.85  # the least side of what is shown at the end, in that at the beginning


def shoot(
    seed: int, index: int, pictures: int, size: int = 256
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Draw a shot of scene number `index` of the sequence that `seed` starts.

    All vehicles drive along the picture at one speed on the ground; the camera moves evenly from
    one random view to another. Film grain is new in every picture.
    """
    rng = np.random.default_rng([seed, index])
    side = round(ROOM * size)
    plan = layout.sample(side, rng)
    ground = draw_background(plan, rng)
    speed = rng.choice([-1, 1]) * rng.uniform(0.3, 1) * FASTEST * side
    metres = speed * plan.items[0].depth / plan.camera.focal
    sides = size * np.array([1, rng.uniform(NEARER, 1)])
    begin, end = rng.uniform(0, 1, (2, 2))
    drawing, grain = rng.integers(2**32, size=2)
    for number in range(pictures):
        way = number / max(1, pictures - 1)
        ahead = metres * (number - pictures / 2)
        moved = plan._replace(items=tuple(_driven(item, ahead) for item in plan.items))
        canvas = ground.copy()
        drawn = add_vehicles(canvas, moved, np.random.default_rng(drawing))
        finish(canvas, drawn > 0, moved, np.random.default_rng([grain, number]))
        shown = (1 - way) * sides[0] + way * sides[1]
        top, left = ((1 - way) * begin + way * end) * (side - shown)
        box = (left, top, left + shown, top + shown)
        whole = Image.fromarray(np.asarray(to_rgb(canvas)))
        yield np.asarray(whole.resize((size, size), Image.Resampling.BICUBIC, box))


def _driven(item: Item, metres: float) -> Item:
    """Move a vehicle to the right, across the camera's view."""
    corners = item.mesh.corners + np.array([metres, 0, 0])
    return item._replace(mesh=item.mesh._replace(corners=corners))

"""Random squares of photographs, cut on the device: the augmentation of training."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt8

Photos = UInt8[Array, "b h w 3"]


def random_crop(
    key: Key[Array, ""], photos: Photos, size: int, scale: float = 1.0
) -> UInt8[Array, "b {size} {size} 3"]:
    """Cut a square of `size` pixels from a random place of each photograph, mirrored half the time.

    With a `scale` below 1, the side of the square is random too: log-uniform between `scale * size`
    and `size / scale` (or the photograph's own), brought to `size` by bilinear interpolation that
    averages where it reduces. Lightness and colour are both taken from the result.
    """
    if scale == 1.0:
        rows, columns, mirror = jax.random.split(key, 3)
        crops = _windows(rows, columns, photos, size)
    else:
        rows, columns, mirror, sides = jax.random.split(key, 4)
        crops = _scaled_windows(rows, columns, sides, photos, size, scale)
    flip = jax.random.bernoulli(mirror, 0.5, (len(photos), 1, 1, 1))
    return jnp.where(flip, crops[:, :, ::-1], crops)


def _windows(
    rows: Key[Array, ""], columns: Key[Array, ""], photos: Photos, size: int
) -> UInt8[Array, "b {size} {size} 3"]:
    count, height, width, _ = photos.shape
    top = jax.random.randint(rows, (count,), 0, height - size + 1)
    left = jax.random.randint(columns, (count,), 0, width - size + 1)

    def window(
        photo: UInt8[Array, "h w 3"], top: Int[Array, ""], left: Int[Array, ""]
    ) -> UInt8[Array, "s s 3"]:
        return jax.lax.dynamic_slice(photo, (top, left, 0), (size, size, 3))

    return jax.vmap(window)(photos, top, left)


def _scaled_windows(
    rows: Key[Array, ""],
    columns: Key[Array, ""],
    sides: Key[Array, ""],
    photos: Photos,
    size: int,
    scale: float,
) -> UInt8[Array, "b {size} {size} 3"]:
    """Cut squares of random side, resized to `size`.

    Args:
        rows: Random key of the squares' top edges.
        columns: Random key of their left edges.
        sides: Random key of their sides.
        photos: Photographs to cut from.
        size: Side of the result, in pixels.
        scale: Least side relative to `size`, below 1; the largest is 1 / scale.
    """
    count, height, width, _ = photos.shape
    largest = min(size / scale, height, width)
    smallest = jnp.log(scale * size)
    side = jnp.exp(jax.random.uniform(sides, (count,), minval=smallest, maxval=jnp.log(largest)))
    top = jax.random.uniform(rows, (count,)) * (height - side)
    left = jax.random.uniform(columns, (count,)) * (width - side)

    def window(
        photo: Float[Array, "h w 3"], place: Float[Array, "2"], side: Float[Array, ""]
    ) -> Float[Array, "s s 3"]:
        zoom = size / side
        return jax.image.scale_and_translate(
            photo, (size, size, 3), (0, 1), jnp.stack([zoom, zoom]), -zoom * place, "linear"
        )

    places = jnp.stack([top, left], axis=-1)
    return jnp.round(jax.vmap(window)(photos.astype(jnp.float32), places, side)).astype(jnp.uint8)

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from skimage import data

from cic_jax.train import crop

KEY = jax.random.key(1)
PHOTO = data.astronaut()[:96, 100:228]  # 96 x 128

random_crop = jax.jit(crop.random_crop, static_argnums=(2, 3))


def test_crops_are_windows_of_their_photograph_and_half_are_mirrored():
    # Every pixel names its row and column, so a crop says where it comes from.
    rows, columns = np.meshgrid(np.arange(32), np.arange(32), indexing="ij")
    photos = np.stack([rows, columns, rows * 0], axis=-1).astype(np.uint8)
    crops = np.asarray(
        random_crop(jax.random.key(1), jnp.broadcast_to(photos, (256, 32, 32, 3)), 8)
    ).astype(int)
    assert (np.diff(crops[..., 0], axis=1) == 1).all()
    direction = np.diff(crops[..., 1], axis=2)
    mirrored = direction[:, 0, 0] == -1
    assert (direction == np.where(mirrored, -1, 1)[:, None, None]).all()
    assert 0.35 < mirrored.mean() < 0.65
    tops, lefts = crops[:, 0, 0, 0], crops[..., 1].min(axis=(1, 2))
    assert {tops.min(), lefts.min(), tops.max(), lefts.max()} == {0, 24}  # both ends are reached


def test_a_scale_of_one_is_the_plain_crop_bit_by_bit():
    photos = np.stack([np.roll(PHOTO, i, axis=1) for i in range(20)])
    rows, columns, mirror = jax.random.split(KEY, 3)
    tops = np.asarray(jax.random.randint(rows, (20,), 0, 96 - 64 + 1))
    lefts = np.asarray(jax.random.randint(columns, (20,), 0, 128 - 64 + 1))
    mirrored = np.asarray(jax.random.bernoulli(mirror, 0.5, (20, 1, 1, 1))).ravel()
    expected = [
        photo[top : top + 64, left : left + 64][:, :: -1 if flip else 1]
        for photo, top, left, flip in zip(photos, tops, lefts, mirrored, strict=True)
    ]
    np.testing.assert_array_equal(random_crop(KEY, jnp.array(photos), 64, 1.0), expected)


@pytest.mark.parametrize("size", [32, 64])
def test_scaled_crops_are_those_of_pillow(size):
    """The same squares, reduced or enlarged by another implementation of the same filter."""
    count, scale = 40, 0.6
    photos = jnp.broadcast_to(PHOTO, (count, *PHOTO.shape))
    found = np.asarray(random_crop(KEY, photos, size, scale)).astype(int)
    rows, columns, mirror, sides = jax.random.split(KEY, 4)
    exponents, downs, rights = (jax.random.uniform(k, (count,)) for k in (sides, rows, columns))
    smallest, largest = scale * size, min(size / scale, 96)
    flips = np.asarray(jax.random.bernoulli(mirror, 0.5, (count, 1, 1, 1))).ravel()
    image = Image.fromarray(PHOTO)
    lengths = smallest * (largest / smallest) ** np.asarray(exponents, np.float64)
    for ours, side, down, right, flip in zip(found, lengths, downs, rights, flips, strict=True):
        top, left = float(down) * (96 - side), float(right) * (128 - side)
        box = (left, top, left + side, top + side)
        theirs = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box=box))
        theirs = theirs[:, :: -1 if flip else 1].astype(int)
        assert np.abs(ours - theirs).max() <= 2  # Pillow rounds its weights, and between the axes
        assert np.abs(ours - theirs).mean() < 0.25
    assert lengths.min() < 1.1 * smallest
    assert lengths.max() > 0.9 * largest

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from cic_jax import lab, metrics, network, read_out, step, target
from cic_jax.train.crop import random_crop

NETWORK = network.create("simplified", outputs=2, width=0.05)
CROP = partial(random_crop, size=32)
SETTINGS = read_out.Settings()
PHOTOS = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)


@pytest.fixture(scope="module")
def state():
    return step.init(jax.random.key(0), NETWORK, step.adam(1e-2))


def test_downsample_is_the_bilinear_interpolation_of_the_study():
    ab = np.random.default_rng(0).normal(size=(2, 16, 24, 2)).astype(np.float32)
    expected = jax.image.resize(ab, (2, 4, 6, 2), "bilinear", antialias=False)
    np.testing.assert_allclose(step.downsample(jnp.array(ab)), expected, atol=1e-6)
    np.testing.assert_array_equal(
        step.downsample(jnp.array(ab), every_fourth=True), ab[:, ::4, ::4]
    )


def test_downsample_undoes_upsample_of_a_plane():
    rows, columns = np.meshgrid(np.arange(6.0), np.arange(8.0), indexing="ij")
    plane = np.stack([2 * rows + columns, rows - columns], axis=-1).astype(np.float32)
    large = read_out.follow(jnp.array(plane), jnp.full((24, 32, 1), 50.0))
    (again,) = step.downsample(large[None])
    np.testing.assert_allclose(again[2:-2, 2:-2], plane[2:-2, 2:-2], atol=1e-5)


def test_training_lowers_the_loss_and_counts_steps(state):
    update = jax.jit(
        lambda state, key: step.train_steps(
            state,
            jnp.array(PHOTOS),
            jnp.tile(jnp.arange(4), (40, 1)),
            key,
            step=lambda s, p, k: step.train_step(
                s,
                p,
                k,
                network=NETWORK,
                target=target.regression(),
                optimizer=step.adam(1e-2),
                augment=CROP,
            ),
        )
    )
    after, losses = update(state, jax.random.key(0))
    assert after.step == 40
    assert losses[-5:].mean() < 0.8 * losses[:5].mean()
    moved = jax.tree.map(
        lambda x, y: float(jnp.abs(x - y).max()), state.batch_stats, after.batch_stats
    )
    assert min(jax.tree.leaves(moved)) > 0


def test_crops_and_losses_of_a_seed_stay_as_they_are(state):
    """Recorded before the augmentation became an argument: runs of a seed can be repeated."""
    update = jax.jit(
        partial(
            step.train_step,
            network=NETWORK,
            target=target.regression(),
            optimizer=step.adam(1e-2),
            augment=partial(random_crop, size=24, scale=0.8),
        )
    )
    losses = []
    for _ in range(4):
        state, loss = update(state, jnp.array(PHOTOS), jax.random.key(3))
        losses.append(loss)
    np.testing.assert_allclose(losses, [0.0448865, 0.0398620, 0.0346190, 0.0358110], rtol=1e-3)


class Affine(nn.Module):
    """A network whose steps need not be compiled."""

    @nn.compact
    def __call__(self, L, train=False):
        return nn.Dense(2)(L[:, ::4, ::4])


def test_each_step_augments_by_a_key_of_its_own():
    seen = []
    options = {"network": Affine(), "target": target.regression(), "optimizer": step.adam(1e-2)}
    state = step.init(jax.random.key(0), Affine(), options["optimizer"])

    def augment(key, photos):
        seen.append(key)
        return photos

    def downsample(ab):
        return step.downsample(ab, every_fourth=True)

    after, _ = step.train_step(
        state,
        jnp.array(PHOTOS),
        jax.random.key(3),
        augment=augment,
        downsample=downsample,
        **options,
    )
    step.train_step(after, jnp.array(PHOTOS), jax.random.key(3), augment=augment, **options)
    assert seen == [jax.random.fold_in(jax.random.key(3), i) for i in range(2)]


def test_average_is_the_weighted_mean_of_all_steps(state):
    """Beside Adam's formula: a moving average from zero, divided by the weights so far."""
    decay = 0.7
    update = jax.jit(
        lambda state: step.train_step(
            state,
            jnp.array(PHOTOS),
            jax.random.key(0),
            network=NETWORK,
            target=target.regression(),
            optimizer=step.adam(1e-2),
            augment=CROP,
            average=decay,
        )[0]
    )
    plain, averaging = state, state._replace(average=state.trained)
    moving = jax.tree.map(lambda x: np.zeros(x.shape), state.trained)
    for count in range(1, 6):
        averaging, plain = update(averaging), update(plain)
        assert plain.average is None
        moving = jax.tree.map(
            lambda m, x: decay * m + (1 - decay) * np.asarray(x, np.float64),
            moving,
            averaging.trained,
        )
        expected = jax.tree.map(lambda m, n=count: m / (1 - decay**n), moving)
        jax.tree.map(
            lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-6),
            averaging.variables,
            expected,
        )
    # Averaging changes nothing of what is averaged, but for the rounding of another compilation.
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, rtol=5e-3, atol=1e-5),
        averaging.trained,
        plain.variables,
    )


def test_recolour_keeps_lightness(state):
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    colored = step.recolour(
        variables, jnp.array(PHOTOS), SETTINGS, network=NETWORK, target=target.regression()
    )
    before, after = (lab.rgb_to_lab(jnp.asarray(x) / 255.0)[..., 0] for x in (PHOTOS, colored))
    np.testing.assert_allclose(after, before, atol=1.0)  # near-grey colours stay in the gamut


def test_metrics_ignore_pixels_outside_the_mask(state):
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    compare = partial(metrics.compare, class_weights=np.ones(313, np.float32))
    mask = jnp.arange(32) < jnp.full((4, 32, 1), 20)
    other = PHOTOS.copy()
    other[:, :, 20:] = 7
    figures = [step.grey_step(jnp.array(p), mask, compare=compare) for p in (PHOTOS, other)]
    for name in figures[0]:
        np.testing.assert_allclose(figures[0][name], figures[1][name], rtol=1e-5, err_msg=name)
    whole = step.eval_step(
        variables,
        jnp.array(PHOTOS),
        jnp.ones_like(mask),
        SETTINGS,
        network=NETWORK,
        target=target.regression(),
        compare=compare,
    )
    assert all(np.isfinite(x).all() and x.shape == (4,) for x in whole.values())

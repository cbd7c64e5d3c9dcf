import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import lab, network, step, target

NETWORK = network.create("simplified", outputs=2, width=0.05)
PHOTOS = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)


@pytest.fixture(scope="module")
def state():
    return step.init(jax.random.key(0), NETWORK, step.adam(1e-2))


def test_crops_are_windows_of_their_photograph_and_half_are_mirrored():
    # Every pixel names its row and column, so a crop says where it comes from.
    rows, columns = np.meshgrid(np.arange(32), np.arange(32), indexing="ij")
    photos = np.stack([rows, columns, rows * 0], axis=-1).astype(np.uint8)
    crops = np.asarray(
        jax.jit(step.random_crop, static_argnums=2)(
            jax.random.key(1), jnp.broadcast_to(photos, (256, 32, 32, 3)), 8
        )
    ).astype(int)
    assert (np.diff(crops[..., 0], axis=1) == 1).all()
    direction = np.diff(crops[..., 1], axis=2)
    mirrored = direction[:, 0, 0] == -1
    assert (direction == np.where(mirrored, -1, 1)[:, None, None]).all()
    assert 0.35 < mirrored.mean() < 0.65
    tops, lefts = crops[:, 0, 0, 0], crops[..., 1].min(axis=(1, 2))
    assert {tops.min(), lefts.min(), tops.max(), lefts.max()} == {0, 24}  # both ends are reached


def test_downsample_is_the_bilinear_interpolation_of_the_study():
    ab = np.random.default_rng(0).normal(size=(2, 16, 24, 2)).astype(np.float32)
    expected = jax.image.resize(ab, (2, 4, 6, 2), "bilinear", antialias=False)
    np.testing.assert_allclose(step.downsample(jnp.array(ab)), expected, atol=1e-6)
    np.testing.assert_array_equal(
        step.downsample(jnp.array(ab), every_fourth=True), ab[:, ::4, ::4]
    )


def test_downsample_undoes_upsample_of_a_plane():
    rows, columns = np.meshgrid(np.arange(6.0), np.arange(8.0), indexing="ij")
    plane = np.stack([2 * rows + columns, rows - columns], axis=-1)[None].astype(np.float32)
    again = step.downsample(step.upsample(jnp.array(plane)))
    np.testing.assert_allclose(again[:, 1:-1, 1:-1], plane[:, 1:-1, 1:-1], atol=1e-5)


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
                crop=32,
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


def test_recolour_keeps_lightness(state):
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    colored = step.recolour(
        variables, jnp.array(PHOTOS), 0.38, network=NETWORK, target=target.regression()
    )
    before, after = (lab.rgb_to_lab(jnp.asarray(x) / 255.0)[..., 0] for x in (PHOTOS, colored))
    np.testing.assert_allclose(after, before, atol=1.0)  # near-grey colours stay in the gamut


def test_metrics_ignore_pixels_outside_the_mask(state):
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    weights = np.ones(313, np.float32)
    mask = jnp.arange(32) < jnp.full((4, 32, 1), 20)
    other = PHOTOS.copy()
    other[:, :, 20:] = 7
    figures = [step.grey_step(jnp.array(p), mask, class_weights=weights) for p in (PHOTOS, other)]
    for name in figures[0]:
        np.testing.assert_allclose(figures[0][name], figures[1][name], rtol=1e-5, err_msg=name)
    whole = step.eval_step(
        variables,
        jnp.array(PHOTOS),
        jnp.ones_like(mask),
        0.38,
        network=NETWORK,
        target=target.regression(),
        class_weights=weights,
    )
    assert all(np.isfinite(x).all() and x.shape == (4,) for x in whole.values())

"""Drawn scenes: the paint's distribution, the geometry, and that pictures keep what they claim."""

import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from cic_jax.lab import lab_to_rgb, rgb_to_lab
from cic_jax.photos.synthetic import encode
from cic_jax.scenes import draw, layout, light, mesh, paint
from cic_jax.scenes.camera import Camera
from cic_jax.scenes.material import Material
from cic_jax.scenes.render import Coat, rasterize

CHI_SQUARE = 29.9  # 7 degrees of freedom, exceeded by chance once in 10,000
to_lab = jax.jit(lambda rgb: rgb_to_lab(rgb / 255.0))


@pytest.mark.parametrize("kind", paint.KINDS)
def test_the_density_is_the_mixture_and_integrates_to_one(kind):
    step = 0.5
    axis = np.arange(-90, 90, step, dtype=np.float32)
    ab = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    density = np.exp(np.asarray(jax.jit(paint.log_density, static_argnums=0)(kind, ab)))
    assert density.sum() * step**2 == pytest.approx(1, abs=1e-4)
    point = np.array([5.0, -30.0])
    expected = sum(
        c.weight
        * np.prod(
            np.exp(-0.5 * ((point - c.mean) / c.std) ** 2) / (np.sqrt(2 * np.pi) * np.array(c.std))
        )
        for c in paint.MIXTURES[kind]
    )
    assert np.exp(paint.log_density(kind, point)) == pytest.approx(expected, rel=1e-4)


def test_the_density_has_a_gradient_and_stays_finite_far_from_any_paint():
    def log_density(ab):
        return paint.log_density("car", ab)

    point, step = jnp.array([20.0, 10.0]), 0.05
    gradient = jax.grad(log_density)(point)
    for axis in (jnp.array([step, 0]), jnp.array([0, step])):
        slope = (log_density(point + axis) - log_density(point - axis)) / (2 * step)
        assert gradient @ axis / step == pytest.approx(float(slope), rel=1e-2)
    assert np.isfinite(log_density(jnp.array([120.0, 120.0])))


@pytest.mark.parametrize("kind", paint.KINDS)
def test_paints_occur_as_often_as_the_table_says(kind):
    rng, count = np.random.default_rng(0), 3000
    drawn = [paint.sample(kind, rng) for _ in range(count)]
    expected = count * paint.weights(kind)
    observed = np.bincount([p.component for p in drawn], minlength=len(expected))
    assert paint.weights(kind).sum() == pytest.approx(1)
    assert ((observed - expected) ** 2 / expected).sum() < CHI_SQUARE
    ab = np.stack([p.ab for p in drawn])
    for i, component in enumerate(paint.MIXTURES[kind]):
        own = ab[[p.component == i for p in drawn]]
        error = np.abs(own.mean(axis=0) - component.mean)
        assert (error < 4.5 * np.array(component.std) / np.sqrt(len(own))).all()


def test_every_shade_of_a_paint_exists():
    rng = np.random.default_rng(1)
    ab = np.stack([paint.sample(kind, rng).ab for kind in paint.KINDS for _ in range(800)])
    for lightness in np.linspace(*paint.LIGHTNESS, 7):
        lab = np.concatenate([np.full((len(ab), 1), lightness), ab], axis=1).astype(np.float32)
        clipped = np.abs(np.asarray(rgb_to_lab(lab_to_rgb(jnp.asarray(lab)))) - lab).max(axis=1)
        assert (clipped > 0.5).mean() < 0.01


def test_a_solid_is_closed_and_its_normals_point_outwards():
    block = mesh.box((0, 0, 0), (2, 3, 4), Material.PAINT)
    turned = mesh.place(block, (5, 6, 7), 0.7, 0.3, -0.2, scale=2.0)
    diagonals = turned.corners[:, 2:] - turned.corners[:, :2]
    area = 0.5 * np.linalg.norm(np.cross(diagonals[:, 0], diagonals[:, 1]), axis=-1)
    flux = np.einsum("nd,nd->n", turned.corners.mean(axis=1), turned.normals) * area
    # The divergence theorem: the flux of x through the skin is three times the volume.
    assert flux.sum() == pytest.approx(3 * 24 * 2**3)
    assert np.abs((turned.normals * area[:, None]).sum(axis=0)).max() < 1e-9


def test_the_ground_projects_back_to_its_pixels():
    camera = Camera(64, 80.0, 1.5, 20.3)
    ground = camera.ground()
    points = np.stack([ground.x, ground.y + 0 * ground.x, 0 * ground.x], axis=-1)[2:]
    columns, rows = np.moveaxis(camera.project(points), -1, 0)
    np.testing.assert_allclose(columns, np.arange(64) + 0.5 + 0 * rows, atol=1e-3)
    np.testing.assert_allclose(rows - 0.5 - ground.first - 2, np.indices(rows.shape)[0], atol=1e-3)


def test_a_rendered_face_covers_its_area_with_its_own_paint():
    camera = Camera(64, 64.0, 0.0, 32.0)
    block = mesh.place(mesh.box((-1, -1, -1), (1, 1, 1), Material.PAINT), (0, 5, 0), 0.0)
    ab = np.array([30.0, -12.0], np.float32)
    layer = rasterize(
        block, camera, light.sample("clear", np.random.default_rng(0)), Coat(50.0, ab)
    )
    assert layer.cover.sum() == pytest.approx((64 * 2 / 4) ** 2, rel=0.04)
    np.testing.assert_array_equal(layer.lab[layer.painted > 0.999][:, 1:], np.tile(ab, (1024, 1)))
    assert rasterize(mesh.place(block, (900, 0, 0), 0.0), camera, *_light_and_coat(ab)) is None


def _light_and_coat(ab):
    return light.sample("dusk", np.random.default_rng(0)), Coat(50.0, ab)


@pytest.fixture(scope="module")
def scenes():
    return [draw(11, index, 128) for index in range(40)]


def test_a_scene_depends_on_seed_and_number_alone(scenes):
    again = draw(11, 7, 128)
    assert again.image.dtype == np.uint8
    assert again.image.shape == (128, 128, 3)
    np.testing.assert_array_equal(again.image, scenes[7].image)
    np.testing.assert_array_equal(again.mask, scenes[7].mask)
    assert np.abs(draw(12, 7, 128).image.astype(int) - again.image).mean() > 5


def test_masks_number_the_objects_and_show_their_paint_after_decoding(scenes):
    low, high = paint.LIGHTNESS
    for scene in scenes:
        assert set(np.unique(scene.mask)) - {0} == set(range(1, len(scene.objects) + 1))
        decoded = np.asarray(Image.open(io.BytesIO(encode(scene.image))))
        for pixels, mean_error, spread in ((scene.image, 0.5, 1.5), (decoded, 2.5, 9.0)):
            lab = np.asarray(to_lab(pixels.astype(np.float32)))
            for number, item in enumerate(scene.objects, start=1):
                painted = lab[scene.mask == number]
                error = np.linalg.norm(painted[:, 1:] - item.paint.ab, axis=1)
                assert np.linalg.norm(painted[:, 1:].mean(axis=0) - item.paint.ab) < mean_error
                assert np.percentile(error, 90) < spread
                assert low - 4 < painted[:, 0].mean() < high + 4


def test_all_kinds_views_settings_and_weathers_occur():
    rng = np.random.default_rng(2)
    plans = [layout.sample(128, rng) for _ in range(400)]
    assert {plan.items[0].kind for plan in plans} == set(paint.KINDS)
    assert {plan.setting for plan in plans} == set(layout.SETTINGS)
    assert {plan.weather for plan in plans} == set(light.WEATHERS)
    seen = {(plan.items[0].kind, plan.items[0].view) for plan in plans}
    assert seen == {(kind, view) for kind in paint.KINDS for view in layout.VIEWS}
    assert sum(len(plan.items) > 1 for plan in plans) > 100


def test_lightness_tells_nothing_about_colour():
    rng = np.random.default_rng(3)
    items = [item for _ in range(500) for item in layout.sample(128, rng).items]
    lightness = np.array([item.lightness for item in items])
    component = np.array([item.paint.component for item in items])
    assert (lightness > paint.LIGHTNESS[0]).all()
    assert (lightness < paint.LIGHTNESS[1]).all()
    for i in range(len(paint.COMPONENTS)):
        own = lightness[component == i]
        assert abs(own.mean() - lightness.mean()) < 4 * lightness.std() / np.sqrt(len(own))


def test_views_are_named_by_what_the_camera_sees():
    names = [layout.view_of(np.radians(yaw)) for yaw in (0, 180, -45, 225, 45, 135, -90, 90)]
    assert names == [
        "side", "side", "front three-quarter", "front three-quarter",
        "rear three-quarter", "rear three-quarter", "front", "rear",
    ]  # fmt: skip

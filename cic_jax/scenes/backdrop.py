"""Background between ground and sky: hills, woods, single trees, houses."""

import numpy as np
from jaxtyping import Float

from cic_jax.scenes.camera import Camera
from cic_jax.scenes.light import Color, Light
from cic_jax.scenes.texture import SIDE, smoothstep, tile, window

Lab = Float[np.ndarray, "h w 3"]
FOLIAGE = ((36, -13, 20), (40, -15, 26), (33, -9, 15), (44, -6, 26), (38, 8, 28))
WALLS = (
    (74, 3, 12), (66, 10, 16), (50, 16, 18), (80, 1, 6), (62, 0, 2), (70, 6, 22), (72, -2, -4),
    (56, 5, 10),
)  # fmt: skip


def air(
    lab: Float[np.ndarray, "*b 3"], metres: float | Float[np.ndarray, "..."], light: Light
) -> Float[np.ndarray, "*b 3"]:
    """Blend a colour towards the horizon's over `metres` of air (Koschmieder's law)."""
    clear = np.exp(-light.weather.haze / 1000 * metres)
    return lab * clear + np.array(light.weather.horizon, np.float32) * (1 - clear)


def _lit(color: Color, light: Light) -> Float[np.ndarray, "3"]:
    lightness, a, b = color
    return np.array([lightness * light.weather.ground, a, b + light.weather.warmth], np.float32)


def _above(
    canvas: Lab, outline: Float[np.ndarray, " w"], foot: float
) -> tuple[slice, Float[np.ndarray, "r w"]]:
    """Return the rows from an outline's top to its foot, and how much of each pixel it covers."""
    top = int(np.clip(np.floor(outline.min()) - 1, 0, canvas.shape[0]))
    bottom = int(np.clip(np.ceil(foot), top, canvas.shape[0]))
    rows = np.arange(top, bottom, dtype=np.float32)[:, None]
    return slice(top, bottom), np.clip(rows - outline + 0.5, 0, 1)


def add_hills(canvas: Lab, camera: Camera, light: Light, rng: np.random.Generator) -> None:
    """Draw two or three ranges of hills, paler with distance."""
    noise = tile(1.5)
    for metres in (6000.0, 3000.0, 1400.0)[int(rng.integers(2)) :]:
        line = noise[rng.integers(SIDE)][(np.arange(camera.size) + rng.integers(SIDE)) % SIDE]
        height = camera.size * (0.05 + 0.02 * line) * rng.uniform(0.6, 1.6) * (metres / 3000) ** 0.4
        rows, cover = _above(canvas, camera.horizon - np.maximum(height, 0), camera.horizon + 1)
        color = _lit(((50, -6, 16), (44, -9, 16), (56, 1, 16))[rng.integers(3)], light)
        shades = np.broadcast_to(color, (*cover.shape, 3)).copy()
        shades[..., 0] += 4 * window(tile(1.1), cover.shape, rng)
        canvas[rows] += cover[..., None] * (air(shades, metres, light) - canvas[rows])


def add_wood(
    canvas: Lab, camera: Camera, light: Light, depth: float, rng: np.random.Generator
) -> None:
    """Draw a row of trees across the whole photograph.

    Args:
        canvas: Photograph in CIELAB, changed in place.
        camera: View that the trees are projected by.
        light: Light and weather.
        depth: Distance from the camera in metres.
        rng: Source of the trees' sizes and colours.
    """
    foot = camera.row_at(depth)
    pixels = camera.focal / depth
    height = rng.uniform(5, 11)
    crowns = np.zeros(camera.size, np.float32)
    columns = np.arange(camera.size)
    middle = -10.0
    while middle < camera.size + 10:
        radius = max(1.5, pixels * rng.uniform(1.6, 3.6))
        round_top = np.sqrt(np.clip(1 - ((columns - middle) / radius) ** 2, 0, 1))
        crown = pixels * height * rng.uniform(0.45, 0.8) + radius * 0.9 * round_top
        crowns = np.maximum(crowns, np.where(round_top > 0, crown, 0))
        middle += radius * rng.uniform(0.5, 1.5)
    crowns += 0.25 * pixels * tile(0.8)[rng.integers(SIDE), : camera.size]
    rows, cover = _above(canvas, foot - crowns, foot)
    leaves = window(tile(0.9), cover.shape, rng)
    shades = np.broadcast_to(_lit(FOLIAGE[rng.integers(4)], light), (*cover.shape, 3)).copy()
    low = np.arange(len(cover), dtype=np.float32)[:, None] / max(len(cover), 1)
    shades[..., 0] += 6 * leaves - 9 * low
    canvas[rows] += cover[..., None] * (air(shades, depth, light) - canvas[rows])


def add_tree(
    canvas: Lab, camera: Camera, light: Light, at: tuple[float, float], rng: np.random.Generator
) -> None:
    """Draw one tree: a trunk under a crown whose edge and shading come from noise.

    Args:
        canvas: Photograph in CIELAB, changed in place.
        camera: View that the tree is projected by.
        light: Light and weather.
        at: (x, depth) on the ground in metres.
        rng: Source of size, colour and texture.
    """
    x, depth = at
    scale = camera.focal / depth
    height, radius = scale * rng.uniform(6, 10), scale * rng.uniform(1.8, 3.0)
    column, foot = camera.size / 2 + scale * x, camera.row_at(depth)
    top = foot - height
    first, last = (
        int(np.clip(v, 0, camera.size)) for v in (column - 1.4 * radius, column + 1.4 * radius)
    )
    begin, end = (int(np.clip(v, 0, camera.size)) for v in (top - 0.2 * height, foot))
    if first >= last or begin >= end:
        return
    rows, columns = np.mgrid[begin:end, first:last].astype(np.float32)
    crown = 0.36 * height
    u, v = (columns - column) / radius, (rows - top - crown) / (1.15 * crown)
    noise = window(tile(1.15), u.shape, rng)
    ragged = 0.16 * np.clip(noise, -2.0, 1.4)
    leaves = smoothstep(-0.12, 0.12, 1 - np.hypot(u, v) + ragged)
    trunk = np.clip(0.028 * height - np.abs(columns - column) + 0.5, 0, 1) * (rows > top + crown)
    patch = canvas[begin:end, first:last]
    bark = air(_lit((30, 5, 10), light), depth, light)
    patch += trunk[..., None] * (bark - patch)
    shades = np.broadcast_to(_lit(FOLIAGE[rng.integers(len(FOLIAGE))], light), (*u.shape, 3)).copy()
    sunny = light.sun[0] * u - light.sun[2] * v
    fine = window(tile(0.5), u.shape, rng)
    shades[..., 0] += 9 * light.weather.direct * sunny + 4.5 * noise + 3.5 * fine
    patch += leaves[..., None] * (air(shades, depth, light) - patch)


def add_houses(
    canvas: Lab, camera: Camera, light: Light, depth: float, rng: np.random.Generator
) -> None:
    """Draw a row of houses that face the camera.

    Args:
        canvas: Photograph in CIELAB, changed in place.
        camera: View that the houses are projected by.
        light: Light and weather.
        depth: Distance from the camera in metres.
        rng: Source of sizes, colours and windows.
    """
    scale = camera.focal / depth
    column = -rng.uniform(0, 12) * scale
    tall = rng.uniform(0.7, 1.8)
    while column < camera.size:
        width = scale * rng.uniform(7, 16)
        floors = int(np.clip(np.rint(rng.uniform(2, 5) * tall), 1, 9))
        _add_house(canvas, camera, light, (column, width, floors, depth), rng)
        column += width + (scale * rng.uniform(0.5, 4) if rng.random() < 0.2 else 0)


def _add_house(
    canvas: Lab,
    camera: Camera,
    light: Light,
    house: tuple[float, float, int, float],
    rng: np.random.Generator,
) -> None:
    """Draw one house.

    Args:
        canvas: Photograph in CIELAB, changed in place.
        camera: View that the house is projected by.
        light: Light and weather.
        house: Left column and width in pixels, number of floors, depth in metres.
        rng: Source of colours, roof and windows.
    """
    left, width, floors, depth = house
    scale, foot = camera.focal / depth, camera.row_at(depth)
    floor, bay = 3.1 * scale, rng.uniform(2.2, 3.4) * scale
    height = floors * floor + 0.8 * scale
    first, last = (int(np.clip(np.rint(v), 0, camera.size)) for v in (left, left + width))
    roof = rng.uniform(1.5, 3.5) * scale if floors < 5 and rng.random() < 0.7 else 0.0
    begin, end = (int(np.clip(np.rint(v), 0, camera.size)) for v in (foot - height - roof, foot))
    if first >= last or begin >= end:
        return
    # Drawn at three times the resolution and averaged, which antialiases the windows.
    rows, columns = np.ogrid[begin : end : 1 / 3, first : last : 1 / 3]
    up, across = (foot - rows) / floor, (columns - left) / bay
    color = _lit(WALLS[rng.integers(len(WALLS))], light)
    facing = 0.9 + 0.16 * light.weather.direct * max(-float(light.sun[1]), -0.5)
    lab = np.broadcast_to(color * [facing, 1, 1], (rows.size, columns.size, 3)).astype(np.float32)
    bays = max(1, int(width / bay))
    margin = (width / bay - bays) / 2
    u, v = (across - margin) % 1, up % 1
    inside = (across > margin) & (across < margin + bays) & (up > 0.1) & (up < floors)
    low, wide = rng.uniform(0.25, 0.34), rng.uniform(0.2, 0.3)
    frame = inside & (np.abs(u - 0.5) < wide + 0.05) & (v > low - 0.05) & (v < 0.86)
    pane = frame & (np.abs(u - 0.5) < wide) & (v > low) & (v < 0.82)
    lab[frame] = _lit((84, 0, 3), light)
    lab[pane] = (26, -1, -5)
    if light.weather.ground < 0.7:
        lamps = rng.random((floors + 1, bays + 1)) < 0.4
        lit = lamps[
            np.clip(up, 0, floors).astype(int), np.clip(across - margin, 0, bays).astype(int)
        ]
        lab[pane & lit] = (82, 8, 44)
    shop = (up < 0.85) & (np.abs(u - 0.5) < 0.42) & (up > 0.08)
    if rng.random() < 0.4:
        lab[shop & inside] = (24, 0, -3)
    tiles = np.broadcast_to(rows < foot - height, pane.shape)
    lab[tiles] = _lit(((40, 20, 20), (42, 2, 2), (46, 14, 18))[rng.integers(3)], light)
    eaves = np.broadcast_to(np.abs(rows - (foot - height)) < 0.12 * scale, pane.shape)
    lab[eaves] = _lit((70, 0, 3), light)
    height_px, width_px = end - begin, last - first
    mean = lab[: 3 * height_px, : 3 * width_px].reshape(height_px, 3, width_px, 3, 3).mean((1, 3))
    mean[..., 0] += 1.3 * window(tile(0.6), (height_px, width_px), rng)
    canvas[begin:end, first:last] = air(mean, depth, light)

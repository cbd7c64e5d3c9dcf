"""Light and weather: position and strength of the sun, colours of sky and air."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Color = tuple[float | int, ...]  # L, a, b


class Weather(NamedTuple):
    """Values shared by all scenes in one kind of weather; colours are CIELAB."""

    zenith: Color
    horizon: Color
    cloud: Color
    cover: tuple[float, float]  # range of the sky's share under cloud
    elevation: tuple[float, float]  # range of the sun's height in degrees
    direct: float  # strength of the sun relative to the sky, 0 to 1
    haze: float  # per kilometre
    ground: float  # lightness of the ground relative to a clear day
    warmth: float  # added to b of everything but paint
    rain: bool = False


# fmt: off
WEATHERS = {
    "clear":    Weather((50, -1, -36), (82, -6, -14), (95, 0, -1),  (0.05, 0.5), (35, 65), 0.85, 0.15, 1.00, 0),  # noqa: E501
    "fair":     Weather((60, -5, -27), (86, -4, -9),  (94, 0, -1),  (0.35, 0.7), (30, 60), 0.70, 0.25, 0.98, 0),  # noqa: E501
    "haze":     Weather((74, -3, -12), (86, 0, 1),    (90, 0, 0),   (0.00, 0.2), (30, 60), 0.50, 1.60, 0.98, 1),  # noqa: E501
    "overcast": Weather((66, -1, -4),  (82, 0, -1),   (86, 0, -1),  (0.80, 1.0), (40, 60), 0.12, 0.50, 0.86, -1), # noqa: E501
    "rain":     Weather((48, -1, -5),  (68, -1, -3),  (66, -1, -4), (0.80, 1.0), (40, 60), 0.05, 1.40, 0.74, -2, rain=True),  # noqa: E501
    "low sun":  Weather((56, -1, -24), (88, 6, 36),   (92, 6, 22),  (0.10, 0.5), (9, 18),  0.95, 0.60, 0.86, 7),  # noqa: E501
    "dusk":     Weather((27, 9, -30),  (70, 26, 34),  (52, 24, 10), (0.10, 0.6), (6, 10),  0.40, 0.60, 0.56, 2),  # noqa: E501
}
# fmt: on


class Light(NamedTuple):
    """Light of one scene: weather, unit vector towards the sun, share of the sky under cloud."""

    weather: Weather
    sun: Float[np.ndarray, "3"]
    cover: float


def sample(weather: str, rng: np.random.Generator) -> Light:
    """Draw a sun and cloud cover from the weather's ranges.

    The sun stands to either side of the camera, 70 to 160 degrees from the direction of view; at
    dusk it stands in front, 10 to 40 degrees from it.
    """
    drawn = WEATHERS[weather]
    elevation = np.radians(rng.uniform(*drawn.elevation))
    side = rng.choice([-1.0, 1.0])
    away = rng.uniform(10, 40) if weather == "dusk" else rng.uniform(70, 160)
    azimuth = np.radians(side * away)  # 0 is the direction of view
    level = np.cos(elevation)
    sun = np.array([level * np.sin(azimuth), level * np.cos(azimuth), np.sin(elevation)])
    return Light(drawn, sun, float(rng.uniform(*drawn.cover)))


def shade(normals: Float[np.ndarray, "n 3"], light: Light) -> Float[np.ndarray, " n"]:
    """Shade matt surfaces: Lambert's cosine law for the sun, plus light from the sky.

    The sky's term is that of a hemisphere, (1 + n_z) / 2.

    Returns:
        Relative lightness (not luminance) of each surface, 0 to 1.
    """
    lambert = np.maximum(normals @ light.sun, 0)
    sky = 0.5 + 0.5 * normals[..., 2]
    direct = light.weather.direct
    return np.clip((0.75 - 0.35 * direct) * sky + 0.10 + 0.62 * direct * lambert, 0, 1)

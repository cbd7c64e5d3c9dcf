"""Materials of a vehicle's surfaces and their colours."""

from enum import IntEnum, auto

import numpy as np


class Material(IntEnum):
    """Index into `LAB`; PAINT takes the colour of the vehicle."""

    PAINT = 0
    WHITE = auto()
    BLACK = auto()
    RUBBER = auto()
    GLASS = auto()
    METAL = auto()
    CHROME = auto()
    HEADLIGHT = auto()
    TAILLIGHT = auto()
    INDICATOR = auto()
    PLATE = auto()
    WOOD = auto()
    CANVAS = auto()
    ACCENT = auto()  # fin and engines of an aeroplane, which its livery may paint
    BOTTOM = auto()  # antifouling under a boat's waterline
    CLOTH = auto()
    SKIN = auto()
    SEAM = auto()


_COLORS = {
    Material.PAINT: (54, 0, 0),
    Material.WHITE: (93, 0, 1),
    Material.BLACK: (17, 0, 0),
    Material.RUBBER: (20, 0, 0),
    Material.GLASS: (16, -2, -5),
    Material.METAL: (45, 0, -1),
    Material.CHROME: (82, 0, -2),
    Material.HEADLIGHT: (93, 0, 4),
    Material.TAILLIGHT: (40, 55, 36),
    Material.INDICATOR: (68, 28, 60),
    Material.PLATE: (88, 0, 3),
    Material.WOOD: (58, 11, 26),
    Material.CANVAS: (97, 0, 4),
    Material.ACCENT: (93, 0, 1),
    Material.BOTTOM: (34, 26, 18),
    Material.CLOTH: (24, 1, -5),
    Material.SKIN: (68, 13, 16),
    Material.SEAM: (26, 0, 0),
}
LAB = np.array([_COLORS[m] for m in Material], np.float32)
LAMPS = (Material.HEADLIGHT, Material.TAILLIGHT, Material.INDICATOR)

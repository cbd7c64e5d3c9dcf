"""Drawn photographs of vehicles, whose true colours are known and need no download.

`draw(seed, index)` returns a `Scene`. The names below are the package's interface; its modules run
from the vehicles' meshes (`fleet`) and where they stand (`layout`) to pixels (`render`, `scene`).
"""

from cic_jax.scenes import paint
from cic_jax.scenes.layout import SETTINGS, VIEWS
from cic_jax.scenes.light import WEATHERS
from cic_jax.scenes.paint import KINDS
from cic_jax.scenes.scene import Object, Scene, draw

__all__ = ["KINDS", "SETTINGS", "VIEWS", "WEATHERS", "Object", "Scene", "draw", "paint"]

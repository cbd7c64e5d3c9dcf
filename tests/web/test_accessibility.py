"""The page needs no mouse, no large screen and no sharp eyes, in a real browser."""

import io

import numpy as np
import pytest
from PIL import Image
from web_page import IN_A_BROWSER, NARROW

pytestmark = IN_A_BROWSER


def test_everything_is_reached_by_keyboard_and_shows_its_focus(opened):
    def accented():
        seen = np.asarray(Image.open(io.BytesIO(opened.screenshot())).convert("RGB"))
        return np.count_nonzero(np.all(seen == (168, 72, 15), axis=-1))

    reached = []
    opened.script("document.activeElement.blur()")
    for _ in range(19):
        opened.press("Tab")
        reached.append(
            opened.script("const e = document.activeElement; return e.id || e.name || e.title")
        )
        focused = accented()
        opened.script("document.activeElement.blur()")  # the next Tab goes on from here
        assert focused - accented() > 200, reached[-1]
    for name in (
        "another",
        "picker",
        "divider",
        "closer",
        "hold",
        "candidate",
        "vividness",
        "size",
    ):
        assert name in reached
    for name in ("download", "copy", "compare", "reset", "Photograph: SpaceX"):
        assert name in reached


def test_a_screen_reader_has_a_name_for_everything(opened):
    opened.click("#picker")
    opened.wait("!document.querySelector('#inspector').hidden")
    opened.devtools("Accessibility.enable")
    nodes = opened.devtools("Accessibility.getFullAXTree")["nodes"]
    opened.devtools("Accessibility.disable")
    found = {}
    for node in nodes:
        if not node["ignored"]:
            role, name = (node.get(key, {}).get("value", "") for key in ("role", "name"))
            found.setdefault(role, []).append(name)
    for role in ("button", "slider", "checkbox", "combobox", "application", "image", "group"):
        assert found[role], role
        assert all(name.strip() for name in found[role]), (role, found[role])
    usual, *others = found["radio"]
    assert usual == "Usual"
    assert set(others) <= {"Redder", "Greener", "Yellower", "Bluer"}
    assert len(set(others)) == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scroll(opened, scheme):
    opened.size(*NARROW)
    media = [{"name": "prefers-color-scheme", "value": scheme}]
    opened.devtools("Emulation.setEmulatedMedia", features=media)
    opened.click("#picker")
    opened.wait("!document.querySelector('#distribution').hasAttribute('hidden')")
    assert opened.value("innerWidth") == 375
    assert opened.value("document.documentElement.scrollWidth") <= 375
    small = opened.value(
        "[...document.querySelectorAll('button')].filter((b) => b.offsetParent && "
        "(b.offsetHeight < 44 || b.offsetWidth < 44)).map((b) => b.id)"
    )
    assert small == []  # large enough for a finger
    contrast = opened.script(CONTRAST)
    assert min(contrast.values()) >= 4.5, contrast
    opened.devtools("Emulation.setEmulatedMedia", features=[])


# The contrast of text to what is behind it, by WCAG 2.
CONTRAST = """
const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
const luminance = (colour) => channels(colour).slice(0, 3)
  .map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
  const colour = getComputedStyle(element).backgroundColor;
  return (channels(colour)[3] ?? 1) > 0 ? colour : behind(element.parentElement);
};
return Object.fromEntries(['h1', '#status', '#download', '#reset', '#about-file', '.ends',
  '#pixel', 'footer', '#samples button'].map((selector) => {
    const element = document.querySelector(selector);
    const [low, high] = [getComputedStyle(element).color, behind(element)]
      .map(luminance).sort((one, other) => one - other);
    return [selector, (high + 0.05) / (low + 0.05)];
  }));
"""

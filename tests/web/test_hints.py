"""A colour is given to a place of the photograph: by the requests, and by hand in a browser."""

import numpy as np
import pytest
from tiny_models import tiny_lite
from web_page import IN_A_BROWSER, NARROW, SHOWN, changed, picture, settle
from web_server import CountingColorizer


@pytest.fixture(scope="module")
def colorizer():
    return CountingColorizer(tiny_lite())


def ask(client, token, what, query):
    return client.ask(f"/photographs/{token}/{what}?{query}")


def test_hints_change_every_answer_and_can_be_taken_back(client, token):
    answers = {}
    for query in ("x=0.5&y=0.5", "x=0.5&y=0.5&hints=0.5,0.5,60,40"):
        for what in ("picture", "file", "pixel"):
            answer = ask(client, token, what, query)
            assert answer.status == 200
            answers.setdefault(what, []).append(answer.body)
    for plain, hinted in answers.values():
        assert plain != hinted
    assert ask(client, token, "picture", "").body == answers["picture"][0]


@pytest.mark.parametrize(
    "hints", ["x", "1,2,3", "2,0,1,1", "0,0,999,0", "nan,0,0,0", ";".join(["0,0,1,1"] * 65)]
)
def test_other_hints_are_refused_in_one_line(client, token, hints):
    answer = ask(client, token, "picture", f"hints={hints}")
    assert answer.status == 400
    assert answer.text.startswith("hints: expected")


@IN_A_BROWSER[0]
@IN_A_BROWSER[1]
def test_a_colour_is_given_by_touch_on_a_phone(opened):
    opened.size(*NARROW)
    opened.devtools("Emulation.setTouchEmulationEnabled", enabled=True)

    def tap(selector):
        box = opened.value(f"document.querySelector('{selector}').getBoundingClientRect().toJSON()")
        at = {"x": box["left"] + box["width"] / 2, "y": box["top"] + box["height"] / 2}
        opened.devtools("Input.dispatchTouchEvent", type="touchStart", touchPoints=[at])
        opened.devtools("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    tap("#picker")
    opened.wait("document.querySelector('#swatches button') !== null")
    source = opened.value(SHOWN)
    tap("#swatches button")
    opened.wait(f"{SHOWN} !== '{source}'")
    assert opened.value("document.querySelectorAll('#marks i').length") == 1
    assert opened.value("document.querySelector('#hints button').ariaLabel").startswith("Remove")
    opened.devtools("Emulation.setTouchEmulationEnabled", enabled=False)


@IN_A_BROWSER[0]
@IN_A_BROWSER[1]
def test_a_colour_is_clicked_in_the_distribution_undone_and_removed(opened):
    usual = picture(opened, "#after")
    opened.click("#picker")
    opened.wait("!document.querySelector('#distribution').hasAttribute('hidden')")
    opened.wait("!document.querySelector('#hint-help').hidden")
    assert opened.value("document.querySelector('#hinting').hidden") is True

    opened.click("#distribution")
    hinted = changed(opened, usual)
    assert opened.value("document.querySelectorAll('#hints li').length") == 1
    opened.type("#distribution", "Up", "Up", "Up", "Enter")  # the same place gets another colour
    other = changed(opened, hinted)
    assert opened.value("document.querySelectorAll('#marks i').length") == 1

    opened.type("#picker", "Right", "Down")
    opened.wait("document.querySelector('#cross').style.getPropertyValue('--x') !== '50%'")
    settle(opened)
    opened.click("#distribution")
    two = changed(opened, other)
    assert opened.value("document.querySelectorAll('#hints li').length") == 2
    opened.click("#undo")
    np.testing.assert_allclose(changed(opened, two), other)
    opened.script("document.querySelector('#own-colour').value = '#1030c0'")
    opened.click("#give")
    own = changed(opened, other)
    last = "document.querySelector('#hints li:last-child button')"
    assert opened.value(f"{last}.style.getPropertyValue('--fill')") == "#1030c0"
    opened.click("#undo")
    np.testing.assert_allclose(changed(opened, own), other)
    source = opened.value(SHOWN)
    opened.click("#hints li:first-child button")
    opened.wait(f"{SHOWN} !== '{source}'")
    settle(opened)
    np.testing.assert_allclose(picture(opened, "#after"), usual)
    assert opened.value("document.querySelector('#hinting').hidden") is True

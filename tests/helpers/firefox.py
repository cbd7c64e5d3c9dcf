"""Headless Firefox, driven over WebDriver BiDi, which it speaks by itself."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import websocket

SECONDS = 120.0  # the longest wait for a condition, or for an answer
POLL = 0.05  # seconds between two looks at it
LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
PREFERENCES = {
    "browser.download.folderList": 2,  # the folder named below
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "app.normandy.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
ARROW, TAB, ENTER = (
    {"Left": "\ue012", "Up": "\ue013", "Right": "\ue014", "Down": "\ue015"},
    "\ue004",
    "\ue007",
)
KEYS = {**ARROW, "Tab": TAB, "Enter": ENTER, "Control": "\ue009"}


def is_installed() -> bool:
    return shutil.which("firefox-esr") is not None


class Firefox:
    """A window, addressed by CSS selectors and JavaScript expressions; `close` ends it."""

    def __init__(self, folder: Path) -> None:
        """Keep the profile and downloads in `folder`."""
        self.downloads = folder / "downloads"
        profile = folder / "profile"
        for made in (self.downloads, profile):
            made.mkdir()
        preferences = {**PREFERENCES, "browser.download.dir": str(self.downloads)}
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in preferences.items()]
        (profile / "user.js").write_text("\n".join(lines))
        command = ["firefox-esr", "--headless", "--no-remote", "--profile", str(profile)]
        log = folder / "log"
        with log.open("w") as said:
            self._process = subprocess.Popen(
                [*command, "--remote-debugging-port=0", "about:blank"],
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
        found = self.until(lambda: LISTENS.search(log.read_text()), "Firefox's own address")
        self._socket = websocket.create_connection(
            f"{found[1]}/session", SECONDS, suppress_origin=True
        )
        self._count = 0
        self.ask("session.new", capabilities={})
        self._context = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def close(self) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait()

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command; return its result."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        self._socket.send(json.dumps(message))
        while (answer := json.loads(self._socket.recv())).get("id") != self._count:
            pass  # an event
        assert answer["type"] == "success", answer
        return answer["result"]

    def open(self, url: str) -> None:
        self.ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def size(self, width: int, height: int) -> None:
        viewport = {"width": width, "height": height}
        self.ask("browsingContext.setViewport", context=self._context, viewport=viewport)

    def _evaluate(self, expression: str) -> Any:
        target = {"context": self._context}
        answer = self.ask(
            "script.evaluate", expression=expression, target=target, awaitPromise=True
        )
        assert answer["type"] == "success", answer
        return answer["result"]

    def value(self, expression: str) -> Any:
        """The value of an expression that JSON can hold."""
        found = self._evaluate(f"JSON.stringify({expression}) ?? 'null'")
        return json.loads(found["value"])

    def wait(self, expression: str) -> Any:
        """The expression's value as soon as it is true."""
        return self.until(lambda: self.value(expression), expression)

    def until(self, condition: Any, what: str) -> Any:
        end = time.monotonic() + SECONDS
        while not (found := condition()):
            assert time.monotonic() < end, f"{what} did not become true"
            time.sleep(POLL)
        return found

    def text(self, selector: str) -> str:
        return self.value(f"document.querySelector({json.dumps(selector)}).innerText")

    def click(self, selector: str) -> None:
        """Click the middle of an element, once it is in view."""
        self._evaluate(f"document.querySelector({json.dumps(selector)}).scrollIntoView()")
        element = self._element(selector)
        move = {
            "type": "pointerMove",
            "x": 0,
            "y": 0,
            "origin": {"type": "element", "element": element},
        }
        down, up = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        self._act({"type": "pointer", "id": "mouse", "actions": [move, down, up]})

    def press(self, *keys: str) -> None:
        """Press keys of KEYS, or letters, together, wherever the focus is."""
        values = [KEYS.get(key, key) for key in keys]
        downs = [{"type": "keyDown", "value": value} for value in values]
        ups = [{"type": "keyUp", "value": value} for value in reversed(values)]
        self._act({"type": "key", "id": "keys", "actions": [*downs, *ups]})

    def choose(self, selector: str, *paths: Path) -> None:
        """Choose files in a chooser."""
        files = [str(path) for path in paths]
        self.ask(
            "input.setFiles",
            context=self._context,
            element=self._element(selector),
            files=files,
        )

    def _element(self, selector: str) -> dict[str, str]:
        found = self._evaluate(f"document.querySelector({json.dumps(selector)})")
        return {"sharedId": found["sharedId"]}

    def _act(self, *actions: Any) -> None:
        self.ask("input.performActions", context=self._context, actions=list(actions))

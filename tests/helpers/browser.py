"""Headless Chromium, driven by chromedriver in the words of the W3C's WebDriver protocol."""

import base64
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the protocol's key of an element's reference
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Home": "\ue011", "End": "\ue010"}
KEYS |= {"Left": "\ue012", "Up": "\ue013", "Right": "\ue014", "Down": "\ue015"}
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SECONDS = 20.0  # that anything may take


def is_installed() -> bool:
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


class Browser:
    """One window; `close` ends it."""

    def __init__(self, folder: Path) -> None:
        """The profile and downloads go into `folder`."""
        self.downloads = folder / "downloads"
        self.downloads.mkdir()
        self._driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True
        )
        for line in self._driver.stdout:
            started = re.search(r"successfully on port (\d+)", line)
            if started:
                break
        self._url = f"http://127.0.0.1:{started[1]}"
        options = {
            "binary": shutil.which("chromium"),
            "args": [*FLAGS, f"--user-data-dir={folder / 'profile'}"],
            "prefs": {"download.default_directory": str(self.downloads)},
        }
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
        }
        session = self._ask("POST", "/session", capabilities={"alwaysMatch": wanted})
        self._url += f"/session/{session['sessionId']}"

    def close(self) -> None:
        self._ask("DELETE", "")
        self._driver.terminate()
        self._driver.wait()
        self._driver.stdout.close()

    def open(self, url: str) -> None:
        self._ask("POST", "/url", url=url)

    def size(self, width: int, height: int, scale: float = 1.0) -> None:
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )

    def script(self, code: str, *arguments: Any) -> Any:
        return self._ask("POST", "/execute/sync", script=code, args=list(arguments))

    def value(self, expression: str) -> Any:
        return self.script(f"return {expression}")

    def wait(self, expression: str) -> Any:
        """The expression's value as soon as it is true."""
        return self.until(lambda: self.value(expression), expression)

    def until(self, condition: Callable[[], Any], what: str = "the condition") -> Any:
        end = time.monotonic() + SECONDS
        while not (value := condition()):
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not become true; the page: {self.text()}")
            time.sleep(0.02)
        return value

    def text(self, selector: str = "body") -> str:
        return self.script("return document.querySelector(arguments[0]).innerText", selector)

    def click(self, selector: str) -> None:
        self._ask("POST", f"/element/{self._find(selector)}/click")

    def type(self, selector: str, *keys: str) -> None:
        """Type names of KEYS, or text; into a file chooser, the path of a file."""
        text = "".join(KEYS.get(key, key) for key in keys)
        self._ask("POST", f"/element/{self._find(selector)}/value", text=text)

    def press(self, key: str) -> None:
        """A key of KEYS, wherever the focus is."""
        strokes = [{"type": kind, "value": KEYS[key]} for kind in ("keyDown", "keyUp")]
        self._ask("POST", "/actions", actions=[{"type": "key", "id": "keys", "actions": strokes}])

    def drop(self, path: Path, x: int = 300, y: int = 300) -> None:
        """Drop a file, as from a folder's window."""
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.devtools("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def devtools(self, command: str, **parameters: Any) -> Any:
        return self._ask("POST", "/goog/cdp/execute", cmd=command, params=parameters)

    def log(self, kind: str) -> list[dict[str, Any]]:
        """What happened since the last call: 'performance' or 'browser'."""
        return self._ask("POST", "/se/log", type=kind)

    def requests(self) -> list[str]:
        """The addresses asked since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        sent = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return [parameters["request"]["url"] for parameters in sent]

    def screenshot(self) -> bytes:
        return base64.b64decode(self._ask("GET", "/screenshot"))

    def _find(self, selector: str) -> str:
        found = self._ask("POST", "/element", using="css selector", value=selector)
        return found[ELEMENT]

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        request = urllib.request.Request(
            self._url + path,
            json.dumps(body).encode() if method == "POST" else None,
            {"content-type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(json.load(error)["value"]["message"]) from None

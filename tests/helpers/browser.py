"""Headless Chromium, driven by Selenium through the system's chromedriver."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

KEYS = {"Tab": Keys.TAB, "Enter": Keys.ENTER, "Home": Keys.HOME, "End": Keys.END}
KEYS |= {"Left": Keys.LEFT, "Up": Keys.UP, "Right": Keys.RIGHT, "Down": Keys.DOWN}
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SECONDS = 120.0  # the longest wait for a condition
POLL = 0.02  # seconds between two looks at it


def is_installed() -> bool:
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


class Browser:
    """A window, addressed by CSS selectors and JavaScript expressions; `close` ends it."""

    def __init__(self, folder: Path, *flags: str) -> None:
        """Keep the profile and downloads in `folder`; `flags` are Chromium's, beside FLAGS."""
        self.downloads = folder / "downloads"
        self.downloads.mkdir()
        options = ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in (*FLAGS, *flags, f"--user-data-dir={folder / 'profile'}"):
            options.add_argument(flag)
        options.add_experimental_option(
            "prefs", {"download.default_directory": str(self.downloads)}
        )
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        # With both paths given, Selenium Manager neither runs nor downloads.
        self._driver = Chrome(options, ChromeService(shutil.which("chromedriver")))

    def close(self) -> None:
        self._driver.quit()

    def open(self, url: str) -> None:
        self._driver.get(url)

    def size(self, width: int, height: int, scale: float = 1.0) -> None:
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )

    def script(self, code: str, *arguments: Any) -> Any:
        return self._driver.execute_script(code, *arguments)

    def value(self, expression: str) -> Any:
        return self.script(f"return {expression}")

    def wait(self, expression: str) -> Any:
        """The expression's value as soon as it is true."""
        return self.until(lambda: self.value(expression), expression)

    def until(
        self, condition: Callable[[], Any], what: str = "the condition", seconds: float = SECONDS
    ) -> Any:
        message = f"{what} did not become true"
        return WebDriverWait(self._driver, seconds, POLL).until(lambda _: condition(), message)

    def text(self, selector: str = "body") -> str:
        return self.script("return document.querySelector(arguments[0]).innerText", selector)

    def click(self, selector: str) -> None:
        self._find(selector).click()

    def type(self, selector: str, *keys: str) -> None:
        """Type names of KEYS, or text; into a file chooser, the path of a file."""
        self._find(selector).send_keys(*(KEYS.get(key, key) for key in keys))

    def press(self, key: str) -> None:
        """A key of KEYS, wherever the focus is."""
        ActionChains(self._driver).send_keys(KEYS[key]).perform()

    def drop(self, path: Path, x: int = 300, y: int = 300) -> None:
        """Drop a file, as from a folder's window."""
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.devtools("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def devtools(self, command: str, **parameters: Any) -> Any:
        return self._driver.execute_cdp_cmd(command, parameters)

    def forget(self, origin: str) -> None:
        """Remove what pages of this origin have kept."""
        self.open("about:blank")
        self.devtools("Storage.clearDataForOrigin", origin=origin, storageTypes="all")

    def log(self, kind: str) -> list[dict[str, Any]]:
        """The entries since the last call, of kind 'performance' or 'browser'."""
        return self._driver.get_log(kind)

    def requests(self) -> list[str]:
        """The addresses requested since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        sent = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return [parameters["request"]["url"] for parameters in sent]

    def screenshot(self) -> bytes:
        return self._driver.get_screenshot_as_png()

    def _find(self, selector: str) -> WebElement:
        return self._driver.find_element(By.CSS_SELECTOR, selector)

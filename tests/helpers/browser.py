"""A real Chromium with one page, driven by keys; nothing of it leaves this machine."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

__all__ = ["NEEDED", "Keys", "Page", "browsing"]

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
#: for `pytestmark`
NEEDED = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="no chromium with its chromedriver here"),
]
_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync --no-first-run"
)

#: the lowest contrast of any text on the page with what stands behind it (WCAG 2.2, 1.4.3)
_CONTRAST = """(() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll('body *')].filter((element) =>
    element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  return Math.min(...texts.map((element) => {
    const style = getComputedStyle(element), back = behind(element), own = parse(style.color);
    const seen = own.slice(0, 3).map((c, i) => c * style.opacity + back[i] * (1 - style.opacity));
    const [high, low] = [light(seen), light(back)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  }));
})()"""


class Page:
    """A browser with one page."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def press(self, *keys: str) -> None:
        """Keys one after another, wherever the focus is."""
        for key in keys:
            ActionChains(self.browser).send_keys(key).perform()

    def chord(self, *keys: str) -> None:
        """Keys together: all but the last are held."""
        together = ActionChains(self.browser)
        for key in keys[:-1]:
            together.key_down(key)
        together.send_keys(keys[-1])
        for key in keys[:-1]:
            together.key_up(key)
        together.perform()

    def run(self, script: str) -> Any:
        """The value of an expression."""
        return self.browser.execute_script(f"return ({script})")

    def until(self, script: str) -> None:
        """Wait for an expression to be true."""
        end = time.monotonic() + 20
        while not self.run(script):
            assert time.monotonic() < end, f"in vain: {script}"
            time.sleep(0.02)

    def status(self) -> str:
        """What was said last to everybody."""
        return str(self.run("document.getElementById('status').textContent"))

    def complaints(self) -> list[str]:
        """What the browser's console says, a refused script or style among it."""
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def check_for_people(self, where: str = "") -> None:
        """No sideways scrolling, contrast of 4.5 everywhere, and every control has a name and some room."""
        assert self.run("document.documentElement.scrollWidth <= innerWidth"), where
        assert self.run(_CONTRAST) >= 4.5, where
        buttons = "[...document.querySelectorAll('button')].filter((b) => b.checkVisibility())"
        assert self.run(f"Math.min(...{buttons}.map((b) => b.offsetHeight))") >= 24, where
        assert self.run(f"{buttons}.every((b) => b.textContent.trim())"), where
        named = "(i) => i.labels.length || i.ariaLabel"
        fields = (
            "[...document.querySelectorAll('input, textarea, select')].filter((i) => i.checkVisibility())"
        )
        assert self.run(f"{fields}.every({named})"), where


@contextmanager
def browsing(
    width: int = 1280, height: int = 900, *, dark: bool = False, kind: type[Page] = Page
) -> Iterator[Any]:
    """A browser for as long as the block lasts; a narrow one is a phone."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*_FLAGS.split(), f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield kind(browser)
    finally:
        browser.quit()

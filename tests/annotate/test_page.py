"""The page in a real browser: by keyboard alone, on a phone, in the dark, with the server killed in between."""

import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helpers.annotating import KINDS, REPLY, project, serving
from mindrail.annotate import results
from mindrail.annotate.desk import Desk
from mindrail.annotate.project import Project

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="no chromium with its chromedriver here"),
]
#: nothing of the browser leaves this machine
_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync --no-first-run"
)


class Page:
    """A browser with one page, driven by keys."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def open(self, url: str, made: Project, who: str) -> None:
        """Sign in by a link, and pass the warning."""
        self.browser.get(f"{url}/#{made.link(who, lead=made.annotator(who).lead)}")
        self.until("document.activeElement?.id === 'begin'")
        self.press(Keys.ENTER)
        self.until("!document.getElementById('begin')")

    def press(self, *keys: str) -> None:
        for key in keys:
            ActionChains(self.browser).send_keys(key).perform()

    def run(self, script: str) -> Any:
        return self.browser.execute_script(f"return ({script})")

    def until(self, script: str) -> None:
        end = time.monotonic() + 20
        while not self.run(script):
            assert time.monotonic() < end, f"in vain: {script}"
            time.sleep(0.02)

    def judged(self) -> str:
        return str(self.run("document.querySelector('.turn.judged blockquote')?.textContent ?? ''"))

    def moved(self, act: Callable[[], None]) -> None:
        """Do something after which another message stands there, or none."""
        before = self.judged()
        act()
        self.until(f"(document.querySelector('.turn.judged blockquote')?.textContent ?? '') !== {before!r}")

    def status(self) -> str:
        return str(self.run("document.getElementById('status').textContent"))

    def complaints(self) -> list[Any]:
        """What the browser's console says, a refused script or style among it."""
        return [entry for entry in self.browser.get_log("browser") if "api/session" not in entry["message"]]


@contextmanager
def browsing(width: int = 1280, height: int = 900, *, dark: bool = False) -> Iterator[Page]:
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
        yield Page(browser)
    finally:
        browser.quit()


def answers(folder: Path, axis: str) -> dict[str, list[object]]:
    """By person, in the order in which they answered."""
    with Project(folder).database.reading() as db:
        labels = sorted((said for one in results.read(db) for said in one.labels), key=lambda said: said.seq)
    found: dict[str, list[object]] = {}
    for said in labels:
        found.setdefault(said.who, []).append(said.answers[axis])
    return found


def test_thirty_messages_by_keyboard_with_the_server_killed_in_between(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 30, people=("ana",))
    names = ("safe", "borderline", "unsafe")
    with browsing() as page:
        with serving(tmp_path / "p") as url:
            page.open(url, made, "ana")
            assert "#" not in page.browser.current_url
            for n in range(12):
                page.press(str(n % 3 + 1))
                page.moved(lambda: page.press(Keys.ENTER))
        page.press("1", Keys.ENTER)
        page.until("document.getElementById('status').textContent.startsWith('Not saved')")
        with serving(tmp_path / "p", int(url.rpartition(":")[2])):
            page.moved(lambda: page.press(Keys.ENTER))  # tries the same again
            page.browser.refresh()
            page.until("document.querySelector('.turn.judged')")
            for n in range(13, 30):
                page.press(str(n % 3 + 1))
                page.moved(lambda: page.press(Keys.ENTER))
            page.until("document.querySelector('main h1').textContent === 'Nothing is left for you'")
    assert answers(tmp_path / "p", "risk") == {"ana": [names[n % 3] for n in range(30)]}


def test_tests_in_order_undo_skip_note_and_cover(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 5, asked=REPLY, people=("ana",))
    with serving(tmp_path / "p") as url, browsing() as page:
        page.open(url, made, "ana")
        page.until("document.querySelector('.turn.judged')")
        first = page.judged()
        page.press("u")
        page.until("document.getElementById('status').textContent === 'There is nothing to take back.'")
        assert page.judged() == first
        page.press("n", "n", "y", Keys.BACKSPACE, "n", "y")  # the fourth, after a step back
        page.moved(lambda: page.press(Keys.ENTER))
        page.press(*"nnnnnnn")  # all denied: the last is left
        page.moved(lambda: page.press(Keys.ENTER))
        page.moved(lambda: page.press("u"))
        page.moved(lambda: page.press("u"))
        assert page.judged() == first
        page.press("y")
        page.moved(lambda: page.press(Keys.ENTER))
        page.press("m")
        page.until("document.activeElement.id === 'note'")
        page.press("sunny")  # letters in a note are no commands
        ActionChains(page.browser).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()
        page.until("document.querySelector('p.note')?.textContent === 'sunny'")
        page.press("c")
        page.until("document.querySelector('.covered') && !document.querySelector('.turn')")
        page.press("c")
        page.moved(lambda: page.press("s"))
        assert page.complaints() == []
    assert answers(tmp_path / "p", "reply") == {"ana": ["nonsense"]}
    with Project(tmp_path / "p").database.reading() as db:
        told = results.read(db)[1]
    assert ([note.text for note in told.notes], told.skipped) == (["sunny"], ("ana",))


def test_several_labels_then_two_people_and_a_decision(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 2, asked=KINDS, want=2, people=("ana", "ben", "cleo"), lead="cleo")
    names = KINDS.axes[0].names
    with serving(tmp_path / "p") as url:
        for who, keys in (("ana", "13"), ("ben", "1")):
            with browsing() as page:
                page.open(url, made, who)
                page.press(*keys, "2", "2")  # chosen and taken back
                page.moved(lambda page=page: page.press(Keys.ENTER))
                page.press("4", "0", Keys.ENTER)
                page.until("document.querySelector('main h1').textContent === 'Nothing is left for you'")
        with browsing() as page:
            page.open(url, made, "cleo")
            page.browser.find_element("xpath", "//nav/button[text()='Disagreements']").send_keys(Keys.ENTER)
            page.until("document.querySelectorAll('.opinion').length === 2")
            assert "ana" not in page.run("document.body.innerText")
            longer = page.run("document.querySelector('.opinion dd').textContent.includes(',')")
            page.press("a" if longer else "b")
            page.until("document.querySelector('main h1').textContent === 'Decided'")
            assert "ana" in page.run("document.querySelector('main').innerText")
            page.press(Keys.ENTER)
            page.until("document.querySelector('main h1').textContent === 'No disagreement waits'")
            page.browser.find_element("xpath", "//nav/button[text()='Agreement']").send_keys(Keys.ENTER)
            page.until("document.querySelectorAll('table').length > 0")
            assert page.complaints() == []
    with Project(tmp_path / "p").database.reading() as db:
        one, other = results.read(db)
    assert one.agreed(KINDS.axes[0]) == (names[0], names[2])
    assert other.agreed(KINDS.axes[0]) == ()


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


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_phone_in_light_and_dark(tmp_path: Path, dark: bool) -> None:
    """No sideways scrolling at 360 px, contrast of 4.5 everywhere, and every control has a name and some room."""
    made = project(tmp_path / "p", 3, want=2, people=("ana", "ben"), lead="ana")
    for who, risk in (("ana", "safe"), ("ben", "unsafe")):
        desk = Desk(made, who)
        asked = desk.next()
        assert asked is not None
        desk.label(uuid.uuid4().hex, asked.item.example.id, {"risk": risk})
    with serving(tmp_path / "p") as url, browsing(360, 740, dark=dark) as page:
        page.open(url, made, "ana")
        for view in ("Label", "Disagreements", "Agreement"):
            page.browser.find_element("xpath", f"//nav/button[text()='{view}']").click()
            page.until("document.querySelector('main h1')")
            assert page.run("document.documentElement.scrollWidth <= innerWidth"), view
            assert page.run(_CONTRAST) >= 4.5, view
            low = page.run("Math.min(...[...document.querySelectorAll('button')].map((b) => b.offsetHeight))")
            assert low >= 24, view
            assert page.run("[...document.querySelectorAll('button')].every((b) => b.textContent.trim())"), (
                view
            )
            assert page.run("[...document.querySelectorAll('input')].every((i) => i.labels.length)"), view
        background = page.run("getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")


def test_focus_and_announcements_for_a_screen_reader(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 3, people=("ana",), rest=0.05)
    with serving(tmp_path / "p") as url, browsing() as page:
        page.open(url, made, "ana")
        page.until("document.activeElement.tagName === 'H1'")
        assert page.run("document.getElementById('status').getAttribute('aria-live')") == "polite"
        time.sleep(3.1)
        page.press("1", Keys.ENTER)
        page.until("document.querySelector('dialog[open] h2')?.textContent === 'Time for a break'")
        assert page.run("document.querySelector('.turn') === null")  # nothing to read while one rests
        page.press(Keys.ENTER)
        page.until("document.querySelector('.turn.judged') && !document.querySelector('dialog')")
        seen = []
        for _ in range(14):  # the reading order is the order of tabs: message, tools, questions, save
            page.press(Keys.TAB)
            seen.append(page.run("document.activeElement.id || document.activeElement.textContent.trim()"))
        assert "option-0" in seen
        assert page.run("document.querySelector('fieldset legend').textContent") == "Risk"
        assert page.run("localStorage.length") == 0
        assert page.run("Object.keys(sessionStorage).join()") == "mindrail-warned"

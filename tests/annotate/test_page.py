"""The page in a real browser: by keyboard alone, on a phone, in the dark, with the server killed in between."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.annotating import KINDS, REPLY, project, serving
from helpers.browser import NEEDED, Keys, Page, browsing
from mindrail.annotate import results
from mindrail.annotate.desk import Desk
from mindrail.annotate.project import Project

pytestmark = NEEDED


class Labelling(Page):
    """The page to label on."""

    def open(self, url: str, made: Project, who: str) -> None:
        """Sign in by a link, and pass the warning."""
        self.browser.get(f"{url}/#{made.link(who, lead=made.annotator(who).lead)}")
        self.until("document.activeElement?.id === 'begin'")
        self.press(Keys.ENTER)
        self.until("!document.getElementById('begin')")

    def judged(self) -> str:
        return str(self.run("document.querySelector('.turn.judged blockquote')?.textContent ?? ''"))

    def moved(self, act: Callable[[], None]) -> None:
        """Do something after which another message stands there, or none."""
        before = self.judged()
        act()
        self.until(f"(document.querySelector('.turn.judged blockquote')?.textContent ?? '') !== {before!r}")

    def complaints(self) -> list[str]:
        return [message for message in super().complaints() if "api/session" not in message]


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
    with browsing(kind=Labelling) as page:
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
    with serving(tmp_path / "p") as url, browsing(kind=Labelling) as page:
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
        page.chord(Keys.CONTROL, Keys.ENTER)
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
            with browsing(kind=Labelling) as page:
                page.open(url, made, who)
                page.press(*keys, "2", "2")  # chosen and taken back
                page.moved(lambda page=page: page.press(Keys.ENTER))
                page.press("4", "0", Keys.ENTER)
                page.until("document.querySelector('main h1').textContent === 'Nothing is left for you'")
        with browsing(kind=Labelling) as page:
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


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_phone_in_light_and_dark(tmp_path: Path, dark: bool) -> None:
    """No sideways scrolling at 360 px, contrast of 4.5 everywhere, and every control has a name and some room."""
    made = project(tmp_path / "p", 3, want=2, people=("ana", "ben"), lead="ana")
    for who, risk in (("ana", "safe"), ("ben", "unsafe")):
        desk = Desk(made, who)
        asked = desk.next()
        assert asked is not None
        desk.label(uuid.uuid4().hex, asked.item.example.id, {"risk": risk})
    with serving(tmp_path / "p") as url, browsing(360, 740, dark=dark, kind=Labelling) as page:
        page.open(url, made, "ana")
        for view in ("Label", "Disagreements", "Agreement"):
            page.browser.find_element("xpath", f"//nav/button[text()='{view}']").click()
            page.until("document.querySelector('main h1')")
            page.check_for_people(view)
        background = page.run("getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")


def test_focus_and_announcements_for_a_screen_reader(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 3, people=("ana",), rest=0.05)
    with serving(tmp_path / "p") as url, browsing(kind=Labelling) as page:
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

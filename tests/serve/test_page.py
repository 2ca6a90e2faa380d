"""The page in a real browser: by keyboard alone, on a phone, with two guards, and when the server says no."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helpers.axes import SCALE
from helpers.browser import NEEDED, Keys, Page, browsing
from helpers.guards import STORM, tiny_guard
from helpers.served import KEY, serving
from mindrail.guard import Guard
from mindrail.guard.occlusion import explain
from mindrail.records import Example

pytestmark = NEEDED

CALM, DARK = "the soup is ready", f"please come, a {STORM} is ready"
CANARY = "zanzibarumbrellaquartz"
CHAT = f"Person: {CALM}\nReply: now we go\nto the park\nPerson: {DARK}"
_OPEN = ("env", "-u", "MINDRAIL_KEYS")


class Asking(Page):
    """The page that asks a guard."""

    def open(self, url: str) -> "Asking":
        self.browser.get(url)
        self.until("document.activeElement?.tagName === 'TEXTAREA'")
        return self

    def again(self) -> None:
        """The page as it is at first."""
        self.browser.refresh()
        self.until("document.activeElement?.tagName === 'TEXTAREA'")

    def write(self, text: str) -> None:
        """Into the field that has the focus, as if it were pasted there."""
        self.browser.execute_script(
            "const field = document.activeElement; field.value = arguments[0];"
            "field.dispatchEvent(new Event('input')); field.dispatchEvent(new Event('paste'));",
            text,
        )

    def ask(self, text: str | None = None, *, words: bool = False) -> str:
        """Write a message, ask by keyboard, and get the decision of each panel, joined by commas."""
        if text is not None:
            self.run("document.querySelector('.turn.judged textarea').focus()")
            self.write(text)
        self.chord(Keys.CONTROL, *([Keys.SHIFT] if words else []), Keys.ENTER)
        self.until("document.querySelector('.decision') && document.getElementById('stop').hidden")
        self.until("!document.querySelector('[aria-busy], .waiting')")
        return self.all(".decision")

    def all(self, selector: str) -> str:
        return str(self.run(f"[...document.querySelectorAll({selector!r})].map((e) => e.innerText).join()"))

    def imported(self, module: str, expression: str) -> Any:
        """What an expression on one of the page's modules, `it`, gives."""
        return self.browser.execute_async_script(
            f"import('/static/{module}').then((it) => arguments[0]({expression}))"
        )


@pytest.fixture(scope="module")
def scale(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_guard(tmp_path_factory.mktemp("second") / "guard", axis=SCALE)


@contextmanager
def asking(
    guard: Path, home: Path, *arguments: str, width: int = 1280, dark: bool = False
) -> Iterator[Asking]:
    """The page of a server that wants no key."""
    with (
        serving(f"one={guard}", home, *arguments, prefix=_OPEN) as server,
        browsing(width, 800, dark=dark, kind=Asking) as page,
    ):
        yield page.open(server.url)


@pytest.fixture(scope="module")
def every(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    with asking(folder, tmp_path_factory.mktemp("refusing") / "home") as page:
        yield page


def test_a_conversation_by_keyboard_alone(folder: Path, every: Asking) -> None:
    guard = Guard.load(folder)
    page = every
    page.again()
    assert page.ask(CALM) == "Allowed"
    assert "closest to a threshold" in page.all(".because")
    page.write(CHAT)
    page.until("document.querySelector('.offer button')")
    assert page.run("document.getElementById('old').checkVisibility()")  # the answer is of an earlier text
    while page.run("document.activeElement.textContent") != "Split it into turns":
        page.press(Keys.TAB)
    page.press(Keys.ENTER)
    page.until("document.querySelectorAll('.turn').length === 3")
    assert page.ask() == "Blocked"
    assert page.status().startswith("one: Blocked. ‘harmful’ has a probability of 0.99")
    said = [{"role": "user", "content": CALM}, {"role": "assistant", "content": "now we go\nto the park"}]
    expected = guard([*said, {"role": "user", "content": DARK}]).probabilities["harmful"]
    assert page.run(
        "Number(document.querySelector('.fill').parentElement.style.getPropertyValue('--value'))"
    ) == (pytest.approx(expected))
    assert page.all(".limits span") == "review from 0.30,block from 0.60"
    page.chord(Keys.SHIFT, Keys.TAB)  # back over "Remove"
    page.chord(Keys.SHIFT, Keys.TAB)
    page.press(Keys.ARROW_UP)  # to the mark of the turn before
    assert page.ask() == "Not for this guard"  # which judges what a person says
    page.press(Keys.ARROW_UP)
    assert page.ask() == "Allowed"
    assert page.complaints() == []


def test_which_words_moved_it(folder: Path, every: Asking) -> None:
    found = explain(Guard.load(folder), Example.of(DARK))
    largest = max(found.words, key=lambda word: word.change)
    page = every
    page.again()
    page.ask(DARK, words=True)
    assert page.run("document.querySelector('mark.up.s4').firstChild.data") == STORM
    assert page.run("document.querySelector('.heat').textContent").replace("+", "").startswith("please")
    page.run("document.querySelector('.as-table').open = true")
    assert page.all(".as-table tbody tr:first-child").split() == [
        STORM,
        f"+{largest.change:.2f}",
        f"{found.probability - largest.change:.2f}",
    ]
    assert f"“{STORM}” (+" in page.status()
    page.check_for_people()
    page.ask(f"🙂 café\u200f {STORM}")  # what JavaScript counts twice, and a mark nobody sees
    page.run("document.getElementById('why').click()")
    page.until("document.querySelector('mark.up')")
    assert page.run("document.querySelector('mark.up.s4').firstChild.data") == STORM
    page.ask("the park is calm. " * 40 + STORM, words=True)
    assert page.run("document.querySelectorAll('.passage').length > 1")
    assert page.run("document.querySelector('.passage.looked mark.up.s4').firstChild.data") == STORM
    page.ask(" 天\u3000今天。", words=True)
    assert page.complaints() == []


def test_two_guards_side_by_side_and_one_below_the_other(folder: Path, scale: Path, tmp_path: Path) -> None:
    with asking(folder, tmp_path / "home", "--guard", f"two={scale}") as page:
        page.until("document.activeElement?.tagName === 'TEXTAREA'")
        decisions = page.ask(DARK, words=True)
        assert decisions.count(",") == 1 and "Blocked" in decisions
        tops = page.run(
            "[...document.querySelectorAll('.answer')].map((one) => one.getBoundingClientRect().top)"
        )
        assert tops[0] == tops[1]
        assert page.all(".between thead th") == "Word,one,two"
        assert page.all(".between tbody th").split(",")[0]
        assert "same" in page.all(".compared") or "stricter" in page.all(".compared")
        size = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
        page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        lefts = page.run(
            "[...document.querySelectorAll('.answer')].map((one) => one.getBoundingClientRect().left)"
        )
        assert lefts[0] == lefts[1]
        page.check_for_people()
        page.browser.execute_script(
            "const second = document.getElementById('second'); second.value = '';"
            "second.dispatchEvent(new Event('change'));"
        )
        assert page.run(
            "document.querySelectorAll('.answer').length === 1 && !document.querySelector('.decision')"
        )
        assert page.complaints() == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_phone_in_light_and_dark(folder: Path, tmp_path: Path, dark: bool) -> None:
    with asking(folder, tmp_path / "home", width=360, dark=dark) as page:
        page.check_for_people("empty")
        for text, decision in ((CALM, "Allowed"), (DARK, "Blocked"), ("\u200b" * 9 + "天", "To be reviewed")):
            assert page.ask(text, words=True) == decision
            page.check_for_people(decision)
        page.ask(f"{STORM} {'x' * 3000}", words=True)
        page.check_for_people("one long word")
        page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.check_for_people("card")
        page.run("document.querySelector('.editor .row button').click()")
        page.write("another")
        page.check_for_people("changed since")
        assert page.run("getComputedStyle(document.body).backgroundColor") == (
            "rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)"
        )


def test_a_key_is_asked_for_and_kept_in_memory_alone(folder: Path, tmp_path: Path) -> None:
    with serving(folder, tmp_path / "home") as server, browsing(kind=Asking) as page:
        page.browser.get(server.url)
        page.until("document.activeElement?.id === 'key'")
        for wrong in ("not the key", "schlüssel-schlüssel"):
            page.press(wrong, Keys.ENTER)
            page.until("document.getElementById('status').textContent")
            page.until("document.activeElement?.id === 'key' && !document.activeElement.value")
        page.press(KEY, Keys.ENTER)
        page.until("document.activeElement?.tagName === 'TEXTAREA'")
        assert page.ask(f"{DARK} {CANARY}", words=True) == "Blocked"
        assert page.run("localStorage.length + sessionStorage.length + document.cookie.length") == 0
        assert page.run("[location.href, document.title, history.length].join()").count(server.url) == 1
        assert CANARY not in page.run("location.href + document.title") and page.run("history.state") is None
        cached = page.browser.execute_async_script(
            "caches.keys().then((n) => indexedDB.databases().then((d) => arguments[0](n.length + d.length)))"
        )
        assert cached == 0
        page.browser.refresh()
        page.until("document.activeElement?.id === 'key'")
        assert CANARY not in page.run("document.documentElement.outerHTML")
        metrics = server.ask("/metrics")[1]
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
    home = tmp_path / "home"
    written = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file()) + metrics
    assert CANARY.encode() not in written and KEY.encode() not in written
    assert b'route="/v1/explain",status="200"} 1.0' in metrics


def answering(page: Asking, status: int, code: str, **headers: str) -> None:
    """Let the server refuse from now on, in its own words."""
    body = json.dumps({"error": {"message": "from the server", "type": "t", "param": None, "code": code}})
    page.browser.execute_script(
        "const [status, body, headers] = arguments;"
        "window.fetch = async () => new Response(body, { status, headers });",
        status,
        body,
        headers,
    )


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (413, "input_too_large", "longer than the server reads"),
        (429, "rate_limit_exceeded", "very often"),
        (500, "internal_error", "failed on this text"),
        (503, "server_is_overloaded", "more to do than can be done in time"),
        (418, "something_new", "from the server"),
    ],
)
def test_a_refusal_is_said_and_is_no_answer(every: Asking, status: int, code: str, said: str) -> None:
    page = every
    page.again()
    assert page.ask(CALM) == "Allowed"
    answering(page, status, code, **{"retry-after": "3"})
    assert page.ask() == "No answer"
    told = page.all(".answer")
    assert said in told and "3 seconds" in told and "not allowed" in told and "Allowed" not in told
    assert said in page.status()
    page.browser.execute_script("window.fetch = () => new Response('<p>a proxy', { status: 200 })")
    assert page.ask() == "No answer" and "Allowed" not in page.all(".answer")


def test_the_words_can_be_refused_while_the_answer_stands(every: Asking) -> None:
    every.again()
    assert every.ask(DARK) == "Blocked"
    answering(every, 503, "deadline_exceeded")
    every.run("document.getElementById('why').click()")
    every.until("document.querySelectorAll('.decision').length === 2")
    assert every.all(".decision") == "Blocked,Not looked into"
    assert every.run("!document.getElementById('why').hidden")  # and may be asked for again


def test_asking_can_be_stopped(every: Asking) -> None:
    every.again()
    every.write(DARK)
    every.browser.execute_script(
        "window.fetch = (path, { signal }) => new Promise((done, fail) => signal.addEventListener("
        "'abort', () => fail(new DOMException('', 'AbortError'))))"
    )
    every.chord(Keys.CONTROL, Keys.ENTER)
    every.until("document.getElementById('stop').checkVisibility()")
    every.press(Keys.ESCAPE)
    every.until("document.getElementById('status').textContent === 'Stopped.'")
    assert every.run("!document.querySelector('.decision, [aria-busy]')")


def test_what_is_asked_last_is_what_is_answered(every: Asking) -> None:
    """Asking again while words are to be looked into stops the first, and does not come back to it."""
    every.again()
    every.write(DARK)
    every.chord(Keys.CONTROL, Keys.SHIFT, Keys.ENTER)
    every.write(CALM)
    assert every.ask() == "Allowed"
    assert every.run("!document.querySelector('.words:not([hidden])')")


def test_an_answer_that_comes_after_a_change_is_of_the_earlier_text(every: Asking) -> None:
    every.again()
    every.write(CALM)
    every.browser.execute_script(
        "const given = window.fetch; window.fetch = async (...asked) => {"
        "await new Promise((go) => { window.go = go; }); return given(...asked); };"
    )
    every.chord(Keys.CONTROL, Keys.ENTER)
    every.until("!!window.go")
    every.write(DARK)
    every.run("window.go()")
    every.until("document.querySelector('.decision')")
    every.until("document.getElementById('old').checkVisibility()")
    assert every.run("document.querySelector('.answer').classList.contains('old')")


def test_a_key_that_ends_takes_nothing_along(every: Asking) -> None:
    every.again()
    every.run("window.given = window.fetch")
    answering(every, 401, "invalid_api_key")
    every.write(CALM)
    every.chord(Keys.CONTROL, Keys.ENTER)
    every.until("document.activeElement?.id === 'key'")
    every.run("(window.fetch = window.given, 1)")
    every.press("another-key-of-some-length", Keys.ENTER)
    every.until("document.querySelector('.turn textarea')?.value === " + json.dumps(CALM))
    assert every.ask() == "Allowed"


def test_a_server_that_is_gone_is_no_answer(folder: Path, tmp_path: Path) -> None:
    with serving(folder, tmp_path / "home", prefix=_OPEN) as server, browsing(kind=Asking) as page:
        page.open(server.url)
        assert page.ask(CALM) == "Allowed"
        server.process.kill()
        server.process.wait()
        assert page.ask() == "No answer"
        assert "does not answer" in page.status() and "Allowed" not in page.all(".answer")
        assert page.run("document.querySelector('.turn textarea').value") == CALM


CONVERSATIONS = [
    ("Person: a\nReply: b", [("user", "a"), ("assistant", "b")]),
    ("user：甲\n甲二\nAI: 乙\n", [("user", "甲\n甲二"), ("assistant", "乙")]),
    (
        '[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"text","text":"b"}]}]',
        [("user", "a"), ("assistant", "b")],
    ),
    (
        '{"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}',
        [("user", "a"), ("assistant", "b")],
    ),
    ("Person: only one", None),
    ("Dear you,\nPerson: a\nReply: b", None),
    ("we said: a\nand then: b", None),
    ('[{"role":"user","content":"a"},{"role":"wizard","content":"b"}]', None),
    ('[{"role":"user","content":"a"},{"role":"assistant"}]', None),
    ("[1, 2]", None),
    ("null", None),
    ("", None),
]


def test_what_is_read_as_a_conversation(every: Asking) -> None:
    for text, expected in CONVERSATIONS:
        found = every.imported("paste.js", f"it.conversation({json.dumps(text)})")
        assert (found and [(one["role"], one["text"]) for one in found]) == expected, text


_CARD = r"""---
front: matter
---

# A \*guard\*

## Numbers

| Measure | Value |
| --- | --- |
| a \| b | 92.8% |

> **Not open**
>
> - ask first

See <img src=x onerror=alert(1)> [here](javascript:alert(1)) and `code`.
```python
x = '<b>'

# no heading
```
- one
- two
|broken
"""


def test_a_card_shows_its_words_and_can_bring_nothing_else(every: Asking) -> None:
    built = f"""(() => {{
      const box = document.createElement('div');
      box.append(...it.rendered({json.dumps(_CARD)}));
      return [...box.querySelectorAll('*')].map((one) => [one.localName, one.children.length ? '' : one.textContent]);
    }})()"""
    found = every.imported("markdown.js", built)
    tags, words = " ".join(tag for tag, _ in found), [words for _, words in found if words]
    assert tags == (
        "h3 h4 div table thead tr th th tbody tr th td blockquote p strong ul li p code pre code ul li li p"
    )
    assert words[:6] == ["A *guard*", "Numbers", "Measure", "Value", "a | b", "92.8%"]
    assert "x = '<b>'\n\n# no heading" in words and words[-1] == "|broken"


def test_the_page_loads_nothing_from_elsewhere_and_offers_no_text_to_others(running: Any) -> None:
    page = running("GET", "/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "<script>" not in page.text and "style=" not in page.text
    assert page.text.count("//") == 1 and "https://findahelpline.com" in page.text  # a link; nothing loads it
    static = Path(__file__).parents[2] / "src/mindrail/serve/static"
    for script in static.glob("*.js"):
        text = script.read_text()
        assert "https:" not in text and "http:" not in text, script.name
        for way in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Storage",
            "cookie",
            "indexedDB",
            "console.",
        ):
            assert way not in text, script.name
    fields = (static / "turns.js").read_text()
    assert 'autocomplete: "off"' in fields and 'spellcheck: "false"' in fields and 'translate: "no"' in fields

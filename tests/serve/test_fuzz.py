"""Two thousand inputs that nobody would think of; `benchmarks/fuzz.py` tries a hundred thousand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings

from helpers import fuzzing
from helpers.fuzzing import CANARY, Behind, logged, targets

TARGETS = {"http": 300, "json": 800, "windows": 500, "views": 400, "answers": 100}


@pytest.fixture(scope="module")
def behind(folder: Path) -> Iterator[Behind]:
    made = fuzzing.behind(str(folder))
    yield made
    made.close()


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_is_answered_or_refused(name: str, behind: Behind) -> None:
    target = targets(behind)[name]

    @seed(20260101)
    @settings(
        max_examples=TARGETS[name], deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(target.inputs)
    def run(value: Any) -> None:
        target.check(value)

    with logged() as lines:
        run()
    assert not [len(line) for line in lines if CANARY[:12] in line]


def test_every_target_is_tried(behind: Behind) -> None:
    assert set(TARGETS) == set(targets(behind))


_HEAD = b"POST /v1/moderations HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
_BODY = b'{"input": "the soup is ready"}'
_GOOD = _HEAD + b"content-length: 30\r\n\r\n" + _BODY


def test_the_search_would_see_an_answer_a_fault_and_a_leak(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that no promise is kept for want of looking."""
    before = behind.statuses[200]
    behind.hear([_GOOD[:50], _GOOD[50:]])
    assert behind.statuses[200] == before + 1
    exchange = "mindrail.serve.dialects.openai.result"
    with monkeypatch.context() as patch:
        patch.setattr(exchange, lambda *_: 1 / 0)
        with pytest.raises(AssertionError, match="500"):
            behind.hear([_GOOD])
    monkeypatch.setattr(exchange, lambda outcome, served: {"said": CANARY})
    with pytest.raises(AssertionError, match="in the answer"):
        behind.hear([_GOOD])


#: what fuzzing found, or came near to; each stays answered or refused
FOUND: dict[str, tuple[str, Any]] = {
    "an integer that no 64 bits hold": ("json", b'{"a": 9007199207199257199254740992}'),
    "a request whose target is no path": ("http", [b"GET http://here HTTP/1.1\r\nhost: here\r\n\r\n"]),
    "a star for a target": ("http", [b"OPTIONS * HTTP/1.1\r\nhost: here\r\n\r\n"]),
    "a control character inside a word": ("windows", ("", "G\x1bO")),
    "a context that is nothing but marks": ("windows", ("\u0301\u200d", "soup")),
    "a request and a half": ("http", [_GOOD + _HEAD]),
}


@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_stays_mended(what: str, behind: Behind) -> None:
    name, value = FOUND[what]
    targets(behind)[name].check(value)

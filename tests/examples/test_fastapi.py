"""The FastAPI dependency, in process, with FastAPI itself."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient

CALM, STORM = "the soup is ready", "a storm and thunder"
CANARY = "kestrel7harbour lantern"


@pytest.fixture
def app(
    example: Callable[[str], ModuleType], guards: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    monkeypatch.setenv("MESSAGES", str(guards[0]))
    monkeypatch.setenv("REPLIES", str(guards[1]))
    return example("fastapi_app.py")


@pytest.fixture
def asking(app: ModuleType) -> Iterator[TestClient]:
    with TestClient(app.app) as client:
        yield client


def said(*texts: str) -> dict[str, Any]:
    sides = ("user", "assistant")
    return {"messages": [{"role": sides[n % 2], "content": text} for n, text in enumerate(texts)]}


def test_calm_is_answered(asking: TestClient) -> None:
    answer = asking.post("/chat", json=said(CALM, "the soup", "a calm walk"))
    assert (answer.status_code, answer.text) == (200, "Thank you for telling me. What would help right now?")


def test_a_storm_is_not_and_the_model_is_not_asked(
    asking: TestClient, app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "written", lambda said: pytest.fail("the model was asked"))
    answer = asking.post("/chat", json=said(CALM, "the soup", STORM))
    assert (answer.status_code, answer.json()["detail"]) == (403, app.KIND)


def test_only_a_persons_message_is_taken_as_the_last(asking: TestClient) -> None:
    """The guard for messages judges no reply; it does not fall back to the message before it."""
    assert asking.post("/chat", json=said(CALM, "the soup")).status_code == 503


def test_nothing_of_a_reply_with_a_storm_is_handed_on(
    asking: TestClient, app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = [*["the calm park "] * 40, STORM, *["and the soup "] * 40]
    monkeypatch.setattr(app, "written", lambda said: iter(pieces))
    text = asking.post("/chat", json=said(CALM)).text
    shown = text.removesuffix(app.KIND)
    assert text != shown and shown.startswith("the calm park") and "storm" not in shown


@pytest.mark.parametrize("broken", ["messages", "replies"])
def test_a_guard_that_fails_lets_nothing_through(
    broken: str, asking: TestClient, app: ModuleType, caplog: Any
) -> None:
    def fails(*given: Any) -> None:
        raise ValueError(CANARY)

    setattr(asking.app.state, broken, fails)  # type: ignore[attr-defined]
    with caplog.at_level(logging.WARNING):
        answer = asking.post("/chat", json=said(CALM))
    assert app.KIND in answer.text and "Thank you" not in answer.text
    assert answer.status_code == {"messages": 503, "replies": 200}[broken]
    assert "failed" in caplog.text and CANARY not in caplog.text


def test_a_model_that_fails_in_the_middle_ends_kindly(
    asking: TestClient, app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(given: Any) -> Iterator[str]:
        yield "the soup "
        raise TimeoutError

    monkeypatch.setattr(app, "written", breaks)
    assert asking.post("/chat", json=said(CALM)).text == app.KIND


def test_guards_for_the_wrong_side_do_not_start(app: ModuleType) -> None:
    with pytest.raises(SystemExit, match="MESSAGES: found a guard that judges the user"):
        app.opened("MESSAGES", "assistant")

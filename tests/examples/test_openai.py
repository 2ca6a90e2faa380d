"""The examples with OpenAI's client, against a served guard, and against servers that misbehave."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import openai
import pytest

from helpers.served import KEY, Server
from helpers.server import Said, serving

CALM, STORM = "the soup is ready", "a storm and thunder"
CANARY = "kestrel7harbour lantern"
_HERE = "http://127.0.0.1"


@pytest.fixture(scope="module")
def moderation(example: Callable[[str], ModuleType]) -> ModuleType:
    return example("openai_moderation.py")


@pytest.fixture(scope="module")
def chat(example: Callable[[str], ModuleType]) -> ModuleType:
    return example("openai_chat.py")


def test_calm_passes_and_a_storm_does_not(moderation: ModuleType, reached: Server) -> None:
    client = moderation.guard_client()
    assert moderation.allowed(client, CALM) is True
    assert moderation.allowed(client, STORM) is False
    assert moderation.allowed(client, CALM, guard="replies") is True
    assert moderation.allowed(client, CALM, guard="unheard-of") is False


@pytest.mark.parametrize(("text", "says", "code"), [(CALM, "allowed\n", 0), (STORM, "stopped\n", 1)])
def test_it_runs_as_a_script(
    text: str, says: str, code: int, moderation: ModuleType, reached: Server
) -> None:
    script = Path(str(moderation.__file__))
    done = subprocess.run(
        [sys.executable, str(script)], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.returncode) == (says, code)


_WRONG = {
    "nothing": Said({}),
    "no results": Said({"results": []}),
    "a result without a word": Said({"results": [{}]}),
    "null": Said({"results": [{"flagged": None}]}),
    "a word for no": Said({"results": [{"flagged": "false"}]}),
    "two results": Said({"results": [{"flagged": False}, {"flagged": False}]}),
    "a page": Said(b"<html>signed in</html>", headers={"Content-Type": "text/html"}),
    "cut off": Said({"results": [{"flagged": False}]}, cut=9),
    "no key": Said({"error": {"message": "no"}}, status=401),
    "overload": Said({"error": {"message": "no"}}, status=503),
    "late": Said({"results": [{"flagged": False}]}, wait=1.0),
}


@pytest.mark.parametrize("said", _WRONG.values(), ids=_WRONG.keys())
def test_whatever_is_not_a_clear_yes_is_a_no(
    said: Said, moderation: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    with serving(lambda body: said) as heard, caplog.at_level(logging.WARNING):
        monkeypatch.setenv("MINDRAIL_URL", heard.url)
        client = moderation.guard_client().with_options(timeout=0.5, max_retries=0)
        assert moderation.allowed(client, f"{CALM} {CANARY}") is False
    assert len(heard.bodies) == 1 and CANARY not in caplog.text


def test_the_check_above_would_find_a_yes(moderation: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda body: Said({"results": [{"flagged": False}]})) as heard:
        monkeypatch.setenv("MINDRAIL_URL", heard.url)
        assert moderation.allowed(moderation.guard_client(), CALM) is True


def started(chat: ModuleType, model_url: str) -> Any:
    return chat.Chat(chat.guard_client(), openai.OpenAI(base_url=model_url, api_key="none"), "m")


def test_a_calm_reply_is_shown_whole(chat: ModuleType, reached: Server, model: Any) -> None:
    pieces = ("the soup ", "is ready, ", "please come ") * 30
    with model(*pieces) as heard:
        talk = started(chat, heard.url)
        assert "".join(talk.say(CALM)) == "".join(pieces)
        assert "".join(talk.say("a calm walk")) == "".join(pieces)
    assert [one["role"] for one in heard.bodies[1]["messages"]] == ["user", "assistant", "user"]
    assert talk.risk["seen"] == 3 and talk.passed == talk.heard


def test_a_stopped_message_never_reaches_the_model(chat: ModuleType, reached: Server, model: Any) -> None:
    with model("the soup") as heard:
        talk = started(chat, heard.url)
        assert list(talk.say(STORM)) == [chat.KIND]
        assert heard.bodies == []
        assert "".join(talk.say(CALM)) == "the soup"
    (body,) = heard.bodies
    assert [one["content"] for one in body["messages"]] == [CALM]
    assert [one["content"] for one in talk.heard] == [STORM, chat.KIND, CALM, "the soup"]


def test_a_reply_is_stopped_before_any_of_its_storm_is_shown(
    chat: ModuleType, reached: Server, model: Any
) -> None:
    with model(*("now we walk in the park " * 20).split(" "), STORM, *("calm " * 60).split()) as heard:
        shown = "".join(started(chat, heard.url).say(CALM))
    assert shown.endswith(chat.KIND) and shown.startswith("nowwewalk")
    assert "storm" not in shown.removesuffix(chat.KIND)


def test_without_a_guard_nothing_passes(
    chat: ModuleType, monkeypatch: pytest.MonkeyPatch, model: Any, caplog: Any
) -> None:
    monkeypatch.setenv("MINDRAIL_URL", f"{_HERE}:9/v1")
    with model("the soup") as heard, caplog.at_level(logging.WARNING):
        assert list(started(chat, heard.url).say(f"{CALM} {CANARY}")) == [chat.KIND]
    assert heard.bodies == [] and CANARY not in caplog.text


def test_a_guard_that_dies_in_the_middle_of_a_reply_stops_it(
    chat: ModuleType, serve: Any, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve() as server, model(*["the calm park "] * 60) as heard:
        monkeypatch.setenv("MINDRAIL_URL", f"{server.url}/v1")
        monkeypatch.setenv("MINDRAIL_KEY", KEY)
        shown = ""
        for piece in started(chat, heard.url).say(CALM):
            shown += piece
            if len(shown) > 200 and server.process.poll() is None:
                server.process.kill()
                server.process.wait()
    assert shown.endswith(chat.KIND) and len(shown) < 600


def test_a_guard_for_the_other_side_judges_nothing(chat: ModuleType, reached: Server, model: Any) -> None:
    """Guards that were served under each other's name: refused, not misread."""
    with model("the soup") as heard:
        talk = started(chat, heard.url)
        talk._ask = lambda path, _ask=talk._ask, **body: _ask(path, **body | {"model": "replies"})
        assert list(talk.say(CALM)) == [chat.KIND]
    assert heard.bodies == []


def test_the_chat_runs_as_a_script(chat: ModuleType, reached: Server, model: Any) -> None:
    with model("the soup") as heard:
        done = subprocess.run(
            [sys.executable, str(chat.__file__)],
            input=f"{CALM}\n{STORM}\n",
            env=os.environ | {"CHAT_URL": heard.url, "CHAT_MODEL": "m"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout == f"> the soup\n> {chat.KIND}\n> "

"""What a guard answers, to whom, and what it never says."""

import json
import logging
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.axes import AXES, SEVERAL, TWO
from helpers.guards import (
    KINDS,
    STORM,
    calibration,
    embeddings,
    examples,
    onnx_model,
    rewrite,
    tiny_guard,
    tokenizer,
)
from mindrail import Guard, config
from mindrail.errors import BrokenGuard, UsageError
from mindrail.guard.messages import example_of, whole
from mindrail.records import Example, Turn
from mindrail.taxonomy import Axis

MARK = "zebra-7f3a9c-quokka"


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_answers_every_axis(kind: str, axis: Axis, tmp_path: Path) -> None:
    guard = Guard.load(tiny_guard(tmp_path / "guard", kind, axis), self_test=True, thorough=True)
    answer = guard("the soup is ready")
    assert answer.guard == guard.id and answer.windows == 1 and answer.coverage == 1.0
    assert set(answer.probabilities) == set(axis.names)
    assert json.loads(json.dumps(answer.to_dict()))["decision"] == answer.decision
    assert answer.to_dict() == config.plain(answer)


def test_a_storm_is_blocked_and_soup_is_not(tmp_path: Path) -> None:
    guard = Guard.load(tiny_guard(tmp_path / "guard"))
    assert guard(STORM).decision == "block" and guard(STORM).label == "unsafe"
    assert guard("the soup is ready. " * 30 + STORM + " and we go. " * 30).decision == "block"
    loose = Guard.load(tiny_guard(tmp_path / "loose", axis=TWO))
    assert loose("the soup").label == "safe" and loose("the soup").decision != "block"


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_the_same_alone_shuffled_and_under_threads(kind: str, tmp_path: Path) -> None:
    place = tiny_guard(tmp_path / "guard", kind, **({"pool": "ReduceMean"} if kind == "onnx" else {}))
    said = [*examples(40), "", "   ", Example.of("雨雨 soup")]
    alone = [repr(Guard.load(place, threads=1)(one)) for one in said]
    for threads in (1, 3):
        guard = Guard.load(place, threads=threads)
        order = np.random.default_rng(threads).permutation(len(said))
        assert [repr(answer) for answer in guard.many([said[i] for i in order])] == [alone[i] for i in order]
    with ThreadPoolExecutor(8) as people:
        assert [repr(answer) for answer in people.map(guard, said)] == alone


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000"])
def test_nothing_said_is_nothing_wrong(axis: Axis, text: str, tmp_path: Path) -> None:
    guard = Guard.load(tiny_guard(tmp_path / "guard", axis=axis))
    for said in (text, [{"role": "user", "content": STORM}, {"role": "assistant", "content": text}]):
        answer = guard(said)
        assert (answer.decision, answer.reason, answer.windows, answer.coverage) == ("allow", "empty", 0, 1.0)
        calm = [label.name for label in axis.labels if label.decision == "allow"]
        assert answer.label == (calm[0] if axis.exclusive else "none")


@pytest.mark.parametrize("text", ["雨雨雨雨", "\u200b\u200b", "x" * 300, "жжж soup", "\ud800\ud800\ud800"])
def test_text_that_was_not_read_is_never_allowed(text: str, tmp_path: Path) -> None:
    assert Guard.load(tiny_guard(tmp_path / "guard"))(text).decision != "allow"


@pytest.mark.parametrize("kind", ["onnx", "linear", "static"])
def test_the_name_of_the_speaker_does_not_count_as_read(kind: str, tmp_path: Path) -> None:
    guard = Guard.load(tiny_guard(tmp_path / "guard", kind))
    said = [{"role": "user", "content": "the soup"}, {"role": "assistant", "content": "雨"}]
    assert guard(said).coverage == 0.0 and guard(said).decision != "allow"


def test_many_takes_no_lone_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="list of texts"):
        Guard.load(tiny_guard(tmp_path / "guard", "majority")).many("soup")


def test_a_model_that_fails_gives_no_answer(tmp_path: Path) -> None:
    table = embeddings(3)
    table[tokenizer().token_to_id("thunder")] = np.nan
    guard = Guard.load(tiny_guard(tmp_path / "guard", table=table, pool="ReduceMean"))
    assert guard("the soup is ready please come").guard == guard.id
    with pytest.raises(BrokenGuard):
        guard("thunder")
    with pytest.raises(BrokenGuard):
        guard.many(["the soup", "thunder"])


def test_many_of_nothing_is_nothing(tmp_path: Path) -> None:
    assert Guard.load(tiny_guard(tmp_path / "guard")).many([]) == []


def test_a_guard_says_what_it_promises_and_what_it_is(tmp_path: Path) -> None:
    guard = Guard.load(str(tiny_guard(tmp_path / "guard", axis=SEVERAL)))
    assert guard.promise == f"no promise: {calibration(SEVERAL).no_promise}"
    assert repr(guard) == f"Guard({guard.id}, onnx, tiny: rude | cruel | rare)"


CHAT = [
    {"role": "system", "content": "be kind"},
    {"role": "user", "content": "the soup"},
    {"role": "tool", "content": "12:00"},
    {"role": "assistant", "content": [{"type": "text", "text": "is"}, {"type": "text", "text": "ready"}]},
    {"role": "developer", "content": "be brief"},
    {"role": "user", "content": "we go"},
]


@pytest.mark.parametrize(
    ("focus", "turns"),
    [
        (-1, [("user", "the soup"), ("assistant", "is\nready"), ("user", "we go")]),
        (3, [("user", "the soup"), ("assistant", "is\nready")]),
        (1, [("user", "the soup")]),
    ],
)
def test_a_conversation_is_read_up_to_the_judged_message(focus: int, turns: list[tuple[str, str]]) -> None:
    assert example_of(CHAT, focus) == Example(tuple(Turn(*turn) for turn in turns))


def message(**fields: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": MARK} | fields]


WRONG = {
    "a number": 7,
    "bytes": MARK.encode(),
    "a mapping": {"role": "user", "content": MARK},
    "nothing": None,
    "no message": [],
    "texts": [MARK],
    "unknown role": message(role=MARK),
    "no role": [{"content": MARK}],
    "role as a list": message(role=[MARK]),
    "judged system": message(role="system"),
    "judged tool": [*message(), *message(role="tool")],
    "no content": message(content=None),
    "content as a number": message(content=5),
    "content as a mapping": message(content={"text": MARK}),
    "an image": message(content=[{"type": "image_url", "image_url": {"url": MARK}}]),
    "a part without text": message(content=[{"type": "text"}]),
    "a part that is a text": message(content=[MARK]),
    "a part of another type": message(content=[{"type": MARK, "text": MARK}]),
}


def everything(error: BaseException) -> str:
    """All that a log or a traceback could show of an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + repr(error.args) + repr(vars(error))


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_message_is_refused_without_repeating_it(what: str) -> None:
    with pytest.raises(UsageError) as caught:
        example_of(WRONG[what])
    assert MARK not in everything(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("focus", [2, -3])
def test_a_place_outside_the_conversation_is_refused(focus: int) -> None:
    with pytest.raises(UsageError, match="2 messages"):
        example_of(message() * 2, focus)


@given(st.text(alphabet=st.characters()))
def test_any_text_becomes_one_that_can_be_written(text: str) -> None:
    assert whole(text).encode().decode() == whole(text)
    if not any(0xD800 <= ord(c) < 0xE000 for c in text):
        assert whole(text) == text


def test_two_halves_of_a_character_become_one() -> None:
    assert whole("\ud83d\ude42") == "🙂"


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_appears_in_no_answer_error_or_log(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    guard = Guard.load(tiny_guard(tmp_path / "guard", kind))
    told = ""
    for text in (MARK, f"{MARK} {STORM}", f"{MARK} 雨" * 40, f"[SEP] {MARK}\ud800"):
        answer = guard(text)
        told += repr(answer) + str(answer) + json.dumps(answer.to_dict())
    captured = capfd.readouterr()
    assert MARK not in told + repr(guard) + caplog.text + captured.out + captured.err


def test_the_text_appears_in_no_error_of_a_broken_model(tmp_path: Path) -> None:
    place = tiny_guard(tmp_path / "guard")
    table = embeddings(3)
    table[tokenizer().token_to_id(STORM)] = np.nan
    rewrite(place, model_onnx=onnx_model(3, table=table, pool="ReduceMean").SerializeToString())
    guard = Guard.load(place)
    with pytest.raises(BrokenGuard) as caught:
        guard(f"{MARK} {STORM}")
    assert MARK not in str(caught.value) and STORM not in str(caught.value)

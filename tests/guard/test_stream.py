"""A reply in pieces: however it is cut, the same text is handed on and the same answer given."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.axes import TWO
from helpers.guards import STORM, WORDS, tiny_guard
from mindrail import Guard
from mindrail.errors import BadConfig, UsageError
from mindrail.guard.messages import whole
from mindrail.guard.stream import Checks, Final, ReplyStream, Step
from mindrail.records import Example
from mindrail.runtime.local import LocalScorer, Score, Spread

QUICK = Checks(span=40, stride=8, hold=16)
PIECES = st.sampled_from(
    [*WORDS, " ", ", ", "é", "e\u0301", "👩\u200d🚀", "🙂", "\ud83d", "\ude42", "雨", STORM]
)
REPLIES = st.lists(PIECES, max_size=60).map(" ".join)
BEFORE = [{"role": "user", "content": "the soup"}]


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Guard:
    return Guard.load(tiny_guard(tmp_path_factory.mktemp("guards") / "guard", axis=TWO), threads=1)


def stream(guard: Guard, pieces: Sequence[str | bytes]) -> tuple[list[Step], Final]:
    one = ReplyStream(guard, BEFORE, QUICK)
    return [one.feed(piece) for piece in pieces], one.finish()


def cut(text: str, places: Sequence[int]) -> list[str]:
    edges = [0, *sorted({min(place, len(text)) for place in places}), len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


def asked(guard: Guard, reply: str) -> object:
    return guard([*BEFORE, {"role": "assistant", "content": reply}])


@settings(max_examples=60, deadline=None)
@given(REPLIES, st.lists(st.integers(0, 400), max_size=12))
def test_every_way_of_cutting_hands_on_the_same_and_ends_the_same(
    guard: Guard, reply: str, places: list[int]
) -> None:
    steps, end = stream(guard, cut(reply, places))
    alone, same = stream(guard, [reply])
    released = "".join(step.released for step in steps)
    assert released + end.released == alone[0].released + same.released
    assert (end.answer, end.stopped, end.decision) == (same.answer, same.stopped, same.decision)
    assert end.answer == asked(guard, reply)
    if end.stopped is None and end.answer.decision != "block":
        assert released + end.released == whole(reply)
    else:
        assert not end.released and whole(reply).startswith(released)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from([*WORDS, "é", "🙂", "👩\u200d🚀", "雨"]), max_size=40).map(" ".join), st.data()
)
def test_bytes_cut_inside_a_character_are_the_same_reply(
    guard: Guard, reply: str, data: st.DataObject
) -> None:
    raw = reply.encode()
    places = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=10)))
    edges = [0, *places, len(raw)]
    steps, end = stream(guard, [raw[a:b] for a, b in pairwise(edges)])
    alone, same = stream(guard, [reply])
    assert "".join(s.released for s in steps) + end.released == alone[0].released + same.released
    assert end == same._replace(released=end.released)


@settings(max_examples=40, deadline=None)
@given(REPLIES, st.integers(0, 400))
def test_what_happened_after_a_prefix_depends_on_the_prefix_alone(
    guard: Guard, reply: str, place: int
) -> None:
    head = ReplyStream(guard, BEFORE, QUICK).feed(whole(reply)[:place])
    letters = ReplyStream(guard, BEFORE, QUICK)
    each = [letters.feed(letter) for letter in whole(reply)[:place]]
    assert "".join(step.released for step in each) == head.released
    assert letters.stopped == head.stopped


@pytest.mark.parametrize("at", range(0, 130, 7))
def test_a_short_passage_that_is_stopped_is_never_handed_on(guard: Guard, at: int) -> None:
    calm = "we go and walk " * 20
    reply = f"{calm[:at]} {STORM} {calm}"
    steps, end = stream(guard, list(reply))
    released = "".join(step.released for step in steps) + end.released
    assert end.decision == "block" and end.stopped is not None
    assert not set(range(len(released))) & set(range(at + 1, at + 1 + len(STORM)))
    first = next(i for i, step in enumerate(steps) if step.stopped)
    assert first < at + 1 + len(STORM) + QUICK.stride


def test_a_character_is_never_handed_on_in_halves(guard: Guard) -> None:
    reply = "👩\u200d🚀" * 30 + "e\u0301" * 40 + " the soup"
    for step in stream(guard, list(reply))[0]:
        if step.released:
            assert not step.released.startswith(("\u200d", "\u0301", "🚀"))


class Counted(LocalScorer):
    """Counts how often, and on how much, the scorer behind it is asked."""

    def __init__(self, inner: LocalScorer) -> None:
        super().__init__(inner.axis)
        self.inner, self.lengths = inner, list[int]()

    def one(self, example: Example, spread: Spread) -> Score:
        self.lengths.append(len(example.text))
        return self.inner.one(example, spread)


def test_the_work_per_chunk_is_bounded(guard: Guard) -> None:
    counted = Counted(guard.scorer)
    one = ReplyStream(replace(guard, scorer=counted), BEFORE, QUICK)
    for size in (1, 7, 8, 50, 200, 3):
        before = len(counted.lengths)
        one.feed(("a b " * size)[:size])
        new = counted.lengths[before:]
        assert len(new) <= size // QUICK.stride + 1 and all(n <= QUICK.span for n in new)
    assert len(counted.lengths) == 269 // QUICK.stride


def test_review_may_stop_too_and_an_ended_reply_takes_no_more(guard: Guard, tmp_path: Path) -> None:
    unread = "雨" * 100
    assert ReplyStream(guard, BEFORE, QUICK).feed(unread).stopped is None
    strict = Checks(40, 8, 16, ("block", "review"))
    one = ReplyStream(guard, BEFORE, strict)
    assert one.feed(unread) == Step("", one.stopped) and one.stopped is not None
    end = one.finish()
    assert (end.released, end.decision) == ("", "review")
    for again in (lambda: one.feed("a"), one.finish):
        with pytest.raises(UsageError, match="ended"):
            again()


@pytest.mark.parametrize("wrong", [(40, 0, 8), (40, 30, 16), (40, 8, 0)])
def test_checks_that_leave_gaps_are_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(BadConfig):
        Checks(*wrong)
    with pytest.raises(BadConfig):
        Checks(stops=("review",))

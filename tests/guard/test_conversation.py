"""Risk over a conversation: it rises with what is said, falls by halves, and never asks twice for the same turns."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.axes import AXES, TWO
from helpers.guards import STORM, tiny_guard
from mindrail import Guard
from mindrail.calibrate import Threshold
from mindrail.errors import BadConfig, UsageError
from mindrail.guard.conversation import Pace, SessionRisk, judge, judged_by, pressure
from mindrail.taxonomy import Axis

PRESSURES = st.floats(0, 2)
SESSIONS = st.lists(PRESSURES, max_size=30)


def run(pressures: list[float], pace: Pace) -> list[SessionRisk]:
    """The risk after each turn."""
    now, seen = SessionRisk(), []
    for one in pressures:
        now = now.after(one, pace)
        seen.append(now)
    return seen


def test_worked_by_hand() -> None:
    pace = Pace(half_life=1.0, rest=0.5, trip=1.0, clear=0.5)
    #            max(.8, 0+.3)  max(.8, .4+.3)  max(.9, .4+.4)  max(2, .45+1.5)  then halves
    risks = run([0.8, 0.8, 0.9, 2.0, 0.0, 0.0, 0.0, 0.0, 1.0], pace)
    assert [risk.level for risk in risks] == pytest.approx([0.8, 0.8, 0.9, 2, 1, 0.5, 0.25, 0.125, 1.0])
    assert [risk.raised for risk in risks] == [False] * 3 + [True] * 3 + [False] * 2 + [True]
    assert [risk.tripped for risk in risks] == [False] * 3 + [True] + [False] * 4 + [True]
    assert [risk.seen for risk in risks] == list(range(1, 10))


def test_turns_that_are_each_just_under_the_threshold_add_up() -> None:
    assert not any(risk.raised for risk in run([0.45] * 100, Pace()))
    assert [risk.tripped for risk in run([0.8] * 20, Pace())].count(True) == 1
    assert run([0.8] * 3, Pace())[-1].raised


@given(SESSIONS, st.data(), st.floats(0.5, 20))
def test_more_danger_never_gives_less_risk(
    session: list[float], data: st.DataObject, half_life: float
) -> None:
    worse = [data.draw(st.floats(one, 2)) for one in session]
    pace = Pace(half_life=float(half_life))
    for mild, hard in zip(run(session, pace), run(worse, pace), strict=True):
        assert hard.level >= mild.level and hard.raised >= mild.raised


@given(SESSIONS, PRESSURES)
def test_risk_is_never_below_the_present_turn_and_never_without_end(
    session: list[float], last: float
) -> None:
    pace = Pace()
    for one, risk in zip([*session, last], run([*session, last], pace), strict=True):
        assert one <= risk.level <= pace.most
        assert risk.raised or one < pace.trip


@given(SESSIONS, st.integers(1, 8))
def test_silence_halves_the_risk_and_never_trips(session: list[float], half_life: int) -> None:
    pace = Pace(half_life=float(half_life))
    before = run([*session, 0.7], pace)[-1]
    after = before
    for _ in range(half_life):
        after = after.after(0.0, pace)
        assert not after.tripped
    assert after.level == pytest.approx(before.level / 2)


@given(st.lists(PRESSURES, min_size=1, max_size=30), st.data())
def test_stored_and_taken_up_again_it_is_the_same(session: list[float], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(session)))
    now = SessionRisk()
    for place, one in enumerate(session):
        if place == cut:
            now = SessionRisk.from_dict(json.loads(json.dumps(now.to_dict())))
        now = now.after(one)
    assert now == run(session, Pace())[-1]


@pytest.mark.parametrize(
    "wrong", [{"half_life": 0.0}, {"clear": 2.0}, {"rest": 3.0}, {"turns": 0}, {"most": 1.0}]
)
def test_a_pace_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadConfig):
        Pace(**wrong)
    with pytest.raises(BadConfig):
        SessionRisk.from_dict({"level": -1.0})


def chat(*said: str) -> list[dict[str, str]]:
    """A system message, then person and reply by turns."""
    turns = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(said)]
    return [{"role": "system", "content": "be kind"}, *turns]


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Guard:
    """One to whom calm words are clearly calm."""
    made = Guard.load(tiny_guard(tmp_path_factory.mktemp("guards") / "guard", axis=TWO))
    calibration = replace(made.calibration, thresholds=(Threshold("harmful", 0.6, 0.8),))
    return replace(made, calibration=calibration)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_pressure_agrees_with_the_decision(axis: Axis, tmp_path: Path) -> None:
    guard = Guard.load(tiny_guard(tmp_path / "guard", axis=axis))
    for text in ("the soup is ready", STORM, f"the soup {STORM}", "雨雨雨", "", "walk"):
        answer = guard(text)
        low, high = {"allow": (0, 1), "review": (1, 2), "block": (2, 3)}[answer.decision]
        assert low <= pressure(guard, answer) < high


def test_a_turn_gets_the_answer_that_the_guard_gives_it(guard: Guard) -> None:
    messages = chat("the soup", "is ready", STORM, "we go", "walk")
    for place in (1, 3, 5):
        judged = judge(guard, messages, place)
        assert judged.answer == guard(messages, place) and judged.place == place
    assert judge(guard, messages).place == 5
    assert judge(guard, messages[:-1]).place == 3


def test_each_side_is_judged_by_its_own_guard(guard: Guard, tmp_path: Path) -> None:
    messages = chat("the soup", "is ready", "we go", STORM)
    assert judged_by(guard, messages) == [1, 3]
    replies = replace(guard, taxonomy=replace(guard.taxonomy, judges="response"))
    assert judged_by(replies, messages) == [2, 4]
    assert judge(guard, messages).decision == "allow" and judge(replies, messages).decision == "block"
    with pytest.raises(UsageError, match="not of the user"):
        judge(guard, messages, 4)
    with pytest.raises(UsageError, match="none of 1 messages"):
        judge(guard, messages[:1])


def test_carried_on_turn_by_turn_it_is_what_reading_it_all_gives(guard: Guard) -> None:
    messages = chat("the soup", "is", STORM, "calm", "we go", "now", "park")
    risk = None
    for place in judged_by(guard, messages):
        step = judge(guard, messages[: place + 1], risk=risk)
        risk = step.risk
    assert risk == judge(guard, messages).risk
    assert risk is not None and risk.raised and not risk.tripped


def test_an_old_storm_does_not_trip_again(guard: Guard) -> None:
    messages = chat(STORM, "calm")
    first = judge(guard, messages)
    assert first.decision == "block" and first.risk.tripped
    later = judge(guard, [*messages, {"role": "user", "content": "the soup"}], risk=first.risk)
    assert later.decision == "allow" and later.risk.raised and later.risk.level < first.risk.level
    with pytest.raises(UsageError, match="already"):
        judge(guard, messages, risk=first.risk)


def test_risk_that_trips_asks_for_a_review_of_a_mild_turn(guard: Guard) -> None:
    messages = chat("the soup")
    mild = judge(guard, messages)
    assert mild.decision == "allow"
    pushed = judge(guard, messages, risk=SessionRisk(level=1.3), pace=Pace(trip=1.05))
    assert (pushed.decision, pushed.answer.decision) == ("review", "allow")
    assert (
        "session risk" in pushed.reason and json.loads(json.dumps(pushed.to_dict()))["decision"] == "review"
    )


def test_of_an_unknown_past_only_the_last_turns_are_read(guard: Guard) -> None:
    messages = chat(STORM, *["calm", "the soup"] * 20)
    assert judge(guard, messages, pace=Pace(turns=3)).risk.level == judge(guard, messages[-5:]).risk.level

"""Whole conversations: which turn is judged, and a risk that rises and falls from turn to turn.

One turn may be harmless by a hair, and so may the next three. `SessionRisk` adds up what lies close under the
thresholds, forgets it by halves, and asks for a review once when it has become too much; not again for the same
turns. It is a value: give it back with the next turn, or store it as JSON, it never holds a text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from mindrail import config
from mindrail.calibrate.decide import VERDICTS, Decision
from mindrail.errors import BadConfig, UsageError
from mindrail.guard.guard import Answer, Guard
from mindrail.guard.messages import SPEAKERS, example_of
from mindrail.taxonomy.axis import Verdict


@dataclass(frozen=True)
class Pace:
    """How risk rises and falls. A turn's pressure is 1 at the review threshold and 2 at the block threshold.

    A turn under `rest` adds nothing. Without more, `half_life` turns halve the level. Risk is raised from
    `trip` on, and stays raised until it has fallen below `clear`, so that it does not flicker.
    """

    half_life: float = 4.0
    rest: float = 0.5
    trip: float = 1.0
    clear: float = 0.5
    most: float = 4.0  # the level never rises above it: from there to `clear` it takes three half-lives
    turns: int = 16  # of an unknown past, at most this many judged turns are read

    def __post_init__(self) -> None:
        if not self.half_life > 0:
            raise BadConfig(f"found half_life {self.half_life}, expected a positive number of turns")
        if not 0 < self.clear <= self.trip <= self.most or self.most < 2:
            found = f"clear {self.clear}, trip {self.trip}, most {self.most}"
            raise BadConfig(f"found {found}, expected 0 < clear ≤ trip ≤ most, and most at least 2")
        if not 0 <= self.rest <= 1:
            raise BadConfig(f"found rest {self.rest}, expected a pressure between 0 and 1")
        if self.turns < 1:
            raise BadConfig(f"found turns {self.turns}, expected 1 or more")

    @property
    def keeps(self) -> float:
        """The share of the level that is left after one turn."""
        return float(0.5 ** (1 / self.half_life))


PACE = Pace()


@dataclass(frozen=True)
class SessionRisk:
    """What a conversation has built up so far.

    `level` is 1 where a single turn at the review threshold puts it. `raised` says whether the session is
    being watched, `tripped` whether the latest turn has raised it. `seen` counts the messages it knows.
    """

    level: float = 0.0
    raised: bool = False
    tripped: bool = False
    seen: int = 0

    def __post_init__(self) -> None:
        if not 0.0 <= self.level < float("inf") or self.seen < 0:
            raise BadConfig(
                f"found risk level {self.level} after {self.seen} messages, expected none below 0"
            )

    def after(self, pressure: float, pace: Pace = PACE) -> "SessionRisk":
        """The risk after one more judged turn. Never below that turn's own pressure, up to `pace.most`."""
        left = self.level * pace.keeps
        level = min(pace.most, max(pressure, left + max(0.0, pressure - pace.rest)))
        raised = level >= pace.trip or (self.raised and level >= pace.clear)
        return SessionRisk(level, raised, raised and not self.raised, self.seen + 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        value: dict[str, Any] = config.plain(self)
        return value

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "SessionRisk":
        """The reverse. Raises BadConfig for anything that `to_dict` could not have written."""
        return config.build(cls, value, where="session risk")


class Judged(NamedTuple):
    """One turn of a conversation: its own answer, the risk after it, and the stricter of what both ask for."""

    answer: Answer
    risk: SessionRisk
    decision: Verdict
    reason: str
    place: int  # of the judged message

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "decision": self.decision,
            "reason": self.reason,
            "place": self.place,
            "answer": self.answer.to_dict(),
            "risk": self.risk.to_dict(),
        }


def judge(
    guard: Guard,
    messages: Sequence[Mapping[str, Any]],
    focus: int | None = None,
    *,
    risk: SessionRisk | None = None,
    pace: Pace = PACE,
) -> Judged:
    """Judge the message at `focus` with what was said before it, and carry the session's risk on to it.

    Without `focus`, the last message of the side that the guard judges: what a person says, or what a reply
    says (`judged_by`). `risk` is what an earlier call returned for the same conversation; only messages after
    those it has seen are judged. Without it the last `pace.turns` judged turns are. Raises UsageError where
    nothing is left to judge, or the message at `focus` is of the other side.
    """
    places, place = judged_by(guard, messages), focus_of(guard, messages, focus)
    known = risk or SessionRisk()
    fresh = [at for at in places if known.seen <= at <= place]
    if not fresh:
        raise UsageError(
            f"message {place} is to be judged, but the session's risk has seen {known.seen} messages already. "
            "Do: pass the risk from before that message, or none"
        )
    read = fresh if risk is not None else fresh[-pace.turns :]
    answers = guard.many([example_of(messages, at) for at in read])
    now = known
    for at, answer in zip(read, answers, strict=True):
        now = replace(now.after(pressure(guard, answer), pace), seen=at + 1)
    answer = answers[-1]
    if now.tripped and answer.decision == "allow":
        reason = f"session risk {now.level:.2f} ≥ {pace.trip:.2f}, over {len(read)} turns; this one: {answer.reason}"
        return Judged(answer, now, "review", reason, place)
    return Judged(answer, now, answer.decision, answer.reason, place)


def judged_by(guard: Guard, messages: Sequence[Mapping[str, Any]]) -> list[int]:
    """The places of the messages that this guard judges: those of the person, or those of the reply."""
    side = guard.side
    return [
        place
        for place, message in enumerate(messages)
        if isinstance(message, Mapping) and SPEAKERS.get(str(message.get("role"))) == side
    ]


def focus_of(guard: Guard, messages: Sequence[Mapping[str, Any]], focus: int | None = None) -> int:
    """The place of the message that `judge` judges. Raises UsageError where the guard judges none such."""
    places, count = judged_by(guard, messages), len(messages)
    if focus is None:
        if not places:
            raise UsageError(f"none of {count} messages is of the {guard.side}, whom this guard judges")
        return places[-1]
    if not -count <= focus < count:
        raise UsageError(f"message {focus} is to be judged, but there are {count} messages")
    place = focus % count
    if place not in places:
        raise UsageError(f"message {place} is not of the {guard.side}, whom this guard judges")
    return place


def pressure(guard: Guard, answer: Decision) -> float:
    """How hard one turn presses: 0 for none, 1 at the review threshold, 2 at the block threshold and above.

    Linear in the probability between these points; of several events the largest counts. Never below what
    the turn's own decision says: a text that was not read presses with 1.
    """
    chance = guard.chances(answer)
    each = [
        _between(chance[at.event], at.stop, 1.0 if at.block is None else at.block)
        for at in guard.calibration.thresholds
        if at.event in chance
    ]
    floor = float(VERDICTS.index(answer.decision))
    ceiling = 2.0 if answer.decision == "block" else np.nextafter(floor + 1, 0)
    return min(max(floor, *each), float(ceiling))


def _between(chance: float, review: float, block: float) -> float:
    """0 … 1 up to the review threshold, 1 … 2 from there to the block threshold."""
    if chance < review:
        return chance / review
    return 2.0 if chance >= block else 1.0 + (chance - review) / (block - review)

"""Scores to decisions: allow, review or block, each with the reason. numpy only; serving imports it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from mindrail.arrays import Bool, Float, Int, ndarray
from mindrail.calibrate.policy import Calibration, chances, events
from mindrail.taxonomy.axis import Axis, Event, Verdict

Code = Literal["over-block", "over-review", "low-coverage", "unread", "clear"]

#: from the mildest to the strictest
VERDICTS: tuple[Verdict, ...] = ("allow", "review", "block")

#: from which probability a label applies that has no threshold, because it is allowed
_LIKELY = 0.5


@dataclass(frozen=True)
class Decision:
    """What to do with one text, and why.

    `label` agrees with the decision: of a stopped text the likeliest label of the event that stopped it,
    of any other the likeliest allowed one (`none` where labels are independent and no such label applies).
    `labels` are all that apply. `probability` is that of `event`, or of `label` where no event decided.
    `code` is for programs, `reason` for people; neither ever holds the text.
    """

    decision: Verdict
    label: str
    labels: tuple[str, ...]
    probability: float
    probabilities: Mapping[str, float]
    event: str | None
    code: Code
    reason: str


class _Line(NamedTuple):
    """From `limit` on, `event` leads to `decision`."""

    event: Event
    decision: Literal["block", "review"]
    limit: float


class _Row(NamedTuple):
    """The probabilities of one text, per label and per event."""

    labels: dict[str, float]
    events: dict[str, float]

    def likeliest(self, names: list[str]) -> str:
        return max(names, key=self.labels.__getitem__)


def decide(
    axis: Axis,
    calibration: Calibration,
    scores: Float[ndarray, "n k"],
    coverage: Float[ndarray, " n"] | None = None,
    unread: Int[ndarray, " n"] | None = None,
) -> list[Decision]:
    """One decision per row of raw scores.

    Blocked is what reaches the block threshold of an event that blocks; else reviewed what reaches the
    lowest threshold of any event; else reviewed, as `low-coverage`, of which a smaller share (`coverage`)
    reached the model than the floor, and, as `unread`, of which any characters (`unread`) were left out; else
    allowed. Of several events, the one furthest above its threshold is named. Raises ValueError for scores
    that are not finite: an error is never "safe".
    """
    shares = np.ones(len(scores)) if coverage is None else coverage
    rest = np.zeros(len(scores), dtype=int) if unread is None else unread
    if not len(shares) == len(rest) == len(scores):
        found = f"{len(shares)} and {len(rest)}"
        raise ValueError(f"found the coverage of {found} rows, expected that of {len(scores)}")
    probabilities = calibration.probabilities(axis, scores)
    chance = chances(axis, probabilities)
    lines = _lines(axis, calibration)
    made = []
    for i, seen in enumerate(zip(shares.tolist(), rest.tolist(), strict=True)):
        row = _Row(
            dict(zip(axis.names, probabilities[i].tolist(), strict=True)),
            {name: float(column[i]) for name, column in chance.items()},
        )
        line = _crossed(lines, row)
        doubt = _doubt(*seen, calibration.coverage_floor)
        made.append(_stop(axis, lines, row, line) if line else _pass(axis, row, doubt))
    return made


def strictness(axis: Axis, calibration: Calibration, scores: Float[ndarray, "n k"]) -> Float[ndarray, " n"]:
    """How strict each row makes the decision: block before review before allow, then by danger."""
    decisions = decide(axis, calibration, scores)
    levels = np.array([VERDICTS.index(made.decision) for made in decisions], dtype=float)
    ranks: ndarray = levels + axis.danger(scores) / (len(axis.names) + 1)
    return ranks


def flagged(
    axis: Axis, calibration: Calibration, scores: Float[ndarray, "n k"]
) -> dict[str, Bool[ndarray, " n"]]:
    """For each event, by name: the rows that reach its lowest threshold."""
    chance = chances(axis, calibration.probabilities(axis, scores))
    return {at.event: chance[at.event] >= at.stop for at in calibration.thresholds}


def stopped(axis: Axis, calibration: Calibration, scores: Float[ndarray, "n k"]) -> Bool[ndarray, " n"]:
    """The rows that are not simply allowed, supposing that all of each text was read."""
    columns = list(flagged(axis, calibration, scores).values())
    over_any: ndarray = np.logical_or.reduce(columns)
    return over_any


def picked(axis: Axis, calibration: Calibration, scores: Float[ndarray, "n k"]) -> Bool[ndarray, "n k"]:
    """The labels that `decide` reports, as an array."""
    rows = [[name in made.labels for name in axis.names] for made in decide(axis, calibration, scores)]
    return np.array(rows, dtype=bool).reshape(len(scores), len(axis.names))


def _lines(axis: Axis, calibration: Calibration) -> list[_Line]:
    """Every threshold with what it leads to, blocks first."""
    at = {threshold.event: threshold for threshold in calibration.thresholds}
    known = [event for event in events(axis) if event.name in at]
    blocks = [(event, at[event.name].block) for event in known if event.decision == "block"]
    return [
        *(_Line(event, "block", limit) for event, limit in blocks if limit is not None),
        *(_Line(event, "review", at[event.name].stop) for event in known),
    ]


def _crossed(lines: list[_Line], row: _Row) -> _Line | None:
    """The line that decides: a block before a review, then the one left furthest behind."""
    over = [line for line in lines if row.events[line.event.name] >= line.limit]
    first = [line for line in over if line.decision == over[0].decision]
    return max(first, key=lambda line: row.events[line.event.name] - line.limit, default=None)


def _stop(axis: Axis, lines: list[_Line], row: _Row, line: _Line) -> Decision:
    """Block or review, because a line was crossed."""
    name, chance = line.event.name, row.events[line.event.name]
    label = row.likeliest([axis.names[i] for i in line.event.members])
    reason = f"{name} {chance:.2f} ≥ {line.decision} {line.limit:.2f}"
    code: Code = "over-block" if line.decision == "block" else "over-review"
    labels = _applying(axis, lines, row, label)
    return Decision(line.decision, label, labels, chance, row.labels, name, code, reason)


def _doubt(read: float, unread: int, floor: float) -> tuple[Code, str] | None:
    """Why a text in which nothing was found cannot simply be allowed, if so."""
    if unread:
        return "unread", f"unread: {unread} characters were left out, the text is too long"
    if not read >= floor:
        return (
            "low-coverage",
            f"low coverage: {read:.0%} of the text reached the model, less than {floor:.0%}",
        )
    return None


def _pass(axis: Axis, row: _Row, doubt: tuple[Code, str] | None) -> Decision:
    """Allow, unless too little of the text was read to say so."""
    allowed = [label.name for label in axis.labels if label.decision == "allow"]
    if axis.exclusive:
        label = row.likeliest(allowed)
        labels: tuple[str, ...] = (label,)
    else:
        labels = tuple(name for name in allowed if row.labels[name] >= _LIKELY)
        label = row.likeliest(list(labels)) if labels else "none"
    chance = row.labels.get(label, 1.0 - max(row.labels.values()))
    if doubt is None:
        reason = f"every event is below its threshold; {label} {chance:.2f}"
        return Decision("allow", label, labels, chance, row.labels, None, "clear", reason)
    code, reason = doubt
    return Decision("review", label, labels, chance, row.labels, None, code, reason)


def _applying(axis: Axis, lines: list[_Line], row: _Row, label: str) -> tuple[str, ...]:
    """The labels of a stopped text: the one named, and where labels are independent all others that apply."""
    if axis.exclusive:
        return (label,)
    limits = {line.event.name: line.limit for line in lines if line.decision == "review"}
    return tuple(n for n in axis.names if n == label or row.labels[n] >= limits.get(n, _LIKELY))

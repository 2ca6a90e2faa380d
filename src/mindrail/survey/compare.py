"""The scanned messages held against those that the guard was made with."""

from collections.abc import Sequence
from itertools import islice

import numpy as np

from mindrail.guard import Guard
from mindrail.records import Example
from mindrail.survey import drift
from mindrail.survey.drift import Drift, Side
from mindrail.survey.gather import Limits
from mindrail.survey.novelty import Known
from mindrail.survey.pick import Row
from mindrail.survey.results import Novel, Picked
from mindrail.survey.seen import Reference, Seen

#: messages of each side that are compared
COMPARED = 2_000
_AT_ONCE = 500
_NOTHING = "Nothing was given to compare with. Do: --reference SPLIT, the folder made by prepare"


def drifts(seen: Seen) -> tuple[tuple[Drift, ...], str]:
    """The tests that can be made, and why others cannot."""
    if seen.reference is None or seen.guard is None:
        return (), _NOTHING
    scores = _scores(seen, seen.guard, seen.reference.dev)
    some = list(islice(seen.readable(), COMPARED))
    if not some:
        return (scores,), f"Words were not compared: {seen.words.why}."
    return (_words(some, seen.reference), scores), ""


def novel(seen: Seen) -> tuple[Novel | None, str]:
    """The rows of the sample, the most novel first, each text once; or why novelty is unknown."""
    if seen.reference is None:
        return None, _NOTHING
    rows = list(seen.readable())
    if not rows:
        return None, f"Unknown without words: {seen.words.why}."
    known = Known.of([example.text for example in seen.reference.training])
    first: dict[str, Picked] = {}
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        for (row, text), by in zip(some, known.novelty([text for _, text in some]).tolist(), strict=True):
            first.setdefault(text, Picked(row, by))
    ordered = sorted(first.values(), key=lambda one: (-one.by, one.row.place))
    return Novel(tuple(ordered), len(rows), len(seen.reference.training)), ""


def _words(some: list[tuple[Row, str]], reference: Reference) -> Drift:
    known = reference.training[:COMPARED]
    return drift.of_texts(
        Side(tuple(text for _, text in some), tuple(row.group for row, _ in some)),
        Side(tuple(one.text for one in known), tuple(one.group for one in known)),
    )


def _scores(seen: Seen, guard: Guard, dev: Sequence[Example]) -> Drift:
    """The probability of the event that matters most, here and on the dev messages."""
    limits = Limits(guard.axis, guard.calibration)
    raw = guard.scorer.score(dev).astype(np.float64)
    there = limits.chances(guard.calibration.probabilities(guard.axis, raw))[limits.headline]
    rows = seen.sample[:COMPARED]
    here = np.array([row.danger for row in rows], dtype=np.float64)
    return drift.of_scores(here, there, ([row.group for row in rows], [one.group for one in dev]))

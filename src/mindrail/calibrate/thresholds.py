"""A calibration from dev rows: scaling first, then thresholds, one of them with the promise.

- Block: the cut that `Settings.block` asks for, on dev, for every event that blocks.
- Review: of the promised event, the promise's threshold; of others, the cut that reaches the recall goal
  on dev, without guarantee. Where there is an event `any`, it speaks for the single labels: they get no
  review band of their own, because ten labels at recall 0.9 each would stop nearly everything.
- An event with fewer than FEWEST positives or negatives teaches nothing. It is reviewed from UNLEARNT on,
  never blocked, and a note says so.
"""

from dataclasses import replace
from math import ceil
from typing import NamedTuple

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.calibrate import scaling
from mindrail.calibrate.cutoffs import Cuts, best_f1, cheapest, precise, reaching
from mindrail.calibrate.policy import Calibration, Promise, Scaling, Threshold, chances, events
from mindrail.calibrate.promise import needed, promise
from mindrail.calibrate.settings import Settings
from mindrail.errors import BadSplit, UnknownName
from mindrail.records import Targets
from mindrail.stats.groups import Groups, clusters
from mindrail.taxonomy.axis import Axis, Event

__all__ = ["FEWEST", "UNLEARNT", "Settings", "fit", "follow"]

#: positives, and negatives, from which on a cut is learnt
FEWEST = 5
#: from which probability an event is reviewed whose cut could not be learnt
UNLEARNT = 0.5
_FOLDS = 5


class _Rows(NamedTuple):
    """The rows whose answer is known, in an order that depends on nothing but themselves."""

    truth: Bool[ndarray, "n k"]
    scores: Float[ndarray, "n k"]
    groups: list[str | None]


class _Column(NamedTuple):
    """One event on these rows; `own_review` is False where `any` speaks for it."""

    event: Event
    truth: Bool[ndarray, " n"]
    chance: Float[ndarray, " n"]
    own_review: bool

    @property
    def learnable(self) -> bool:
        positives = int(self.truth.sum())
        return FEWEST <= positives <= len(self.truth) - FEWEST


def fit(
    axis: Axis,
    targets: Targets,
    scores: Float[ndarray, "n k"],
    settings: Settings,
    groups: Groups = None,
    *,
    data: str = "",
) -> Calibration:
    """The calibration for raw dev scores; their order does not matter, and `data` is their hash.

    Rows whose answer is unknown are left out. Too few positives for the promise is no error: the reason
    stands in `no_promise`. Raises BadSplit where dev is empty or holds one class only, UnknownName for an
    event the axis does not have, ValueError for scores that are not finite.
    """
    goal = _goal(axis, settings.event)
    rows = _known(axis, targets, scores, groups)
    scaled = _scaling(axis, rows, settings)
    columns = _columns(axis, rows, scaled, goal)
    kept, why_not = _promise(columns[goal], rows.groups, settings)
    learnt = [
        _threshold(column, settings, kept if name == goal else None) for name, column in columns.items()
    ]
    return Calibration(
        axis.digest,
        scaled,
        tuple(threshold for threshold, _ in learnt),
        kept,
        why_not,
        settings.coverage_floor,
        {
            "rows": len(rows.scores),
            "positives": {name: int(column.truth.sum()) for name, column in columns.items()},
            "data": data,
        },
        tuple(note for _, note in learnt if note),
    )


def follow(
    axis: Axis,
    targets: Targets,
    scores: Float[ndarray, "n k"],
    settings: Settings,
    groups: Groups = None,
    *,
    leader: Calibration,
    leading: Float[ndarray, "n k"],
    data: str = "",
) -> Calibration:
    """The calibration of a model that stands in for another, fitted to its own scores of the same rows.

    The kind of scaling is the leader's, and every threshold lets through as many of the rows as the leader's
    does: a search for the best cut could settle somewhere else by chance. The promise is made anew, and its
    threshold is lowered to the new one where that is below.
    """
    own = fit(axis, targets, scores, replace(settings, scaling=leader.scaling.kind), groups, data=data)
    chance = chances(axis, own.probabilities(axis, scores))
    before = chances(axis, leader.probabilities(axis, leading))
    promised = own.promise.event if own.promise is not None else None
    moved = []
    for mine, theirs in zip(own.thresholds, leader.thresholds, strict=True):
        now, then = chance[mine.event], before[mine.event]
        review = _same_rank(now, then, theirs.review)
        if mine.event == promised and mine.review is not None:  # a lower threshold keeps the promise too
            review = mine.review if review is None else min(review, mine.review)
        block = _same_rank(now, then, theirs.block)
        if review is not None and block is not None:
            review = min(review, block)
        moved.append(Threshold(mine.event, review, block))
    return replace(own, thresholds=tuple(moved))


def _same_rank(now: Float[ndarray, " n"], then: Float[ndarray, " n"], limit: float | None) -> float | None:
    """The threshold that as many of `now` reach as of `then` reach `limit`; halfway to the next one below."""
    if limit is None:
        return None
    reaching = int((then >= limit).sum())
    falling = np.sort(now)[::-1]
    if reaching == 0:
        return float(min(1.0, (1.0 + falling[0]) / 2))
    below = falling[reaching] if reaching < len(falling) else falling[-1]
    return float((falling[reaching - 1] + below) / 2)


def _goal(axis: Axis, name: str | None) -> str:
    """The event the promise is about."""
    known = [event.name for event in events(axis)]
    if name is not None and name not in known:
        raise UnknownName("event", name, known)
    return name or known[-1]


def _known(axis: Axis, targets: Targets, scores: Float[ndarray, "n k"], groups: Groups) -> _Rows:
    """The rows to learn from, sorted; refused where they cannot teach a threshold."""
    if scores.shape != targets.values.shape or scores.shape[1] != len(axis.names):
        raise ValueError(
            f"scores {scores.shape} for targets {targets.values.shape}, {len(axis.names)} labels"
        )
    if not np.isfinite(scores).all():
        raise ValueError("scores hold NaN or infinity; no threshold can be learnt from them")
    given = [None] * len(scores) if groups is None else groups
    named = np.array(["" if group is None else group for group in given], dtype=str)
    if len(named) != len(scores):
        raise ValueError(f"found groups for {len(named)} rows, expected {len(scores)}")
    order = np.lexsort([named, *scores.T, *targets.values.T])
    order = order[targets.known[order]]
    truth = targets.values[order]
    _refuse_one_class(axis, truth)
    return _Rows(truth, scores[order].astype(np.float64), [str(named[i]) or None for i in order])


def _refuse_one_class(axis: Axis, truth: Bool[ndarray, "n k"]) -> None:
    """Raise BadSplit for rows that hold nothing to tell apart."""
    todo = "Do: label more dev rows, or split again"
    if not len(truth):
        raise BadSplit(f"found no dev row that is labelled on axis '{axis.name}', expected some. {todo}")
    present = [axis.names[i] for i in np.flatnonzero(truth.any(axis=0))]
    if (truth == truth[0]).all():
        raise BadSplit(
            f"found {len(truth)} dev rows that are all {', '.join(map(repr, present)) or 'without a label'} "
            f"on axis '{axis.name}', expected at least two answers. {todo}"
        )


def _scaling(axis: Axis, rows: _Rows, settings: Settings) -> Scaling:
    """The scaling that was asked for, or the one that serves rows it has not seen best."""
    method = settings.scaling
    if method == "auto":
        folds = clusters(rows.groups, len(rows.groups)) % _FOLDS
        method = scaling.choose(axis, rows.truth, rows.scores, folds)
    return scaling.fit(axis, rows.truth, rows.scores, method)


def _columns(axis: Axis, rows: _Rows, scaled: Scaling, goal: str) -> dict[str, _Column]:
    """Truth and probability of every event, by name."""
    chance = chances(axis, axis.probabilities(scaled.apply(axis, rows.scores)))
    own = {goal, "any"} if "any" in chance else set(chance)
    return {
        event.name: _Column(event, event.of(rows.truth), chance[event.name], event.name in own)
        for event in events(axis)
    }


def _promise(column: _Column, groups: list[str | None], settings: Settings) -> tuple[Promise | None, str]:
    """The promise, or None and the reason why there is none."""
    own = [group for group, positive in zip(groups, column.truth, strict=True) if positive]
    name, recall, confidence = column.event.name, settings.recall, settings.confidence
    positives = column.chance[column.truth]
    try:
        return promise(positives, recall, confidence, event=name, next=settings.next, groups=own), ""
    except BadSplit as error:
        rate = _rows_at_this_rate(own, len(column.truth), settings)
        instead = f"reaches recall {recall:g} on the dev rows" if column.learnable else f"is {UNLEARNT:g}"
        return None, f"{error}{rate}. Its threshold {instead}, without guarantee"


def _rows_at_this_rate(positives: list[str | None], rows: int, settings: Settings) -> str:
    """How large dev would have to be, for whoever is to label more of it."""
    if not positives:
        return ""
    found = int(clusters(positives, len(positives)).max()) + 1
    size = ceil(rows * needed(settings.recall, settings.confidence, settings.next) / found)
    return f". At the share found here, that takes about {size:,} dev rows drawn at random"


def _threshold(column: _Column, settings: Settings, kept: Promise | None) -> tuple[Threshold, str]:
    """The thresholds of one event, and a note where they could not be learnt as asked."""
    cut, note = _cut(column, settings)
    block = cut if column.event.decision == "block" else None
    if kept is not None:
        review: float | None = kept.threshold
    elif column.own_review and column.learnable:
        review = reaching(Cuts.of(column.truth, column.chance), settings.recall)
    elif block is None:
        review = UNLEARNT if cut is None else cut
    else:
        review = None
    if review is not None and block is not None:
        review = min(review, block)
    return Threshold(column.event.name, review, block), note


def _cut(column: _Column, settings: Settings) -> tuple[float | None, str]:
    """The cut that `Settings.block` asks for; None, with a note, where the rows do not give it."""
    name, positives, rows = column.event.name, int(column.truth.sum()), len(column.truth)
    if not column.learnable:
        expected = f"expected at least {FEWEST} of each"
        return None, f"'{name}' is never blocked: {positives} positives in {rows} dev rows, {expected}"
    cuts = Cuts.of(column.truth, column.chance)
    if settings.block == "f1":
        return best_f1(cuts), ""
    if settings.block == "precision":
        cut, goal = precise(cuts, settings.precision), f"precision {settings.precision:g}"
    else:
        cut = cheapest(cuts, settings.miss_cost, settings.false_alarm_cost)
        goal = f"costs {settings.miss_cost:g} and {settings.false_alarm_cost:g}"
    return cut, "" if cut is not None else f"'{name}' is never blocked: no cut on dev meets {goal}"

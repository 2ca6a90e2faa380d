"""Measuring a guard: scores, calibrations and answers in, an `Evaluation` out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mindrail.arrays import Bool, ndarray
from mindrail.calibrate import Calibration
from mindrail.evaluate import curves, promised, words
from mindrail.evaluate.doubts import doubts
from mindrail.evaluate.estimates import all_labels, ranking, rates
from mindrail.evaluate.mistakes import mistakes
from mindrail.evaluate.nodes import nodes
from mindrail.evaluate.pairs import pairs as pairs_of
from mindrail.evaluate.results import Confusion, Evaluation, EventResult, Headline, Outcome, Whole
from mindrail.evaluate.rows import Rows, gather
from mindrail.evaluate.slices import slices
from mindrail.records import Example, Predictions
from mindrail.taxonomy.axis import Axis, Event


def evaluate(
    axis: Axis,
    examples: Sequence[Example],
    predictions: Predictions | Sequence[Predictions],
    calibrations: Calibration | Sequence[Calibration],
    *,
    name: str,
    made_from: Mapping[str, Any],
    seed: int = 0,
    rounds: int = 1000,
    pairs: tuple[Sequence[Example], Predictions] | None = None,
) -> Evaluation:
    """Measure one run, or several that differ in their seed, each with its own calibration.

    With several runs, numbers with intervals are means; curves, slices, mistakes and `pairs` are of the
    first. Examples without an answer are left out and counted. `made_from` is repeated as it is. Costs about
    2 s per event and run for 2000 rows and 1000 rounds.

    Raises BadSplit where no row can be judged, WrongTaxonomy for scores or a calibration of another wording.
    """
    scored = [predictions] if isinstance(predictions, Predictions) else list(predictions)
    fitted = [calibrations] if isinstance(calibrations, Calibration) else list(calibrations)
    rows = gather(axis, examples, scored, fitted, seed, rounds)
    results = tuple(_event(rows, event) for event in rows.events)
    promises = tuple(promised.check(rows, run) for run in rows.runs)
    unanswered = len(examples) - len(rows.examples)
    whole = _whole(rows)
    return Evaluation(
        name=name,
        axis=axis,
        made_from=made_from,
        rows=len(rows.examples),
        unanswered=unanswered,
        groups=len({example.group or example.id for example in rows.examples}),
        runs=len(rows.runs),
        rounds=rounds,
        seed=seed,
        headline=_headline(rows, whole, results),
        whole=whole,
        all_labels=all_labels(rows),
        events=results,
        outcomes=tuple(_outcomes(rows)),
        confusions=tuple(_confusions(rows)),
        slices=slices(rows),
        mistakes=mistakes(rows),
        pairs=pairs_of(axis, rows.whole, fitted[0], *pairs) if pairs else None,
        promises=promises,
        warnings=doubts(rows, scored, results, promises, unanswered),
        nodes=nodes(
            axis, rows.truth, [run.probabilities for run in rows.runs], rows.groups, seed=seed, rounds=rounds
        ),
    )


def _event(rows: Rows, event: Event) -> EventResult:
    """One event, by every rule of flagging it."""
    truth, first = event.of(rows.truth), rows.runs[0]
    at, chance = first.calibration.threshold(event.name), first.chances[event.name]
    block = at.block if event.decision == "block" else None
    return EventResult(
        event.name,
        tuple(rows.axis.names[i] for i in event.members),
        int(truth.sum()),
        int((~truth).sum()),
        at.review,
        block,
        flagged=rates(truth, [run.flagged[event.name] for run in rows.runs], rows.draws),
        blocked=None
        if block is None
        else rates(truth, [run.blocked[event.name] for run in rows.runs], rows.draws),
        neutral=rates(truth, [event.of(run.neutral) for run in rows.runs], rows.draws),
        ranking=ranking(truth, [run.chances[event.name] for run in rows.runs], rows.draws),
        curve=curves.precision_recall(truth, chance),
        reliability=curves.reliability(truth, chance),
        choices=curves.choices(truth, chance, _roles(at.review, block), rows.draws),
    )


def _roles(review: float | None, block: float | None) -> dict[float, str]:
    """The chosen thresholds, by value."""
    if review is not None and review == block:
        return {review: "review and block"}
    named = ((review, "review"), (block, "block"))
    return {limit: role for limit, role in named if limit is not None}


def _whole(rows: Rows) -> Whole:
    truth = rows.harmful
    stopped = rates(truth, [run.stopped for run in rows.runs], rows.draws)
    return Whole(rows.whole.name, int(truth.sum()), int((~truth).sum()), stopped)


def _headline(rows: Rows, whole: Whole, results: Sequence[EventResult]) -> Headline:
    """The promised event first, or without a promise the one that a promise would be about."""
    promise = rows.runs[0].calibration.promise
    name = promise.event if promise else rows.events[-1].name
    ((event, main),) = ((e, r) for e, r in zip(rows.events, results, strict=True) if e.name == name)
    stopped = rates(event.of(rows.truth), [run.stopped for run in rows.runs], rows.draws)
    return Headline(
        words.rule(rows.axis, results),
        name,
        whole.stopped.f1,
        stopped.recall,
        whole.stopped.false_positive_rate,
        main.blocked.f1 if main.blocked else None,
    )


def _outcomes(rows: Rows) -> Iterator[Outcome]:
    """What was done with the messages of each label, and with those that have none."""
    named = list(zip(rows.axis.names, rows.truth.T, strict=True))
    if not rows.axis.exclusive:
        named.append((words.NO_LABEL, ~rows.truth.any(axis=1)))
    for name, inside in named:
        allow, review, block = (
            int((rows.runs[0].decided(verdict) & inside).sum()) for verdict in ("allow", "review", "block")
        )
        yield Outcome(name, allow, review, block)


def _confusions(rows: Rows) -> Iterator[Confusion]:
    """Truth against the decided label: one table, or one for each independent label."""
    picked = rows.runs[0].picked
    if rows.axis.exclusive:
        yield Confusion(rows.axis.name, rows.axis.names, _counts(rows.truth, picked))
        return
    for i, name in enumerate(rows.axis.names):
        truth, chosen = (np.stack([~x[:, i], x[:, i]], axis=1) for x in (rows.truth, picked))
        yield Confusion(name, (f"not {name}", name), _counts(truth, chosen))


def _counts(truth: Bool[ndarray, "n k"], picked: Bool[ndarray, "n k"]) -> tuple[tuple[int, ...], ...]:
    """How often each truth met each pick, from one-hot rows [n, k]."""
    table = truth.astype(int).T @ picked.astype(int)
    return tuple(tuple(row) for row in table.tolist())

"""Two models on the same rows, side by side: which is better at what, and whether that could be chance."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Literal, NamedTuple

import numpy as np

from mindrail.arrays import ndarray
from mindrail.calibrate import Calibration
from mindrail.evaluate import words
from mindrail.evaluate.estimates import estimate, metric
from mindrail.evaluate.results import Estimate
from mindrail.evaluate.rows import Rows, Run, gather
from mindrail.records import Example, Predictions
from mindrail.stats import Comparison, Output, Verdict, compare, holm, judge_all, mcnemar
from mindrail.taxonomy.axis import Axis

_OF_AXIS = ("macro-f1", "accuracy")
_OF_DECISION = ("f1", "recall", "false-positive-rate")
_OF_PROBABILITY = ("auroc", "auprc", "brier")


class Side(NamedTuple):
    """One of the two: its name, and for each of its runs the scores and the calibration."""

    name: str
    predictions: Sequence[Predictions]
    calibrations: Sequence[Calibration]


@dataclass(frozen=True)
class Line:
    """One metric of both, the mean over runs; `p` is adjusted for the number of lines (Holm)."""

    metric: str
    of: str
    a: float | None
    b: float | None
    difference: Estimate
    p: float | None
    verdict: Literal["a_better", "b_better", "no_difference", "not_enough_data"]
    sentence: str
    more_rows: int | None
    more_positives: int | None


@dataclass(frozen=True)
class SideBySide:
    """All lines, and on how many rows only one of the first runs was right about stopping (McNemar).

    `mcnemar_p` is None where rows come in groups, which that test does not know.
    """

    a: str
    b: str
    axis: str
    rows: int
    runs: int
    rounds: int
    seed: int
    lines: tuple[Line, ...]
    only_a_right: int
    only_b_right: int
    mcnemar_p: float | None


class _Question(NamedTuple):
    """One line to be: a metric, what it is of, and how to read it off a run."""

    metric: str
    of: str
    truth: ndarray
    output: Callable[[Run], Output]


def side_by_side(
    axis: Axis,
    examples: Sequence[Example],
    a: Side,
    b: Side,
    *,
    seed: int = 0,
    rounds: int = 1000,
    interesting: float | None = None,
) -> SideBySide:
    """Compare A with B on the same rows, run by run; `interesting` is the smallest difference worth having.

    With fewer than 200 rounds no p-value can be small enough to say "better". Raises ValueError unless both
    have as many runs, and what `evaluate` raises.
    """
    ours, theirs = (
        gather(axis, examples, side.predictions, side.calibrations, seed, rounds) for side in (a, b)
    )
    asked = list(_questions(ours))
    found = [
        compare(
            metric(question.metric),
            question.truth,
            [question.output(run) for run in ours.runs],
            [question.output(run) for run in theirs.runs],
            groups=ours.groups,
            seed=seed,
            rounds=rounds,
            draws=ours.draws,
        )
        for question in asked
    ]
    verdicts = judge_all(found, interesting=interesting)
    adjusted = holm([one.p for one in found])
    lines = tuple(
        _line(question, (ours, theirs), one, p, verdict)
        for question, one, p, verdict in zip(asked, found, adjusted, verdicts, strict=True)
    )
    right = [rows.runs[0].stopped == rows.harmful for rows in (ours, theirs)]
    single = mcnemar(*right)
    grouped = any(ours.groups)
    size, runs = len(ours.examples), len(ours.runs)
    told = (single.only_a, single.only_b, None if grouped else single.p)
    return SideBySide(a.name, b.name, axis.name, size, runs, rounds, seed, lines, *told)


def as_text(found: SideBySide) -> str:
    """What a terminal shows: one line per metric with its verdict."""
    head = ("", "A", "B", "A − B (95% interval)", "p", "")
    rows = [head, *map(_cells, found.lines)]
    widths = [max(words.wide(row[i]) for row in rows) for i in range(len(head))]
    table = (
        "  ".join(
            cell + " " * (width - words.wide(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )
    chance = "" if found.mcnemar_p is None else f"; p {found.mcnemar_p:.2g} (McNemar)"
    runs = "one run" if found.runs == 1 else f"{found.runs} runs"
    return "\n".join(
        [
            f"A: {found.a}",
            f"B: {found.b}",
            f"{found.rows:,} rows, axis '{found.axis}', {runs} of each",
            "",
            *table,
            "",
            f"Only A right about stopping: {found.only_a_right}; only B: {found.only_b_right}{chance}",
        ]
    )


def _questions(rows: Rows) -> Iterator[_Question]:
    """What is compared."""
    whole, main = rows.whole, rows.events[-1]

    def labels(run: Run) -> Output:
        return Output(run.probabilities, run.picked)

    def decision(run: Run) -> Output:
        return Output(run.chances[whole.name], run.stopped)

    def probability(run: Run) -> Output:
        return Output(run.chances[main.name], run.flagged[main.name])

    for name in _OF_AXIS:
        yield _Question(name, "labels as decided", rows.truth, labels)
    for name in _OF_DECISION:
        yield _Question(name, f"stopping {words.event_title(rows.axis, whole.name)}", rows.harmful, decision)
    for name in _OF_PROBABILITY:
        title = f"probability of {words.event_title(rows.axis, main.name)}"
        yield _Question(name, title, main.of(rows.truth), probability)


def _line(
    question: _Question, sides: tuple[Rows, Rows], found: Comparison, p: float, verdict: Verdict
) -> Line:
    compute = metric(question.metric).compute
    a, b = (
        float(np.mean([compute(question.truth, *question.output(run)) for run in side.runs]))
        for side in sides
    )
    return Line(
        question.metric,
        question.of,
        _known(a),
        _known(b),
        estimate(found.difference),
        _known(p),
        verdict.kind,
        verdict.sentence,
        verdict.more_rows,
        verdict.more_positives,
    )


def _known(value: float) -> float | None:
    return None if isnan(value) else value


def _cells(line: Line) -> tuple[str, ...]:
    title = words.METRICS[line.metric.replace("-", "_")].title
    found = line.difference
    apart = words.UNDEFINED
    if found.value is not None and found.low is not None and found.high is not None:
        apart = f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
    chance = words.UNDEFINED if line.p is None else f"{line.p:.3f}"
    return f"{title}, {line.of}", words.score(line.a), words.score(line.b), apart, chance, line.sentence

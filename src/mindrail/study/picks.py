"""What models picked on the same rows, in a study's numbers: a table with intervals, and who is better than whom.

Everything is computed from labels alone, so that predictions that others released stand beside our own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from mindrail import metrics
from mindrail.arrays import Bool, Int, ndarray
from mindrail.metrics import Metric
from mindrail.stats import holm
from mindrail.stats.bootstrap import Draws, bootstrap_over_seeds, resamples
from mindrail.stats.compare import Comparison, compare
from mindrail.stats.groups import Groups
from mindrail.stats.intervals import Interval, over_seeds
from mindrail.stats.measure import Output, statistic
from mindrail.taxonomy import Axis

_OF_LABELS = ("accuracy", "weighted-precision", "weighted-recall", "weighted-f1", "macro-f1")
_OF_STOPPING = ("precision", "recall", "f1", "false-positive-rate")
#: what pairs of models are compared by
COMPARED = ("accuracy", "macro-f1", "stop recall")


class Question(NamedTuple):
    """One number of the table: a metric, and what of the labels [n, k] it looks at."""

    name: str
    metric: Metric
    look: Callable[[ndarray], ndarray]


def questions(axis: Axis) -> list[Question]:
    """Everything that is measured: all labels, whether to stop, and each label's F1."""
    labels = [Question(name, metrics.get(name), _same) for name in _OF_LABELS]
    stopping = [Question(f"stop {name}", metrics.get(name), axis.events[-1].of) for name in _OF_STOPPING]
    each = [Question(f"f1 {name}", metrics.get("f1"), _column(i)) for i, name in enumerate(axis.names)]
    return [*labels, *stopping, *each]


@dataclass(frozen=True)
class Rows:
    """The same rows for everyone: what is true of them, and which belong together."""

    axis: Axis
    truth: Bool[ndarray, "n k"]
    groups: Groups
    rounds: int = 1000

    def draws(self) -> Draws:
        """The resamples that all intervals share."""
        return resamples(self.groups, len(self.truth), 0, self.rounds)


#: The label that one model picked for each row, in each of its runs.
Runs = Mapping[str, Int[ndarray, " n"]]


def table(rows: Rows, models: Mapping[str, Runs]) -> dict[str, dict[str, Any]]:
    """Each model's numbers: of every run, mean, sample standard deviation, 95 % interval for rows and runs."""
    draws = rows.draws()
    return {
        name: {q.name: _line(rows, q, runs, draws) for q in questions(rows.axis)}
        for name, runs in models.items()
    }


def _line(rows: Rows, question: Question, runs: Runs, draws: Draws) -> dict[str, Any]:
    truth = question.look(rows.truth)
    outputs = [_output(rows, question, picked) for picked in runs.values()]
    values = [question.metric.compute(truth, *output) for output in outputs]
    computes = [statistic(question.metric, truth, output) for output in outputs]
    found = bootstrap_over_seeds(computes, len(truth), draws=draws, limits=(0.0, 1.0))
    spread = over_seeds(values)
    return {"values": values, "mean": spread.mean.value, "sd": spread.sd, "interval": ends(found)}


def pairs(
    rows: Rows, models: Mapping[str, Runs], wanted: Sequence[tuple[str, str]] | None = None
) -> list[dict[str, Any]]:
    """A minus B for every pair of models with as many runs, or those that are `wanted`.

    Paired bootstrap interval and swap test, whole groups together; p is Holm's over the pairs of one number.
    """
    draws = rows.draws()
    chosen = list(combinations(models, 2)) if wanted is None else wanted
    found = []
    for question in (q for q in questions(rows.axis) if q.name in COMPARED):
        made = [_compare(rows, question, models[a], models[b], draws) for a, b in chosen]
        adjusted = holm([one.p for one in made])
        for (a, b), one, p in zip(chosen, made, adjusted, strict=True):
            line = {"number": question.name, "a": a, "b": b, "difference": one.difference.value}
            found.append(line | {"interval": ends(one.difference), "p": p, "p_alone": one.p})
    return found


def _compare(rows: Rows, question: Question, a: Runs, b: Runs, draws: Draws) -> Comparison:
    ours, theirs = ([_output(rows, question, picked) for picked in runs.values()] for runs in (a, b))
    truth = question.look(rows.truth)
    return compare(question.metric, truth, ours, theirs, rows.groups, rounds=rows.rounds, draws=draws)


def _output(rows: Rows, question: Question, picked: Int[ndarray, " n"]) -> Output:
    chosen = question.look(np.eye(len(rows.axis.names), dtype=bool)[picked])
    return Output(chosen.astype(np.float64), chosen)


def ends(found: Interval) -> list[float]:
    """Both ends of an interval."""
    return [found.low, found.high]


def _same(values: ndarray) -> ndarray:
    return values


def _column(i: int) -> Callable[[ndarray], ndarray]:
    def look(values: ndarray) -> ndarray:
        return np.asarray(values[:, i])

    return look

"""Numbers with intervals, all from the same resamples of whole groups.

A share (recall, precision, false positive rate) never gets an interval narrower than Wilson's: where all or
none of few rows succeed, every resample agrees, and that is not certainty.
"""

from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from math import isnan

import numpy as np

from mindrail import metrics
from mindrail.arrays import Bool, Float, ndarray
from mindrail.evaluate.results import AxisResult, Estimate, Picked, Ranking, Rates
from mindrail.evaluate.rows import Rows
from mindrail.stats import Interval, Output, measure, wilson
from mindrail.stats.bootstrap import Draws, percentile

_RATES = ("precision", "recall", "f1", "false-positive-rate")
_RANKING = tuple(field.name.replace("_", "-") for field in fields(Ranking))
#: finding a metric by its name asks every installed package
metric = cache(metrics.get)
_PICKED = ("accuracy", "macro-f1", "weighted-f1")


def estimate(interval: Interval) -> Estimate:
    """An interval as plain values; what is undefined becomes None."""
    value, low, high = (None if isnan(x) else x for x in (interval.value, interval.low, interval.high))
    return Estimate(value, low, high, interval.dropped)


def share(successes: int, size: int) -> Estimate:
    """A share of independent rows with Wilson's interval; undefined where there is no row."""
    return estimate(wilson(successes, size)) if size else Estimate(None, None, None)


def rates(truth: Bool[ndarray, " n"], flags: Sequence[Bool[ndarray, " n"]], draws: Draws) -> Rates:
    """How well flags tell an event; the mean over runs."""
    outputs = [Output(flag.astype(np.float64), flag) for flag in flags]
    found = _measured(_RATES, truth, outputs, draws)
    hits, alarms, flagged = (
        round(float(np.mean([np.count_nonzero(flag & where) for flag in flags])))
        for where in (truth, ~truth, np.ones_like(truth))
    )
    positives = int(truth.sum())
    return Rates(
        precision=_widened(found["precision"], hits, flagged),
        recall=_widened(found["recall"], hits, positives),
        f1=found["f1"],
        false_positive_rate=_widened(found["false-positive-rate"], alarms, len(truth) - positives),
    )


def ranking(truth: Bool[ndarray, " n"], chances: Sequence[Float[ndarray, " n"]], draws: Draws) -> Ranking:
    """How good probabilities are; the mean over runs."""
    outputs = [Output(chance, np.zeros_like(truth)) for chance in chances]
    found = _measured(_RANKING, truth, outputs, draws)
    return Ranking(**{name.replace("-", "_"): number for name, number in found.items()})


def all_labels(rows: Rows) -> AxisResult:
    """How good all labels are at once."""
    decided = [Output(run.probabilities, run.picked) for run in rows.runs]
    neutral = [Output(run.probabilities, run.neutral) for run in rows.runs]
    said = _measured(("top-label-ece", "axis-brier"), rows.truth, neutral, rows.draws)
    return AxisResult(
        _picked(rows, decided), _picked(rows, neutral), said["top-label-ece"], said["axis-brier"]
    )


def shares(tops: Bool[ndarray, "n c"], bottoms: Bool[ndarray, "n c"], draws: Draws) -> list[Estimate]:
    """The share of the rows of `bottoms` that are also in `tops`, column by column."""
    sizes = zip(ratios(tops, bottoms, draws), tops.sum(axis=0), bottoms.sum(axis=0), strict=True)
    return [_widened(found, int(top), int(bottom)) for found, top, bottom in sizes]


def ratios(tops: ndarray, bottoms: ndarray, draws: Draws) -> list[Estimate]:
    """The sum of `tops` over that of `bottoms`, both [n, c] counts, column by column."""
    width = tops.shape[1]
    table = np.hstack([tops, bottoms]).astype(np.float64)
    drawn = np.array([np.bincount(rows, minlength=len(table)) @ table for rows in draws])
    whole = table.sum(axis=0, keepdims=True)
    value, repeated = _divided(whole, width)[0], _divided(drawn, width)
    return [estimate(percentile(float(value[i]), repeated[:, i])) for i in range(width)]


def _divided(sums: Float[ndarray, "rounds both"], width: int) -> Float[ndarray, "rounds c"]:
    """The first `width` columns over the others, NaN for 0 / 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: ndarray = sums[:, :width] / sums[:, width:]
    return ratio


def _picked(rows: Rows, outputs: Sequence[Output]) -> Picked:
    names = _PICKED if rows.axis.exclusive else (*_PICKED, "micro-f1")
    found = _measured(names, rows.truth, outputs, rows.draws)
    return Picked(found["accuracy"], found["macro-f1"], found["weighted-f1"], found.get("micro-f1"))


def _measured(
    names: Sequence[str], truth: ndarray, outputs: Sequence[Output], draws: Draws
) -> dict[str, Estimate]:
    """Metrics by name, each with its interval."""
    lines = measure([metric(name) for name in names], "", truth, outputs, draws)
    return {line.metric: estimate(line.interval) for line in lines}


def _widened(found: Estimate, successes: int, size: int) -> Estimate:
    """The interval, at least as wide as Wilson's for so many of so many rows."""
    least = share(successes, size)
    if found.low is None or found.high is None or least.low is None or least.high is None:
        return found
    return Estimate(found.value, min(found.low, least.low), max(found.high, least.high), found.dropped)

"""A promise beside what rows it has never seen say about it."""

import numpy as np

from mindrail.arrays import Bool, ndarray
from mindrail.calibrate import Promise
from mindrail.evaluate.estimates import estimate
from mindrail.evaluate.results import Kept, PromiseCheck
from mindrail.evaluate.rows import Rows, Run
from mindrail.stats import Interval, clopper_pearson, clusters


def check(rows: Rows, run: Run) -> PromiseCheck:
    """How many of the promised event reach the promised threshold, with Clopper–Pearson's exact interval.

    Where the promise counts groups, a group is caught when all its positives are.
    """
    promise = run.calibration.promise
    if promise is None:
        return PromiseCheck(f"No promise: {run.calibration.no_promise.rstrip('.')}.", "no promise")
    (event,) = (event for event in rows.events if event.name == promise.event)
    truth, reached = event.of(rows.truth), run.chances[event.name] >= promise.threshold
    caught = _caught(rows, promise, truth, reached)
    stopped = _caught(rows, promise, truth, run.stopped)
    found = clopper_pearson(int(caught.sum()), len(caught))
    return PromiseCheck(
        _sentence(promise),
        _verdict(promise.recall, found),
        promise.event,
        promise.recall,
        promise.threshold,
        promise.counted,
        len(caught),
        int(caught.sum()),
        int(stopped.sum()),
        estimate(found) if len(caught) else None,
    )


def _sentence(promise: Promise) -> str:
    said = str(promise)
    return f"{said[0].upper()}{said[1:]}."


def _caught(
    rows: Rows, promise: Promise, truth: Bool[ndarray, " n"], reached: Bool[ndarray, " n"]
) -> Bool[ndarray, " m"]:
    """For each positive message, or group with one, whether it was caught."""
    if promise.counted == "messages":
        each: ndarray = reached[truth]
        return each
    cluster = clusters(rows.groups, len(truth))
    lost = np.unique(cluster[truth & ~reached])
    kept: ndarray = ~np.isin(np.unique(cluster[truth]), lost)
    return kept


def _verdict(recall: float, found: Interval) -> Kept:
    if np.isnan(found.value):
        return "not tested"
    if found.value >= recall:
        return "held"
    return "not contradicted" if found.high >= recall else "contradicted"

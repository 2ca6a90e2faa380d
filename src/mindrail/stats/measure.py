"""Many metrics of one model on the same rows, each with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mindrail.arrays import Int, ndarray
from mindrail.metrics import Metric
from mindrail.stats.bootstrap import Draws, Statistic, bootstrap_over_seeds
from mindrail.stats.intervals import Interval


class Output(NamedTuple):
    """What one model said about every row: [n] for an event, [n, k] for an axis."""

    probability: ndarray
    chosen: ndarray


@dataclass(frozen=True)
class Measure:
    """One line of a report: a metric of an event or axis, over so many rows and seeds."""

    metric: str
    of: str
    interval: Interval
    rows: int
    positives: int | None  # None for an axis
    seeds: int = 1


def measure(
    metrics: Sequence[Metric],
    of: str,
    truth: ndarray,
    outputs: Sequence[Output],
    draws: Draws,
    confidence: float = 0.95,
) -> list[Measure]:
    """Every metric of one event or axis, on shared `draws`; one output per seed.

    Costs about 0.1 ms per metric, round and seed for 2000 rows.
    """
    rows, positives = len(truth), positives_of(truth)
    lines = []
    for metric in metrics:
        computes = [statistic(metric, truth, output) for output in outputs]
        interval = bootstrap_over_seeds(
            computes, rows, confidence=confidence, draws=draws, limits=metric.range
        )
        lines.append(Measure(metric.name, of, interval, rows, positives, len(outputs)))
    return lines


def positives_of(truth: ndarray) -> int | None:
    """How many rows an event is true of; None for an axis, where the question makes no sense."""
    return int(truth.sum()) if truth.ndim == 1 else None


def statistic(metric: Metric, truth: ndarray, output: Output) -> Statistic:
    """The metric as a function of row indices."""

    def compute(rows: Int[ndarray, " n"]) -> float:
        return metric.compute(truth[rows], output.probability[rows], output.chosen[rows])

    return compute

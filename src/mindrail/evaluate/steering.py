"""The one number by which training is steered and compared on the dev part."""

from collections.abc import Callable, Sequence

import numpy as np

from mindrail import metrics
from mindrail.arrays import Float, ndarray
from mindrail.metrics import Metric
from mindrail.records import Example
from mindrail.records.targets import targets_of
from mindrail.stats.compare import Comparison, compare
from mindrail.stats.measure import Output
from mindrail.taxonomy import Axis


def metric(axis: Axis) -> Metric:
    """F1 of what is stopped where there are two labels, the mean F1 of the labels elsewhere."""
    return metrics.get("f1" if _two(axis) else "macro-f1")


def judge(axis: Axis, examples: Sequence[Example]) -> Callable[[Float[ndarray, "n k"]], float]:
    """How good raw scores of `examples` are, at neutral thresholds. Examples without an answer do not count."""
    true, known = _truth(axis, examples)
    compute = metric(axis).compute

    def value(scores: Float[ndarray, "n k"]) -> float:
        output = _output(axis, scores[known])
        return compute(true, output.probability, output.chosen)

    return value


def difference(
    axis: Axis, examples: Sequence[Example], a: Float[ndarray, "n k"], b: Float[ndarray, "n k"]
) -> Comparison:
    """How much better scores `a` are than scores `b` of the same examples, with a paired bootstrap interval."""
    true, known = _truth(axis, examples)
    groups = [example.group for example, there in zip(examples, known, strict=True) if there]
    return compare(metric(axis), true, [_output(axis, a[known])], [_output(axis, b[known])], groups)


def measures(axis: Axis, examples: Sequence[Example], scores: Float[ndarray, "n k"]) -> dict[str, float]:
    """Several measures of raw scores at neutral thresholds, the steering one first."""
    true, known = _truth(axis, examples)
    output = _output(axis, scores[known])
    names = (
        ("f1", "auroc", "precision", "recall") if true.ndim == 1 else ("macro-f1", "weighted-f1", "accuracy")
    )
    computes = {name: metrics.get(name).compute for name in names}
    return {name: compute(true, output.probability, output.chosen) for name, compute in computes.items()}


def truth(axis: Axis, examples: Sequence[Example]) -> ndarray:
    """What is true of each example that has an answer, in the shape of `picks`."""
    return _truth(axis, examples)[0]


def picks(axis: Axis, scores: Float[ndarray, "n k"]) -> ndarray:
    """What was decided about each row: flagged or not where there are two labels [n], else labels [n, k]."""
    return _output(axis, scores).chosen


def _two(axis: Axis) -> bool:
    return axis.exclusive and len(axis.names) == 2 and len(axis.events) == 1


def _truth(axis: Axis, examples: Sequence[Example]) -> tuple[ndarray, ndarray]:
    targets = targets_of(axis, examples)
    values = np.asarray(targets.values[targets.known])
    return (axis.events[0].of(values) if _two(axis) else values), np.asarray(targets.known)


def _output(axis: Axis, scores: Float[ndarray, "n k"]) -> Output:
    probability = axis.probabilities(scores)
    if not axis.exclusive:
        return Output(probability, probability >= 0.5)
    chosen = np.eye(len(axis.names), dtype=bool)[probability.argmax(axis=1)]
    if _two(axis):
        event = axis.events[0]
        return Output(event.of(probability), event.of(chosen))
    return Output(probability, chosen)

"""What the current guard thinks of each item. It decides the order of asking, and nobody who labels sees it."""

from collections.abc import Sequence
from pathlib import Path

from mindrail.arrays import Float, ndarray
from mindrail.errors import UsageError, WrongTaxonomy
from mindrail.guard import Guard
from mindrail.records import Example
from mindrail.taxonomy import Axis, Taxonomy


def read(
    folder: Path | None, asked: Taxonomy, examples: Sequence[Example]
) -> tuple[Axis, Float[ndarray, "n k"]]:
    """The question that the guard answers, and its calibrated probability of each label.

    Raises UsageError without a guard, BrokenGuard, and WrongTaxonomy where it answers none of the questions.
    """
    if folder is None:
        raise UsageError(
            "this order of asking follows a guard, and none is given. Do: --guard DIR, or --ask diversity"
        )
    guard = Guard.load(folder)
    for axis in asked.axes:
        if axis.digest == guard.axis.digest:
            break
    else:
        raise WrongTaxonomy(
            f"guard {guard.id} answers '{guard.axis.name}' ({guard.axis.digest}), which '{asked.id}' does not ask "
            "in these words. Do: take a guard that was trained on this taxonomy"
        )
    scores = guard.scorer.score(examples)
    return axis, guard.calibration.probabilities(axis, scores)

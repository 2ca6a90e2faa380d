"""The scores of a text that nobody judged: the most dangerous there are, so that no failure passes for safe."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.llm.chat import Failure
from mindrail.llm.choose import FAINT
from mindrail.taxonomy import Axis

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

#: beyond any score that an answer can give, so that no threshold lies above it
MOST = 20.0


def scores(axis: Axis) -> Float[ndarray, " k"]:
    """On a scale the worst label, elsewhere every label that is stopped."""
    row = np.zeros(len(axis.names))
    if axis.kind == "scale":
        row[-1] = MOST
    else:
        row[axis.stopped] = MOST
    return row


def table(
    axis: Axis,
    sizes: Sequence[int],
    answers: Sequence[Answer | Failure],
    row: Callable[[int, Sequence[Answer]], Float[ndarray, " k"]],
) -> Float[ndarray, "n k"]:
    """A row for each text, from the answers to all its questions in order, `sizes` of them for each text.

    `row` gets the text's place and its answers. A text of which any answer failed gets the most dangerous scores.
    """
    made, start, failed = np.zeros((len(sizes), len(axis.names))), 0, 0
    for place, size in enumerate(sizes):
        own = answers[start : start + size]
        good = [one for one in own if not isinstance(one, Failure)]
        made[place] = _bounded(axis, row(place, good)) if len(good) == size else scores(axis)
        failed += len(good) < size
        start += size
    if failed:
        log.warning("%d of %d texts were not judged: scored as most dangerous", failed, len(sizes))
    return made


def _bounded(axis: Axis, row: Float[ndarray, " k"]) -> Float[ndarray, " k"]:
    """The row with nothing as sure as what nobody judged: probabilities under e^-15 are not told apart."""
    bounded: ndarray = np.maximum(row - row.max(), FAINT) if axis.exclusive else row.clip(FAINT, -FAINT)
    return bounded

"""What can score: local, exported or remote, they all look like this to whoever judges scores."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.records import Example
from mindrail.taxonomy import Axis


@runtime_checkable
class Scorer(Protocol):
    """Raw scores on one axis, before any calibration."""

    @property
    def axis(self) -> Axis:
        """The question that is answered."""
        ...

    def score(self, examples: Sequence[Example]) -> Float[ndarray, "n k"]:
        """One row of scores per example, in order."""
        ...


@runtime_checkable
class Asks(Protocol):
    """A scorer that asks a language model, which may fail to answer."""

    @property
    def answers(self) -> Mapping[str, int]:
        """Of the last `score`: how many answers were `graded`, `plain` (a word, no degrees), or failed, by reason."""
        ...


def worst(axis: Axis, scores: Float[ndarray, "window k"]) -> Float[ndarray, " k"]:
    """The scores that speak for a text of several windows.

    Where labels exclude each other, those of the most dangerous window; else each label's largest.
    """
    if len(scores) == 1:
        row: ndarray = scores[0]
    elif axis.exclusive:
        row = scores[int(np.argmax(axis.danger(scores)))]
    else:
        row = scores.max(axis=0)
    return row

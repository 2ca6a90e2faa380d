"""One small axis of each kind, and rows that a middling model might score on it."""

import numpy as np

from mindrail.arrays import ndarray
from mindrail.records import Targets
from mindrail.taxonomy import Axis, Label

TWO = Axis("harm", "one_of", (Label("safe", "s", decision="allow"), Label("harmful", "h")))
SCALE = Axis(
    "risk",
    "scale",
    (Label("safe", "s", decision="allow"), Label("unsure", "u", decision="review"), Label("unsafe", "h")),
)
SEVERAL = Axis("kinds", "any_of", (Label("rude", "r"), Label("cruel", "c"), Label("rare", "x")))
FIRST = Axis(
    "reply", "first_of", (Label("lost", "l"), Label("cold", "c"), Label("kind", "k", decision="allow"))
)
AXES = (TWO, SCALE, SEVERAL, FIRST)


def rows(axis: Axis, size: int, seed: int = 0, strength: float = 2.0) -> tuple[Targets, ndarray]:
    """Truth and raw scores; every label is true of about a third of the rows."""
    random = np.random.default_rng(seed)
    labels = len(axis.names)
    if axis.exclusive:
        truth = np.eye(labels, dtype=bool)[random.integers(labels, size=size)]
    else:
        truth = random.random((size, labels)) < 1 / 3
    scores = strength * (truth - 0.5) + 1.5 * random.normal(size=truth.shape)
    return Targets(truth, np.ones(size, dtype=bool)), scores

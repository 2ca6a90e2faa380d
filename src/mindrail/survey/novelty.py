"""How unlike each message is to the most similar one the guard was made with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.survey.drift import WIDTH
from mindrail.text.hashed import Weights


@dataclass(frozen=True, eq=False, repr=False)
class Known:
    """Reference messages as rows of words and character trigrams, the rarer the heavier."""

    weights: Weights
    rows: Float[ndarray, "n width"]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Known":
        """Learn what is known: 4 KiB and about 0.2 ms a text."""
        weights = Weights.of(texts)
        return cls(weights, weights.rows(texts, WIDTH))

    def novelty(self, texts: Sequence[str]) -> Float[ndarray, " n"]:
        """One minus the cosine to the nearest known message: 0 stands there word for word, 1 shares nothing.

        Takes about 1 ms a message for 5,000 known ones. Blank texts have no words and count as known.
        """
        rows = self.weights.rows(texts, WIDTH)
        nearest = (rows @ self.rows.T).max(axis=1)
        far: ndarray = np.where(rows.any(axis=1), 1.0 - nearest, 0.0).clip(0.0, 1.0).astype(np.float64)
        return far

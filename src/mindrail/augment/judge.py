"""A guard or a run that is asked whether a rewording changed the answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.calibrate.policy import Calibration
from mindrail.records import Example
from mindrail.records.targets import targets_of
from mindrail.runtime.scorer import Scorer


@dataclass(frozen=True)
class Judge:
    """`name` is for people, `identity` for provenance, `split` the digest of what it learned from, where known.

    Without a calibration, scores are taken as they are.
    """

    scorer: Scorer
    calibration: Calibration | None
    name: str
    identity: str
    split: str = ""

    def danger(self, examples: Sequence[Example]) -> Float[ndarray, " n"]:
        """How likely each is to have a label that is not simply allowed; 0.5 is the middle.

        Not the guard's own threshold: one set for high recall stops most texts, and crossing it says little.
        """
        if not examples:
            return np.zeros(0)
        axis, scores = self.scorer.axis, self.scorer.score(examples)
        chances = (
            self.calibration.probabilities(axis, scores) if self.calibration else axis.probabilities(scores)
        )
        stopped = chances[:, axis.stopped]
        danger: ndarray = stopped.sum(axis=1) if axis.exclusive else stopped.max(axis=1)
        return danger.astype(np.float64)

    def truth(self, example: Example) -> bool | None:
        """Whether the example's own answer is one that is not simply allowed; None where there is none."""
        targets = targets_of(self.scorer.axis, [example])
        return bool(targets.values[0, self.scorer.axis.stopped].any()) if targets.known[0] else None

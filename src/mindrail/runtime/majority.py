"""The same scores for every text: the baseline that any model has to beat."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mindrail import files as disk
from mindrail.arrays import Float, ndarray
from mindrail.errors import BrokenGuard
from mindrail.records import Example
from mindrail.runtime.local import LocalScorer, Score, Spread
from mindrail.runtime.parts import Files, json_of, settings_of
from mindrail.taxonomy import Axis

FILE = "majority.json"


@dataclass(frozen=True)
class Prior:
    """`scores` per label, in nats: log-odds for `any_of`, log-probabilities up to a constant elsewhere."""

    scores: tuple[float, ...]


class MajorityScorer(LocalScorer):
    """Answers from how often each label occurred, and from nothing else."""

    def __init__(self, axis: Axis, scores: Float[ndarray, " k"], threads: int = 1) -> None:
        super().__init__(axis, threads)
        self.scores = scores

    def one(self, example: Example, spread: Spread) -> Score:
        """The scores; every text counts as read."""
        return Score(self.scores, 1.0, 1)


def save(folder: Path, scores: Float[ndarray, " k"]) -> None:
    """Write the scorer's file into a folder."""
    disk.write_json(folder / FILE, {"scores": [float(score) for score in scores]})


def load(files: Files, axis: Axis, threads: int = 1) -> MajorityScorer:
    """Read it back. Raises BrokenGuard unless there is one score per label."""
    prior = settings_of(Prior, json_of(files, FILE), FILE)
    if len(prior.scores) != len(axis.names):
        raise BrokenGuard(f"found {len(prior.scores)} scores for {len(axis.names)} labels", file=FILE)
    return MajorityScorer(axis, np.array(prior.scores), threads)

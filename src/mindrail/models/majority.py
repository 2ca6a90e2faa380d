"""The share of each label and nothing else: what any model must beat."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mindrail import files
from mindrail.models._base import Job
from mindrail.runtime import load as runtime
from mindrail.runtime import majority
from mindrail.runtime.scorer import Scorer
from mindrail.taxonomy import Axis
from mindrail.train.progress import Stepped


@dataclass(frozen=True)
class MajorityConfig:
    """Nothing to set."""


class MajorityFamily:
    """Scores are the log-odds (`any_of`) or log-shares of the labels, each counted once more than seen."""

    runtime = "majority"
    algorithms = ("supervised",)
    Config = MajorityConfig

    def train(self, job: Job, config: MajorityConfig, place: Path) -> Iterator[Stepped]:
        """Count."""
        values = job.targets().values
        shares = (values.sum(axis=0) + 1) / (len(values) + (len(job.axis.names) if job.axis.exclusive else 2))
        scores = np.log(shares) if job.axis.exclusive else np.log(shares / (1 - shares))
        with files.new_folder(place) as folder:
            majority.save(folder, scores)
        yield Stepped(1, 1)

    def scorer(self, axis: Axis, place: Path) -> Scorer:
        """The same scores for every text."""
        return runtime.from_folder("majority", place, axis)


FAMILY = MajorityFamily()

"""What every family promises: learn from a job, write files, score from files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.errors import BadConfig, BadSplit
from mindrail.prompts.preview import Preview
from mindrail.records import Example, Targets
from mindrail.records.targets import targets_of
from mindrail.runtime.load import Kind
from mindrail.runtime.scorer import Scorer
from mindrail.taxonomy import Axis
from mindrail.train.progress import Stepped


@dataclass(frozen=True)
class Job:
    """What is to be learned. `labelled` all carry an answer on `axis`; `unlabelled` carry none."""

    axis: Axis
    labelled: Sequence[Example]
    unlabelled: Sequence[Example] = ()
    #: other wordings of unlabelled examples, by the example's id
    views: Mapping[str, Sequence[Example]] = field(default_factory=dict)
    #: how good scores of `dev` are, higher is better; looked at from time to time where both are given
    judge: Callable[[ndarray], float] | None = None
    dev: Sequence[Example] = ()
    algorithm: str = "supervised"
    settings: Mapping[str, Any] = field(default_factory=dict)
    #: "none", "balanced" (inverse frequency), or a weight per label name
    class_weights: str | Mapping[str, float] = "balanced"
    seed: int = 0
    #: where checkpoints go; None: not resumable
    checkpoints: Path | None = None
    #: hash of data and settings, so that a checkpoint is never continued with others
    identity: str = ""
    #: the taxonomy's question, and whether the message or the reply is judged: for families that ask in words
    asks: str = ""
    judges: Literal["message", "response"] = "message"
    #: raw scores [n, k] of another model for the labelled examples: linear heads follow them, not the answers
    teacher: ndarray | None = None

    def targets(self) -> Targets:
        """The answers as arrays. Raises BadSplit where there is nothing to tell apart."""
        return self._targets

    @cached_property
    def _targets(self) -> Targets:
        targets = targets_of(self.axis, self.labelled)
        if not targets.known.all():
            raise BadSplit(
                f"{(~targets.known).sum()} of {len(self.labelled)} labelled examples carry no answer"
            )
        if not len(targets.known):
            raise BadSplit("there are no labelled examples. Do: check the set's crosswalk to this taxonomy")
        seen = np.asarray(targets.values.any(axis=0))
        if (self.axis.exclusive and seen.sum() < 2) or not seen.any():
            only = [name for name, there in zip(self.axis.names, seen, strict=True) if there] or ["none"]
            raise BadSplit(
                f"all {len(self.labelled)} labelled examples have the same answer ({only[0]}); a model needs at "
                "least two. Do: label some of the other kind, or ask for class-balanced sampling"
            )
        return targets

    def label_weights(self) -> Float[ndarray, " k"]:
        """The weight of each label in the loss; labels that never occur weigh 1."""
        values = self.targets().values
        k = len(self.axis.names)
        if isinstance(self.class_weights, Mapping):
            for name in self.class_weights:
                if name not in self.axis.names:
                    raise BadConfig(f"class_weights names '{name}'; labels are {', '.join(self.axis.names)}")
            return np.array([float(self.class_weights.get(name, 1.0)) for name in self.axis.names])
        if self.class_weights == "none":
            return np.ones(k)
        if self.class_weights != "balanced":
            raise BadConfig(f"class_weights is '{self.class_weights}'; expected none, balanced or a mapping")
        counts = values.sum(axis=0).astype(float)
        with np.errstate(divide="ignore"):
            if self.axis.exclusive:
                weights = len(values) / ((counts > 0).sum() * counts)
            else:
                weights = (len(values) - counts) / counts
        finite: ndarray = np.where(counts > 0, weights, 1.0)
        return finite


@runtime_checkable
class Family(Protocol):
    """A kind of model. `runtime` names the file in `mindrail.runtime` that runs it without torch; None: no such file,
    so it scores and is compared, and no guard is made of it."""

    runtime: Kind | None
    algorithms: tuple[str, ...] | None  # None: any algorithm

    @property
    def Config(self) -> type[Any]:  # noqa: N802, a class
        """A frozen dataclass of settings."""
        ...

    def train(self, job: Job, config: Any, place: Path) -> Iterator[Stepped]:
        """Learn, yielding progress; when exhausted, the folder `place` holds the model's files."""
        ...

    def scorer(self, axis: Axis, place: Path) -> Scorer:
        """The trained model as a scorer: raw scores from the files in `place`."""
        ...


@runtime_checkable
class Shows(Family, Protocol):
    """A family that asks a language model, and can say beforehand what and for how much."""

    def preview(self, job: Job, config: Any, texts: Sequence[Example], *, show_text: bool) -> Preview:
        """What would be asked about `texts`; shots veiled unless `show_text`. Nothing is asked."""
        ...

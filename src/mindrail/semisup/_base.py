"""What an algorithm sees of a step, and what it gives back. It never sees text, files or the model."""

from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from jaxtyping import Float
from torch import Tensor

State = TypeVar("State")


@dataclass(frozen=True)
class StepLogits:
    """One step's outputs. `targets` holds a probability per label (rows sum to one where `exclusive`)."""

    labeled: Float[Tensor, "head labeled k"]
    targets: Float[Tensor, "labeled k"]
    exclusive: bool
    class_weights: Float[Tensor, " k"] | None = None
    step: int = 0


@dataclass(frozen=True)
class StepLosses:
    """`total` is minimised; `report` is written to the history."""

    total: Float[Tensor, ""]
    report: dict[str, float]


@runtime_checkable
class Algorithm(Protocol[State]):
    """Frozen settings and a pure step. `heads` and `extra_labels` say what the network must offer."""

    @property
    def heads(self) -> int:
        """How many classification heads the network needs."""
        ...

    @property
    def extra_labels(self) -> int:
        """How many labels beside the real ones each head needs."""
        ...

    def init(self, pool: int, labels: int) -> State:
        """The memory before the first step, for `pool` unlabeled examples."""
        ...

    def step(self, state: State, logits: StepLogits) -> tuple[StepLosses, State]:
        """Losses of one step and the memory after it; the old memory is left as it was."""
        ...

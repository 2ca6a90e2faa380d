"""What an algorithm sees of a step, and what it gives back. It never sees text, files or the model."""

from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor

State = TypeVar("State")

#: Which texts the gradient flows through beside the labelled ones: none, the unlabelled texts as they are,
#: or another wording of them.
LearnsFrom = Literal["labels", "weak", "strong"]


@dataclass(frozen=True)
class StepLogits:
    """One step's outputs. `k` counts the real labels, `column` these and then the algorithm's extra labels.

    `targets` holds a probability per label (rows sum to one where `exclusive`). An epoch is one pass over the
    labelled rows; both counters start at 0.
    """

    labeled: Float[Tensor, "head labeled column"]
    targets: Float[Tensor, "labeled k"]
    weak: Float[Tensor, "head unlabeled column"]  # the texts as they are, without gradient
    strong: Float[Tensor, "head unlabeled column"]  # what is learned from: the same or another wording
    index: Int[Tensor, " unlabeled"]  # row of each unlabelled text in the pool
    exclusive: bool
    class_weights: Float[Tensor, " k"] | None = None  # of the supervised loss alone
    step: int = 0
    steps: int = 1
    epoch: int = 0


@dataclass(frozen=True)
class StepLosses:
    """`total` is minimised; `report` is written to the history.

    The history's collapse guard reads three entries wherever an algorithm learns from unlabelled texts:
    `sure`, the share of unlabelled rows (and questions) that counted; `share/0`, `share/1`, ..., the share of
    each label among the pseudo-labels that counted; `unlabeled`, the loss on them before its weight.
    """

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

    @property
    def learns_from(self) -> LearnsFrom:
        """Whether unlabelled texts are needed, and in which wording the gradient sees them."""
        ...

    def init(self, pool: int, labels: int, *, exclusive: bool) -> State:
        """The memory before the first step, for `pool` unlabelled texts and `labels` real labels."""
        ...

    def step(self, state: State, logits: StepLogits) -> tuple[StepLosses, State]:
        """Losses of one step and the memory after it; the old memory is left as it was."""
        ...

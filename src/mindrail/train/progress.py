"""What a training run reports while it goes on."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stepped:
    """One step was taken; `report` holds the losses, and `dev` what the dev part said, where it was asked.

    A resumed run tells the steps of its past first; they are not `fresh`.
    """

    step: int
    steps: int
    report: dict[str, float] = field(default_factory=dict)
    dev: float | None = None
    fresh: bool = True

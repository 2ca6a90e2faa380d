"""What a calibration should reach."""

from dataclasses import dataclass
from typing import Literal

from mindrail.calibrate.policy import Method


@dataclass(frozen=True)
class Settings:
    """The goals of one calibration. Shares and probabilities are in (0, 1)."""

    #: of the positives of `event`, the share to be stopped, and how sure that should be
    recall: float = 0.9
    confidence: float = 0.95
    #: what the promise is about; None: the worst label of a scale, else `any`, else the only event
    event: str | None = None
    #: promise the share found among the next that many positives; None: the share in the long run
    next: int | None = None
    #: `auto` takes the kind with the least held-out negative log-likelihood on dev
    scaling: Literal["auto"] | Method = "auto"
    #: how block thresholds are chosen: best F1; most caught at this `precision`; least total cost
    block: Literal["f1", "precision", "cost"] = "f1"
    precision: float = 0.9
    miss_cost: float = 1.0
    false_alarm_cost: float = 1.0
    #: text of which a smaller share was read is reviewed
    coverage_floor: float = 0.8

    def __post_init__(self) -> None:
        for name in ("recall", "confidence", "precision"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"found {name} {getattr(self, name)}, expected a share between 0 and 1")
        if not 0.0 <= self.coverage_floor <= 1.0:
            raise ValueError(f"found coverage_floor {self.coverage_floor}, expected a share in [0, 1]")
        for name in ("miss_cost", "false_alarm_cost"):
            if not 0.0 < getattr(self, name) < float("inf"):
                raise ValueError(f"found {name} {getattr(self, name)}, expected a positive number")
        if self.next is not None and self.next < 1:
            raise ValueError(f"found next {self.next}, expected 1 or more positives")

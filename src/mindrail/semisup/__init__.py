"""Learning algorithms as arithmetic on logits: one file each, memory passed in and out as a value."""

from mindrail.semisup._base import Algorithm, StepLogits, StepLosses

__all__ = ["Algorithm", "StepLogits", "StepLosses"]

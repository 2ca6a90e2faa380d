"""What travels between the steps: examples, targets, predictions."""

from mindrail.records.example import Example, Turn
from mindrail.records.predictions import Predictions, Provenance
from mindrail.records.targets import Targets, encode

__all__ = ["Example", "Predictions", "Provenance", "Targets", "Turn", "encode"]

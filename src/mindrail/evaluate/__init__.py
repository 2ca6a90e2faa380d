"""What a guard is worth on rows it has not seen, and how that is told to people.

`run.evaluate` measures and gives an `Evaluation`, which is plain values. `report.write` and `card.card`
render one without measuring anything again; `comparison` does both for two models side by side.
"""

from mindrail.evaluate.results import Estimate, Evaluation

__all__ = ["Estimate", "Evaluation"]

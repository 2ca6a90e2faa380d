"""Examples with a canary for a text, and what a middling model and its calibration say about them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from helpers.axes import rows
from mindrail.arrays import ndarray
from mindrail.calibrate import Calibration
from mindrail.calibrate.thresholds import Settings, fit
from mindrail.evaluate import Evaluation
from mindrail.evaluate.run import evaluate
from mindrail.records import Example, Predictions, Provenance, Turn
from mindrail.records.targets import targets_of
from mindrail.taxonomy import Axis

#: stands in every text; must never stand anywhere else
CANARY = "zq-canary-text"


@dataclass(frozen=True)
class Judged:
    """Everything that `evaluate` takes."""

    axis: Axis
    examples: Sequence[Example]
    predictions: Sequence[Predictions]
    calibrations: Sequence[Calibration]

    def evaluate(self, **changes: object) -> Evaluation:
        """Measure, with few rounds."""
        settings = {"name": "test guard", "made_from": {"data": "synthetic"}, "rounds": 20} | changes
        return evaluate(self.axis, self.examples, self.predictions, self.calibrations, **settings)


def examples_of(axis: Axis, truth: ndarray, grouped: bool = False) -> list[Example]:
    """One example per row of truth, of differing length, source and setting; `grouped` by twos."""
    return [_example(axis, i, row, f"person {i // 2}" if grouped else None) for i, row in enumerate(truth)]


def _example(axis: Axis, i: int, row: ndarray, group: str | None) -> Example:
    names = tuple(name for name, true in zip(axis.names, row, strict=True) if true)
    turns = [Turn("user", CANARY + "." * (i % 90))]
    if i % 3 == 0:
        turns = [Turn("assistant", CANARY), *turns]
    return Example(
        tuple(turns),
        answers={axis.name: names[0] if axis.exclusive else names},
        group=group,
        source=("forum", "clinic")[i % 2],
        tags={"topic": f"topic {i % 15}", "split": "test"},
        id=f"row-{i:04d}",
    )


def predictions_of(
    axis: Axis, examples: Sequence[Example], scores: ndarray, data: str = "test"
) -> Predictions:
    """Scores under the examples' ids."""
    ids = tuple(example.id for example in examples)
    return Predictions(axis, ids, scores.astype(np.float64), Provenance("a run", data))


def judged(
    axis: Axis, size: int = 300, *, seeds: int = 1, strength: float = 3.0, grouped: bool = False
) -> Judged:
    """A test set judged by several runs, each calibrated on other rows."""
    truth, _ = rows(axis, size, seed=1, strength=strength)
    examples = examples_of(axis, truth.values, grouped)
    predictions, calibrations = [], []
    for seed in range(seeds):
        random = np.random.default_rng(100 + seed)
        scores = strength * (truth.values - 0.5) + 1.5 * random.normal(size=truth.values.shape)
        predictions.append(predictions_of(axis, examples, scores))
        calibrations.append(
            fit(
                axis,
                *rows(axis, 400, seed=50 + seed, strength=strength),
                Settings(scaling="none"),
                data="dev",
            )
        )
    return Judged(axis, examples, predictions, calibrations)


def only(found: Judged, keep: ndarray) -> Judged:
    """The same with some of the rows."""
    kept = [example for example, inside in zip(found.examples, keep, strict=True) if inside]
    return replace(found, examples=kept)


def truth_of(found: Judged) -> ndarray:
    """What is true of each row."""
    return targets_of(found.axis, found.examples).values


def twins(axis: Axis, harmless: str, harmful: str) -> tuple[list[Example], Predictions]:
    """Forty pairs of two kinds; of every fourth pair the sides are scored the wrong way round."""
    examples, scores = [], []
    for i in range(40):
        for side, label in (("talks", harmless), ("at_risk", harmful)):
            tags = {"kind": ("news", "fiction")[i % 2], "side": side}
            answers = {axis.name: label if axis.exclusive else tuple(filter(None, [label]))}
            turns = (Turn("user", CANARY),)
            examples.append(Example(turns, answers=answers, group=f"pair {i}", tags=tags, id=f"{side}-{i}"))
            likely = (i % 4 == 0) != (side == "at_risk")
            said = {harmful: likely, harmless: not likely}
            scores.append([3.0 if said.get(name) else -3.0 for name in axis.names])
    return examples, predictions_of(axis, examples, np.array(scores))

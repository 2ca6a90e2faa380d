"""Examples, scores and calibrations brought together: the rows that everything is measured on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.calibrate import Calibration, Decision, chances, decide, events, flagged, picked
from mindrail.errors import BadSplit, WrongTaxonomy
from mindrail.records import Example, Predictions
from mindrail.records.targets import targets_of
from mindrail.stats import resamples
from mindrail.stats.bootstrap import Draws
from mindrail.taxonomy.axis import Axis, Event


@dataclass(frozen=True)
class Run:
    """What one calibrated model said about every row. `picked` and `neutral` are labels, by two rules."""

    calibration: Calibration
    probabilities: Float[ndarray, "n k"]
    chances: Mapping[str, Float[ndarray, " n"]]
    decisions: Sequence[Decision]
    picked: Bool[ndarray, "n k"]
    neutral: Bool[ndarray, "n k"]
    flagged: Mapping[str, Bool[ndarray, " n"]]
    blocked: Mapping[str, Bool[ndarray, " n"]]

    @classmethod
    def of(cls, axis: Axis, calibration: Calibration, scores: Float[ndarray, "n k"]) -> "Run":
        """Judge raw scores."""
        probabilities = calibration.probabilities(axis, scores)
        chance = chances(axis, probabilities)
        return cls(
            calibration,
            probabilities,
            chance,
            decide(axis, calibration, scores),
            picked(axis, calibration, scores),
            _neutral(axis, probabilities),
            flagged(axis, calibration, scores),
            {event.name: _blocked(calibration, event, chance[event.name]) for event in events(axis)},
        )

    def decided(self, *verdicts: str) -> Bool[ndarray, " n"]:
        """The rows with one of these decisions."""
        return np.array([made.decision in verdicts for made in self.decisions], dtype=bool)

    @property
    def stopped(self) -> Bool[ndarray, " n"]:
        """The rows that were not simply allowed."""
        return self.decided("review", "block")


@dataclass(frozen=True)
class Rows:
    """The rows that have an answer, in every run, and the resamples that all intervals share."""

    axis: Axis
    examples: Sequence[Example]
    truth: Bool[ndarray, "n k"]
    runs: Sequence[Run]
    draws: Draws

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """What thresholds are set on."""
        return events(self.axis)

    @cached_property
    def whole(self) -> Event:
        """The event "should be stopped": some label that is not simply allowed."""
        return self.events[0 if self.axis.kind == "scale" else -1]

    @cached_property
    def harmful(self) -> Bool[ndarray, " n"]:
        """The rows that should be stopped."""
        should: ndarray = self.whole.of(self.truth)
        return should

    @property
    def groups(self) -> list[str | None]:
        """The group of every row."""
        return [example.group for example in self.examples]


def gather(
    axis: Axis,
    examples: Sequence[Example],
    predictions: Sequence[Predictions],
    calibrations: Sequence[Calibration],
    seed: int,
    rounds: int,
) -> Rows:
    """The answered rows, judged by every run.

    Raises BadSplit where no row is answered or one has no scores, WrongTaxonomy for scores of another
    wording, ValueError unless there is one calibration for each of the predictions.
    """
    if len(predictions) != len(calibrations) or not predictions:
        found = f"{len(predictions)} predictions and {len(calibrations)} calibrations"
        raise ValueError(f"found {found}, expected as many of each, at least one")
    known = [example for example in examples if axis.name in example.answers]
    if not known:
        raise BadSplit(
            f"none of {len(examples)} rows has an answer on axis '{axis.name}'. Do: label some of them"
        )
    runs = [
        Run.of(axis, calibration, aligned(axis, known, scored))
        for scored, calibration in zip(predictions, calibrations, strict=True)
    ]
    groups = [example.group for example in known]
    draws = resamples(groups, len(known), seed, rounds)
    return Rows(axis, known, targets_of(axis, known).values, runs, draws)


def aligned(axis: Axis, examples: Sequence[Example], predictions: Predictions) -> Float[ndarray, "n k"]:
    """The scores of these examples, in their order. Raises BadSplit for one without, WrongTaxonomy."""
    if predictions.axis.digest != axis.digest:
        raise WrongTaxonomy(
            f"the scores answer axis '{predictions.axis.name}' ({predictions.axis.digest}), expected "
            f"'{axis.name}' ({axis.digest}). Do: predict again with the present taxonomy"
        )
    place = {key: row for row, key in enumerate(predictions.ids)}
    missing = [example.id for example in examples if example.id not in place]
    if missing:
        raise BadSplit(
            f"{len(missing)} of {len(examples)} rows have no scores, '{missing[0]}' is the first; "
            "expected scores of the same rows. Do: predict on them again"
        )
    scores: ndarray = predictions.scores[[place[example.id] for example in examples]]
    return scores


def _neutral(axis: Axis, probabilities: Float[ndarray, "n k"]) -> Bool[ndarray, "n k"]:
    """The likeliest label, or for independent labels all that are likelier than not."""
    if axis.exclusive:
        likeliest: ndarray = np.eye(len(axis.names), dtype=bool)[probabilities.argmax(axis=1)]
        return likeliest
    return probabilities >= 0.5


def _blocked(calibration: Calibration, event: Event, chance: Float[ndarray, " n"]) -> Bool[ndarray, " n"]:
    """The rows in which this event reaches its block threshold, if it has one."""
    limit = calibration.threshold(event.name).block if event.decision == "block" else None
    return np.zeros(len(chance), dtype=bool) if limit is None else chance >= limit

"""A cascade: cheap stages first, and the next one only for what they cannot clear.

The score of a text is that of all its stages together (`mindrail.calibrate.composite`); a stage that is not asked
could not have changed the decision. A stage that has not read enough of a text has no say in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mindrail import config
from mindrail import files as disk
from mindrail.arrays import Float, ndarray
from mindrail.calibrate.composite import as_scores, least, lifted
from mindrail.calibrate.policy import Calibration, Scaling, chances
from mindrail.errors import BrokenGuard
from mindrail.records import Example
from mindrail.runtime import load as kinds
from mindrail.runtime.local import LocalScorer, Score, Spread
from mindrail.runtime.parts import Files, json_of, settings_of
from mindrail.taxonomy import Axis
from mindrail.text.lexicon import Lexicon

FILE = "cascade.json"
CALIBRATION = "calibration.json"
#: what is so little under its threshold is passed on: scores are stored in single precision
_MARGIN = 1e-6


@dataclass(frozen=True)
class Stage:
    """One stage: the kind of its model, how its scores become probabilities, and its lift (0 for the last)."""

    kind: kinds.Kind
    scaling: Scaling
    lift: float = 0.0

    def __post_init__(self) -> None:
        if self.kind == "cascade":
            raise ValueError("a stage of a cascade cannot be a cascade")
        if not -float("inf") < self.lift < float("inf"):
            raise ValueError(f"found lift {self.lift}, expected a number")


@dataclass(frozen=True)
class Cascade:
    """The stages, cheapest first. Text of which a stage has read less than `enough` (a share) is passed on."""

    stages: tuple[Stage, ...]
    enough: float = 0.8

    def __post_init__(self) -> None:
        if len(self.stages) < 2:
            raise ValueError(f"found {len(self.stages)} stages, expected two or more")


class CascadeScorer(LocalScorer):
    """Scores by stages. Without `calibration` every stage is asked, as when thresholds are fitted."""

    def __init__(
        self,
        axis: Axis,
        cascade: Cascade,
        scorers: Sequence[LocalScorer],
        calibration: Calibration | None = None,
        threads: int = 1,
    ) -> None:
        super().__init__(axis, threads)
        self.cascade, self.scorers = cascade, tuple(scorers)
        self._stops = {} if calibration is None else {at.event: at.stop for at in calibration.thresholds}

    @property
    def lexicon(self) -> Lexicon:
        """The words of the last stage."""
        return self.scorers[-1].lexicon

    def one(self, example: Example, spread: Spread) -> Score:
        """Score one text."""
        return self.walk(example, spread)[0]

    def walk(self, example: Example, spread: Spread = map) -> tuple[Score, int]:
        """The score of a text, and how many stages were asked; its windows are those of the last one asked."""
        so_far: Float[ndarray, "1 k"] | None = None
        windows, coverage = 0, 0.0
        for asked, (stage, scorer) in enumerate(zip(self.cascade.stages, self.scorers, strict=True), start=1):
            own = scorer.one(example, spread)
            windows, coverage = own.windows, max(coverage, own.coverage)
            last = asked == len(self.scorers)
            if own.coverage >= self.cascade.enough or (last and so_far is None):
                found = lifted(self.axis, stage.scaling, np.asarray(own.values, np.float64)[None], stage.lift)
                so_far = found if so_far is None else least(self.axis, so_far, found)
            if last or (so_far is not None and self._cleared(so_far)):
                break
        assert so_far is not None, "the last stage always has a say"
        return Score(as_scores(self.axis, so_far)[0], coverage, windows), asked

    def golden(self, examples: Sequence[Example]) -> Float[ndarray, "n m"]:
        """The raw scores of every stage, side by side, so that none of them changes unnoticed."""
        return np.hstack([scorer.golden(examples) for scorer in self.scorers])

    def _cleared(self, probabilities: Float[ndarray, "1 k"]) -> bool:
        """Whether every event lies under its lowest threshold."""
        if not self._stops:
            return False
        found = chances(self.axis, probabilities)
        return all(float(found[event][0]) < stop - _MARGIN for event, stop in self._stops.items())


def save(folder: Path, cascade: Cascade, stages: Sequence[Mapping[str, bytes]]) -> None:
    """Write the files of all stages into one folder, those of the first as `1.NAME`, and so on."""
    disk.write_json(folder / FILE, config.plain(cascade))
    for number, files in enumerate(stages, start=1):
        for name, content in files.items():
            disk.write_bytes(folder / f"{number}.{name}", content)


def names(cascade: Cascade) -> list[str]:
    """All files of a cascade."""
    own = [f"{i}.{name}" for i, s in enumerate(cascade.stages, start=1) for name in kinds.NEEDED[s.kind]]
    return [FILE, *own]


def load(files: Files, axis: Axis, threads: int = 1) -> CascadeScorer:
    """Read it back, with the thresholds that say when a stage may clear a text. Raises BrokenGuard."""
    cascade = settings_of(Cascade, json_of(files, FILE), FILE)
    for stage in cascade.stages:
        if len(stage.scaling.weights) != len(axis.names):
            raise BrokenGuard(
                f"a scaling for {len(stage.scaling.weights)} of {len(axis.names)} labels", file=FILE
            )
    scorers = []
    for number, stage in enumerate(cascade.stages, start=1):
        head = f"{number}."
        own = {name.removeprefix(head): content for name, content in files.items() if name.startswith(head)}
        scorers.append(kinds.scorer(stage.kind, own, axis, threads))
    calibration = None
    if CALIBRATION in files:
        try:
            calibration = Calibration.from_dict(json_of(files, CALIBRATION))
        except ValueError as error:
            raise BrokenGuard(f"{error}"[:300], file=CALIBRATION) from None
        if calibration.scaling.kind != "none":
            raise BrokenGuard("a cascade's stages bring their own scaling, expected 'none'", file=CALIBRATION)
    return CascadeScorer(axis, cascade, scorers, calibration, threads)

"""A guard at work: folder in, answers out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mindrail import machine, plugins
from mindrail.calibrate.decide import Decision, decide, strictness
from mindrail.calibrate.policy import Calibration, chances
from mindrail.errors import BadConfig, BrokenGuard, UsageError, WrongTaxonomy
from mindrail.guard import golden
from mindrail.guard.manifest import READING, Manifest
from mindrail.guard.messages import Said, example_of
from mindrail.guard.verify import verify
from mindrail.records import Example
from mindrail.runtime import load
from mindrail.runtime.local import LocalScorer, Scores
from mindrail.runtime.parts import Files, json_of, settings_of
from mindrail.runtime.viewed import ViewedScorer
from mindrail.taxonomy import Axis, Taxonomy
from mindrail.taxonomy.load import from_dict
from mindrail.text.normalise import Reading


@dataclass(frozen=True)
class Answer(Decision):
    """A decision with what it rests on: the guard's id, in how many windows the text was read, and how much.

    `coverage` is the share of the text's characters that reached the model, in [0, 1]. `view` names the way of
    reading that decided (`mindrail.text.normalise`), empty for the text as written. Never holds the text.
    """

    guard: str
    windows: int
    coverage: float
    view: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, for every answer: as `config.plain` makes them, in a fiftieth of its time."""
        return {**vars(self), "labels": list(self.labels), "probabilities": dict(self.probabilities)}


@dataclass(frozen=True, eq=False, repr=False)
class Guard:
    """A model with the question it answers and the thresholds it answers by. Safe to share between threads.

    >>> guard = Guard.load("guards/my-guard")  # doctest: +SKIP
    >>> guard("I miss her so much today.").decision  # doctest: +SKIP
    'allow'
    """

    manifest: Manifest
    taxonomy: Taxonomy
    axis: Axis
    calibration: Calibration
    scorer: LocalScorer
    reading: Reading

    @classmethod
    def load(
        cls,
        folder: Path | str,
        threads: int | None = None,
        *,
        self_test: bool = False,
        thorough: bool = False,
    ) -> "Guard":
        """Open a guard folder; the files that decide answers are checked against their hashes first.

        `threads` is how many cores may work at once (default: all usable ones). `thorough` also checks the
        files that answers do not need; `self_test` scores a few sentences and compares with what the guard
        said when it was made. Raises BrokenGuard or WrongTaxonomy.
        """
        manifest, files = verify(Path(folder), thorough=thorough)
        taxonomy, calibration = _taxonomy(files), _calibration(files)
        axis, reading = _axis(taxonomy, calibration), _reading(files)
        bare = load.scorer(manifest.kind, files, axis, threads or machine.cores())
        if self_test:
            golden.check(bare, reading, files)
        scorer = as_read(bare, calibration, reading)
        return cls(manifest, taxonomy, axis, calibration, scorer, reading)

    def __call__(self, said: Said, focus: int = -1) -> Answer:
        """Judge a text, or in a conversation the message at `focus` with what was said before it.

        A conversation is a list of `{"role": …, "content": …}`; system and tool messages are not read. Text
        that is empty or blank is allowed, with the reason `empty`. Raises UsageError for anything else than
        text, BrokenGuard where the model fails. No error repeats the text.
        """
        return self._answers([example_of(said, focus)])[0]

    def many(self, said: Sequence[Said]) -> list[Answer]:
        """Judge several, in order and on all cores; each answer has the same bits as if asked alone."""
        if isinstance(said, str):
            raise UsageError(
                "found one text, expected a list of texts. Do: guard(text), or guard.many([text])"
            )
        return self._answers([example_of(one) for one in said])

    @property
    def id(self) -> str:
        """Twelve hex digits that change with anything that decides answers."""
        return self.manifest.id

    @property
    def side(self) -> Literal["user", "assistant"]:
        """Whose turns it was made to judge: what a person says, or what a reply says."""
        return "user" if self.taxonomy.judges == "message" else "assistant"

    @property
    def promise(self) -> str:
        """What its thresholds promise, in one sentence; or that they promise nothing, and why."""
        promise = self.calibration.promise
        return str(promise) if promise else f"no promise: {self.calibration.no_promise}"

    def __repr__(self) -> str:
        return f"Guard({self.id}, {self.manifest.kind}, {self.taxonomy.id}: {' | '.join(self.axis.names)})"

    def chances(self, answer: Decision) -> dict[str, float]:
        """The probability of each event that a threshold may be set on, from those of the labels."""
        row = np.array([[answer.probabilities[name] for name in self.axis.names]])
        return {name: float(column[0]) for name, column in chances(self.axis, row).items()}

    def read_as(self, reading: Reading) -> "Guard":
        """The same model reading otherwise, for comparisons. Its id no longer tells how it reads."""
        bare = self.scorer.inner if isinstance(self.scorer, ViewedScorer) else self.scorer
        return replace(self, reading=reading, scorer=as_read(bare, self.calibration, reading))

    def _answers(self, examples: Sequence[Example]) -> list[Answer]:
        spoken = [place for place, example in enumerate(examples) if example.text.strip()]
        answers = [self._answer(_empty(self.axis), 0, 1.0)] * len(examples)
        if spoken:
            measured = self.scorer.measure([examples[place] for place in spoken])
            for row, place in enumerate(spoken):
                answers[place] = self._decided(measured, row)
        return answers

    def _decided(self, measured: Scores, row: int) -> Answer:
        """Row by row, so that not even the last bit of a probability knows its neighbours."""
        one = slice(row, row + 1)
        (decision,) = decide(
            self.axis, self.calibration, measured.values[one], measured.coverage[one], measured.unread[one]
        )
        view = measured.views[row]
        if view and decision.event:
            decision = replace(decision, reason=f"{decision.reason}; read as {view}")
        return self._answer(decision, int(measured.windows[row]), float(measured.coverage[row]), view)

    def _answer(self, decision: Decision, windows: int, coverage: float, view: str = "") -> Answer:
        return Answer(**vars(decision), guard=self.id, windows=windows, coverage=coverage, view=view)


def as_read(bare: LocalScorer, calibration: Calibration, reading: Reading) -> ViewedScorer:
    """The scorer that a guard answers with: it reads all views, and the one that makes it strictest counts."""
    return ViewedScorer(bare, reading, partial(strictness, bare.axis, calibration))


def _empty(axis: Axis) -> Decision:
    """Nothing was said, so nothing is wrong with it."""
    calm = next((label.name for label in axis.labels if label.decision == "allow"), "none")
    label = calm if axis.exclusive else "none"
    chances = {name: float(name == label) for name in axis.names}
    return Decision("allow", label, (label,) if axis.exclusive else (), 1.0, chances, None, "clear", "empty")


def _taxonomy(files: Files) -> Taxonomy:
    try:
        return from_dict(json_of(files, "taxonomy.json"), where="taxonomy.json")
    except BadConfig as error:
        raise BrokenGuard(f"{error}"[:300], file="taxonomy.json") from None


def _calibration(files: Files) -> Calibration:
    try:
        return Calibration.from_dict(json_of(files, "calibration.json"))
    except ValueError as error:
        raise BrokenGuard(f"{error}"[:300], file="calibration.json") from None


def _reading(files: Files) -> Reading:
    """How it reads; guards from before there were views have no such file, and answer as they did."""
    if READING not in files:
        return Reading.as_written()
    reading = settings_of(Reading, json_of(files, READING), READING)
    unknown = set(reading.views) - set(plugins.names("view"))
    if unknown:
        raise BrokenGuard(
            f"it reads by views that are not here: {sorted(unknown)}. Do: upgrade mindrail", file=READING
        )
    return reading


def _axis(taxonomy: Taxonomy, calibration: Calibration) -> Axis:
    """The axis that the calibration answers to. Raises WrongTaxonomy where the taxonomy has none such."""
    for axis in taxonomy.axes:
        if axis.digest == calibration.axis_digest:
            break
    else:
        found = ", ".join(f"'{axis.name}' ({axis.digest})" for axis in taxonomy.axes)
        raise WrongTaxonomy(
            f"the calibration was fitted to wording {calibration.axis_digest}; taxonomy '{taxonomy.id}' has "
            f"{found}. Do: calibrate again with the present taxonomy"
        )
    try:
        calibration.check(axis)
    except ValueError as error:
        raise BrokenGuard(f"{error}"[:300], file="calibration.json") from None
    return axis

"""`cascade`: cheap stages before a model that is calibrated already, in one guard with one promise.

The early stages learn what the last stage says, of the labelled texts and of unlabelled ones: they need not know what
is harmful, only what the last stage would let pass. A part of the unlabelled texts is kept apart for
measuring how many of them they clear.
"""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mindrail import config, machine, plugins, seeds
from mindrail.arrays import Float, ndarray
from mindrail.calibrate import deferral
from mindrail.calibrate.decide import decide
from mindrail.calibrate.deferral import Deferral, StageScores
from mindrail.calibrate.policy import Scaling
from mindrail.calibrate.settings import Settings
from mindrail.errors import BadConfig, BadSplit
from mindrail.recipes.export import Candidate
from mindrail.recipes.split import Split
from mindrail.recipes.train import Train
from mindrail.records import Example
from mindrail.records.targets import targets_of
from mindrail.runtime import cascade as runtime
from mindrail.runtime import load
from mindrail.runtime.cascade import Cascade, CascadeScorer, Stage
from mindrail.runtime.local import LocalScorer, Scores
from mindrail.taxonomy import Axis
from mindrail.train.progress import Stepped

if TYPE_CHECKING:
    from mindrail.models import Job

#: of the unlabelled texts, the share that the early stages do not learn from
_KEPT = 0.25
#: unlabelled texts that tell what the stages cost, at least
_FEWEST = 50


@dataclass(frozen=True)
class Stages:
    """The stages before the model under `train`, cheapest first, each like a `train` section."""

    before: tuple[Train, ...] = (Train(family="linear"),)
    lifts: tuple[float, ...] = deferral.LIFTS  # tried in turn; fewer make the promise a little sharper

    def __post_init__(self) -> None:
        if not self.before or not self.lifts:
            raise ValueError("a cascade needs a stage before the last, and at least one lift")


def put_before(
    last: Candidate, split: Split, goals: Settings, stages: Stages, place: Path
) -> Generator[Stepped, None, Candidate]:
    """Train the early stages, fit when they may clear a text, and write the files of the whole into `place`.

    Raises BadSplit where there are too few unlabelled texts to learn and measure from.
    """
    from mindrail.models import Job

    axis, floor = split.axis, goals.coverage_floor
    teach, pool = _divided(split.part("unlabelled"))
    taught = [*split.part("labelled"), *teach]
    teacher = last.scorer.score(taught)
    taught = _decided(last, taught, teacher)
    scorers: list[LocalScorer] = []
    kinds: list[load.Kind] = []
    for number, settings in enumerate(stages.before, start=1):
        job = Job(axis, taught, class_weights=settings.class_weights, seed=settings.seed, teacher=teacher)
        model = yield from _trained(job, settings, place / f"stage{number}")
        kinds.append(model)
        scorers.append(load.from_folder(model, place / f"stage{number}", axis, machine.cores()))
    folders = [*(place / f"stage{number}" for number in range(1, len(scorers) + 1)), last.folder]
    scorers, kinds = [*scorers, last.scorer], [*kinds, last.kind]
    on_pool, seconds = _measured(scorers, pool)
    scalings = [_like(axis, scores.values, on_pool[-1].values) for scores in on_pool[:-1]]
    scalings.append(Scaling.none(len(axis.names)))
    dev = split.part("dev")
    fitted = deferral.fit(
        axis,
        targets_of(axis, dev),
        _rows(scalings, [scorer.measure(dev) for scorer in scorers], floor),
        _rows(scalings, on_pool, floor),
        goals,
        [example.group for example in dev],
        last=last.calibration,
        lifts=stages.lifts,
        data=split.hash_of("dev"),
    )
    lifts = [*[fitted.lift] * len(stages.before), 0.0]
    whole = Cascade(tuple(map(Stage, kinds, scalings, lifts)), floor)
    files = [
        {name: (at / name).read_bytes() for name in load.NEEDED[k]}
        for at, k in zip(folders, kinds, strict=True)
    ]
    runtime.save(place / "guard", whole, files)
    scorer = CascadeScorer(axis, whole, scorers, fitted.calibration, machine.cores())
    told = last.parity | {"stages": told_of(kinds, fitted, seconds), "lift": fitted.lift}
    name = " → ".join([*(settings.family for settings in stages.before), last.name])
    return Candidate(f"cascade {name}", place / "guard", scorer, fitted.calibration, told, "cascade")


def told_of(kinds: Sequence[str], fitted: Deferral, seconds: Sequence[float]) -> list[dict[str, Any]]:
    """For each stage its kind, the share of texts that reach it, and its milliseconds per text."""
    rows = zip(kinds, fitted.asks, seconds, strict=True)
    return [
        {"kind": kind, "asked": round(asked, 4), "milliseconds": round(s * 1e3, 3)} for kind, asked, s in rows
    ]


def sentence(stages: Sequence[dict[str, Any]]) -> str:
    """The stages in one line."""
    return "; ".join(f"{s['kind']} reads {s['asked']:.1%} at {s['milliseconds']:.2f} ms" for s in stages)


def section(parity: dict[str, Any]) -> str:
    """What the card says about stages; nothing for a guard without."""
    if "stages" not in parity:
        return ""
    rows = [
        f"| {i} | {s['kind']} | {s['asked']:.1%} | {s['milliseconds']:.2f} |"
        for i, s in enumerate(parity["stages"], 1)
    ]
    head = [
        "",
        "## Stages",
        "",
        "| stage | kind | of unlabelled texts, reads | milliseconds per text |",
        "| --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows, ""])


def _divided(unlabelled: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Texts to learn from, and others, drawn at random, to measure on."""
    kept = max(_FEWEST, int(len(unlabelled) * _KEPT))
    if len(unlabelled) < 2 * kept:
        raise BadSplit(
            f"found {len(unlabelled)} unlabelled texts, expected at least {2 * _FEWEST} for a cascade. "
            "Do: add a set under data.unlabelled"
        )
    drawn = [unlabelled[i] for i in seeds.stream(0, "cascade").permutation(len(unlabelled)).tolist()]
    return drawn[kept:], drawn[:kept]


def _decided(last: Candidate, texts: Sequence[Example], scores: Float[ndarray, "n k"]) -> list[Example]:
    """The texts with the labels that the last stage decides on, in the place of those that lack one."""
    axis = last.scorer.axis
    decisions = decide(axis, last.calibration, scores)
    answers = [made.label if axis.exclusive else made.labels for made in decisions]
    return [
        text if axis.name in text.answers else replace(text, answers={axis.name: answer})
        for text, answer in zip(texts, answers, strict=True)
    ]


def _trained(job: "Job", settings: Train, place: Path) -> Generator[Stepped, None, load.Kind]:
    """Train one early stage into `place`; the kind of its runtime."""
    family = plugins.get("family", settings.family).FAMILY
    kind: load.Kind | None = family.runtime
    if kind is None or kind == "onnx":
        raise BadConfig(
            f"an early stage has to be cheap; found '{settings.family}', expected linear or static"
        )
    own = config.build(family.Config, dict(settings.settings), where=f"settings of '{settings.family}'")
    yield from family.train(job, own, place)
    return kind


def _measured(scorers: Sequence[LocalScorer], texts: Sequence[Example]) -> tuple[list[Scores], list[float]]:
    """What each stage says about all texts, and its seconds of processor time per text."""
    found, seconds = [], []
    for scorer in scorers:
        began = time.process_time()
        found.append(scorer.measure(texts))
        seconds.append((time.process_time() - began) / len(texts))
    return found, seconds


def _like(axis: Axis, own: Float[ndarray, "n k"], other: Float[ndarray, "n k"]) -> Scaling:
    """The scaling that gives one stage's scores the mean and the spread of another's.

    Of each label where they are independent; else of the log-odds of being stopped. Learned from unlabelled texts:
    dev has no part in the score that the promise is made on.
    """
    mine, theirs = _evidence(axis, own), _evidence(axis, other)
    weights = np.maximum(theirs.std(axis=0), 1e-6) / np.maximum(mine.std(axis=0), 1e-6)
    bias = theirs.mean(axis=0) - weights * mine.mean(axis=0)
    wide = np.broadcast_to(weights, len(axis.names))
    return Scaling("vector", tuple(wide.tolist()), tuple((bias * axis.stopped).tolist()))


def _evidence(axis: Axis, scores: Float[ndarray, "n k"]) -> Float[ndarray, "n column"]:
    """What speaks for stopping a text: one column per label, or one for all where they exclude each other."""
    exact = scores.astype(np.float64)
    if not axis.exclusive:
        return exact
    stopped, allowed = (np.logaddexp.reduce(exact[:, some], axis=1) for some in (axis.stopped, ~axis.stopped))
    odds: ndarray = stopped - allowed
    return odds[:, None]


def _rows(scalings: Sequence[Scaling], measured: Sequence[Scores], floor: float) -> list[StageScores]:
    return [
        StageScores(s, m.values.astype(np.float64), m.coverage >= floor)
        for s, m in zip(scalings, measured, strict=True)
    ]

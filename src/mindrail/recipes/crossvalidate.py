"""`crossvalidate`: every labelled example judged by a model that has seen neither it nor anything of its group.

For sets too small to give a test part away; near copies of a text count as its group. What comes out are out-of-fold
predictions of all examples, which metrics, comparisons and reports read like those of a test part.
"""

import shutil
import warnings
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mindrail import config, files, machine, taxonomy
from mindrail.arrays import Int, ndarray
from mindrail.data import corpus, dedup
from mindrail.data.split import labels_of
from mindrail.data.together import together
from mindrail.errors import BadConfig, BadSplit, MissingExtra
from mindrail.recipes.predict import predict_part
from mindrail.recipes.prepare import licences
from mindrail.recipes.run import Run
from mindrail.recipes.split import PARTS, Split
from mindrail.recipes.train import Train, train
from mindrail.records import Example, Predictions, Provenance
from mindrail.taxonomy import Axis, Taxonomy
from mindrail.train.progress import Stepped


@dataclass(frozen=True)
class CrossValidate:
    """Which examples, in how many folds, and what learns. A set is a name, or the path of a user's own card."""

    taxonomy: str
    sets: tuple[str, ...]
    axis: str | None = None
    folds: int = 5
    fold_seed: int = 13  # which group falls into which fold, the same for every seed of the training
    near: float = 0.7  # texts that share so many of their 5-word shingles count as one group; 0: groups alone
    train: Train = field(default_factory=Train)
    keep_models: bool = False  # keep the model of every fold; predictions are kept anyway

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise ValueError(f"found {self.folds} folds, expected 2 or more")


@dataclass(frozen=True)
class OutOfFold:
    """The examples in the order of their sets, what was said of each out of fold, and how they were divided."""

    taxonomy: Taxonomy
    axis: Axis
    examples: Sequence[Example]
    predictions: Predictions
    fold: Int[ndarray, " n"]

    @classmethod
    def load(cls, settings: CrossValidate, folder: Path) -> "OutOfFold":
        """Read back what `crossvalidate` left in `folder`."""
        kinds, axis, examples = _examples(settings)
        predictions = Predictions.load(folder / "predictions", axis=axis)
        groups = together(examples, settings.near)
        return cls(kinds, axis, examples, predictions, folds(axis, examples, groups, settings))


def crossvalidate(settings: CrossValidate, folder: Path) -> Generator[Stepped, None, OutOfFold]:
    """Train and predict fold by fold into `folder`, yielding progress; started again, goes on where it stopped.

    Labels are spread over the folds as evenly as whole groups allow (scikit-learn's StratifiedGroupKFold). Raises
    BadConfig where the folder holds another cross-validation, BadSplit for fewer groups than folds, and what `train`
    raises, a training part of one class among it.
    """
    kinds, axis, examples = _examples(settings)
    groups = together(examples, settings.near)
    fold = folds(axis, examples, groups, settings)
    about = _about(settings, kinds, axis, examples, fold) | {"groups": len(set(groups))}
    place = folder / "crossvalidate.json"
    if place.is_file() and files.read_json(place)["identity"] != about["identity"]:
        raise BadConfig(
            f"{folder} holds another cross-validation. Do: choose another folder, or delete this one"
        )
    files.write_json(place, about)
    scores = np.zeros((len(examples), len(axis.names)))
    for number in range(settings.folds):
        own = folder / f"fold-{number}"
        split = _split(settings, kinds, axis, examples, fold == number, own / "split")
        yield from train(split, settings.train, own / "run")
        scores[fold == number] = predict_part(Run.load(own / "run"), split, "test").scores
        shutil.rmtree(own / "run" / "checkpoints", ignore_errors=True)
        if not settings.keep_models:
            shutil.rmtree(own / "run" / "model", ignore_errors=True)
    origin = Provenance(about["identity"], "out of fold", machine.versions())
    made = Predictions(axis, tuple(example.id for example in examples), scores, origin)
    made.save(folder / "predictions")
    return OutOfFold(kinds, axis, examples, made, fold)


def folds(
    axis: Axis, examples: Sequence[Example], groups: Sequence[int], settings: CrossValidate
) -> Int[ndarray, " n"]:
    """The fold of each example; examples of one group share theirs. Raises BadSplit for fewer groups than folds."""
    try:
        from sklearn.model_selection import StratifiedGroupKFold
    except ImportError:
        raise MissingExtra("scikit-learn", "train", "cross-validation") from None
    if len(set(groups)) < settings.folds:
        raise BadSplit(f"{len(set(groups))} groups for {settings.folds} folds. Do: ask for fewer folds")
    answers = [str(example.answers[axis.name]) for example in examples]
    found = np.zeros(len(examples), dtype=np.int64)
    divide = StratifiedGroupKFold(settings.folds, shuffle=True, random_state=settings.fold_seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer examples of a label than folds: `missing` in the result tells
        for number, (_, test) in enumerate(divide.split(answers, answers, groups)):
            found[test] = number
    return found


def _examples(settings: CrossValidate) -> tuple[Taxonomy, Axis, list[Example]]:
    """Every example with an answer, each text once."""
    kinds = taxonomy.load(settings.taxonomy)
    axis = kinds.axis(settings.axis)
    read = [example for name in settings.sets for example in corpus.read(name, kinds, axis)]
    kept, _ = dedup.drop_duplicates([one for one in read if axis.name in one.answers], axis)
    return kinds, axis, kept


def _about(
    settings: CrossValidate,
    kinds: Taxonomy,
    axis: Axis,
    examples: Sequence[Example],
    fold: Int[ndarray, " n"],
) -> dict[str, Any]:
    """What is written down of it. `missing` names, per fold, the labels that its training part does not know."""
    plain = config.plain(settings)
    ids = [example.id for example in examples]
    learned = [
        [one for one, own in zip(examples, fold.tolist(), strict=True) if own != i]
        for i in range(settings.folds)
    ]
    return {
        "identity": files.digest([plain, kinds.to_dict(), ids, fold.tolist()]),
        "settings": plain,
        "axis": axis.name,
        "digest": axis.digest,
        "rows": len(examples),
        "sizes": np.bincount(fold, minlength=settings.folds).tolist(),
        "missing": [_missing(axis, part) for part in learned],
    }


def _missing(axis: Axis, learned: Sequence[Example]) -> list[str]:
    seen = {name for example in learned for name in labels_of(example, axis)}
    return [name for name in axis.names if name not in seen]


def _split(
    settings: CrossValidate,
    kinds: Taxonomy,
    axis: Axis,
    examples: Sequence[Example],
    held_out: ndarray,
    folder: Path,
) -> Split:
    """One fold as a split without a dev part: all but the fold to learn from, the fold to judge."""
    parts: dict[str, list[Example]] = {name: [] for name in PARTS}
    for example, out in zip(examples, held_out.tolist(), strict=True):
        parts["test" if out else "labelled"].append(example)
    about = {
        "taxonomy": kinds.to_dict(),
        "axis": axis.name,
        "digest": axis.digest,
        "rows": {name: len(part) for name, part in parts.items()},
        "licences": licences(settings.sets),
    }
    return Split.write(folder, parts, about)

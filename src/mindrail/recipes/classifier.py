"""`MindrailClassifier`: any family and algorithm behind scikit-learn's habits (fit, predict, grid search)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from mindrail import taxonomy
from mindrail.arrays import Float, ndarray
from mindrail.data import split
from mindrail.errors import BadSplit
from mindrail.guard.messages import example_of
from mindrail.recipes.augment import Augment, augment
from mindrail.recipes.run import Run
from mindrail.recipes.split import PARTS, Split
from mindrail.recipes.train import Train, train
from mindrail.records import Example
from mindrail.records.views import Views
from mindrail.taxonomy import Axis, Label, Taxonomy

#: stands in `y` for a text without a label, as in scikit-learn's own semi-supervised estimators
UNLABELLED = -1


class MindrailClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A text classifier with scikit-learn's interface.

    `family`, `settings`, `algorithm`, `algorithm_settings`, `class_weights` and `seed` are those of `mindrail train`.

    Parameters
    ----------
    taxonomy:
        An id or path whose first axis says what is asked; labels in `y` are then its label names. None makes a
        plain question of the classes in `y`; of two, the larger counts as the positive one, as in scikit-learn.
    views:
        A method of `mindrail augment` that makes two other wordings of each unlabelled text, such as `edit`;
        None leaves the model's own noise as the only difference.
    dev_share:
        The share of the labelled texts that an algorithm learning from unlabelled ones is watched on, and held
        against its supervised twin on. Other algorithms learn from all of them.
    folder:
        Where split and run are kept, so that an interrupted fit goes on and the commands can calibrate, evaluate
        and export it. None: a folder that goes when the estimator goes.

    After `fit`, `classes_` are the labels in the order of `predict_proba`, `run_` is the finished run, and
    `run_.verdict` says what unlabelled texts brought. Probabilities are the model's own; for better ones use
    scikit-learn's CalibratedClassifierCV, and for a promised recall `mindrail calibrate`.

    >>> model = MindrailClassifier(family="linear").fit(["I am fine.", "I hate it here."], ["fine", "not"])
    >>> model.predict(["All is fine."]).tolist()
    ['fine']
    """

    def __init__(
        self,
        family: str = "encoder",
        *,
        settings: Mapping[str, Any] | None = None,
        algorithm: str = "supervised",
        algorithm_settings: Mapping[str, Any] | None = None,
        class_weights: str | Mapping[str, float] = "balanced",
        taxonomy: str | Path | None = None,
        views: str | None = None,
        dev_share: float = 0.2,
        folder: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        self.family = family
        self.settings = settings
        self.algorithm = algorithm
        self.algorithm_settings = algorithm_settings
        self.class_weights = class_weights
        self.taxonomy = taxonomy
        self.views = views
        self.dev_share = dev_share
        self.folder = folder
        self.seed = seed

    def fit(self, X: Any, y: Any) -> "MindrailClassifier":  # noqa: N803, scikit-learn's name
        """Learn from texts (or lists of chat messages) and their labels; -1 marks a text without one.

        `y` is a label for each text or, for several at once, 0 and 1 of shape [n, k] (a row of -1: unlabelled).
        Raises BadSplit where texts and labels differ in number or there is nothing to tell apart, UsageError for
        what is no text, and BadConfig for a `folder` that holds another fit.
        """
        labels = np.asarray(y)
        if len(labels) != len(X):
            raise BadSplit(f"{len(X)} texts and {len(labels)} labels. Do: give one label for each text")
        kinds, self.classes_ = self._question(labels)
        axis = kinds.axes[0]
        examples = [
            replace(example_of(said), answers={} if answer is None else {axis.name: answer})
            for said, answer in zip(X, _answers(axis, self.classes_, labels), strict=True)
        ]
        if self.folder is None:
            self._kept = TemporaryDirectory(prefix="mindrail-")
        place = Path(self._kept.name if self.folder is None else self.folder)
        prepared = self._split(kinds, axis, examples, place / "split")
        list(train(prepared, self._train(), place / "run", views=self._reworded(prepared, place / "views")))
        self.run_ = Run.load(place / "run", axis=axis)
        self._scorer = self.run_.scorer()
        return self

    def decision_function(self, X: Any) -> ndarray:  # noqa: N803
        """Raw scores [n, k], a column per class; of two exclusive classes the second's minus the first's, [n]."""
        scores = self._scores(X)
        two = self.run_.axis.exclusive and scores.shape[1] == 2
        return np.asarray(scores[:, 1] - scores[:, 0] if two else scores)

    def predict_proba(self, X: Any) -> Float[ndarray, "n k"]:  # noqa: N803
        """Probabilities, a column per class of `classes_`; rows sum to one unless several labels can be true."""
        return self.run_.axis.probabilities(self._scores(X))

    def predict(self, X: Any) -> ndarray:  # noqa: N803
        """The likeliest class of each text; with several labels at once 0 and 1, shape [n, k]."""
        probability = self.predict_proba(X)
        if self.run_.axis.exclusive:
            return np.asarray(self.classes_[probability.argmax(axis=1)])
        return np.asarray(probability >= 0.5, dtype=int)

    def _scores(self, texts: Any) -> Float[ndarray, "n k"]:
        check_is_fitted(self, "run_")
        return self._scorer.score([example_of(said) for said in texts]).astype(float)

    def __sklearn_tags__(self) -> Any:
        """Texts, not numbers, go in; several labels may come out."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        tags.classifier_tags.multi_label = True
        return tags

    def _question(self, labels: ndarray) -> tuple[Taxonomy, ndarray]:
        """What is asked, and the classes as the user names them."""
        if self.taxonomy is not None:
            kinds = taxonomy.load(self.taxonomy)
            return kinds, np.array(kinds.axes[0].names)
        several = labels.ndim == 2
        known = np.arange(labels.shape[1]) if several else np.unique(labels[~_missing(labels)])
        if not several and type_of_target(known) not in ("binary", "multiclass"):
            raise BadSplit(f"labels of kind '{type_of_target(known)}', expected classes")
        made = [
            Label(str(name), str(name), decision="block" if i or several else "allow")
            for i, name in enumerate(known.tolist())
        ]
        if len(made) < 2:
            raise BadSplit(f"{len(made)} class among the labels, two are needed to tell apart")
        axis = Axis("label", "any_of" if several else "one_of", tuple(made))
        return Taxonomy("classes", "1", "Which label fits this text?", (axis,)), known

    def _split(self, kinds: Taxonomy, axis: Axis, examples: Sequence[Example], folder: Path) -> Split:
        """The texts as a split; a dev part is held out only where some texts have no label."""
        parts: dict[str, list[Example]] = {name: [] for name in PARTS}
        parts["labelled"], parts["unlabelled"] = split.answered(examples, axis)
        if parts["unlabelled"] and self.algorithm != "supervised":
            size = round((1 - self.dev_share) * len(parts["labelled"]))
            parts["labelled"], parts["dev"] = split.choose_labels(
                parts["labelled"], axis, size, "stratified", self.seed
            )
        about = {
            "taxonomy": kinds.to_dict(),
            "axis": axis.name,
            "digest": axis.digest,
            "rows": {name: len(part) for name, part in parts.items()},
            "licences": {"fit": {"licence": "the user's own data", "open": False}},
        }
        return Split.write(folder, parts, about)

    def _train(self) -> Train:
        return Train(
            family=self.family,
            settings=self.settings or {},
            algorithm=self.algorithm,
            algorithm_settings=self.algorithm_settings or {},
            class_weights=self.class_weights,
            seed=self.seed,
        )

    def _reworded(self, prepared: Split, folder: Path) -> Sequence[Views]:
        if self.views is None or not prepared.about["rows"]["unlabelled"]:
            return ()
        list(augment(prepared, Augment(method=self.views, seed=self.seed), folder))
        return [Views.load(folder)]


def _missing(labels: ndarray) -> ndarray:
    """Which rows carry no label. Strings and numbers may be mixed: an array of them turns -1 into "-1"."""
    gone = (labels == UNLABELLED) | (labels == str(UNLABELLED))
    return np.asarray(gone.any(axis=1) if labels.ndim == 2 else gone, dtype=bool)


def _answers(axis: Axis, classes: ndarray, labels: ndarray) -> Iterable[str | tuple[str, ...] | None]:
    """What each row says on the axis, None where it is unlabelled. Raises BadSplit for an unknown label."""
    names = dict(zip(classes.tolist(), axis.names, strict=True))
    for row, gone in zip(labels.tolist(), _missing(labels).tolist(), strict=True):
        if gone:
            yield None
        elif isinstance(row, list):
            yield tuple(name for name, true in zip(axis.names, row, strict=True) if true)
        elif row in names:
            yield names[row] if axis.exclusive else (names[row],)
        else:
            raise BadSplit(f"a label is not among those of the taxonomy: {', '.join(axis.names)}")

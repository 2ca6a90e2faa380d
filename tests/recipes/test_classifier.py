"""The estimator keeps scikit-learn's habits, and learns exactly what `mindrail train` learns."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, cross_val_score

from helpers import splits, tiny
from helpers.axes import TWO
from mindrail import MindrailClassifier
from mindrail.errors import BadConfig, BadSplit, UsageError
from mindrail.recipes.predict import predict_part
from mindrail.recipes.run import Run
from mindrail.recipes.train import Train, train

EXAMPLES = splits.examples(TWO, 40, answered=True)
TEXTS = [f"{example.text}{' badly' if i % 2 else ''}" for i, example in enumerate(EXAMPLES)]
NAMES = np.array(["fine", "not fine"])[np.arange(40) % 2]


def linear(**given: Any) -> MindrailClassifier:
    return MindrailClassifier(family="linear", **given)


def test_learns_what_the_command_learns(tmp_path: Path) -> None:
    split = splits.split(tmp_path, labelled=20)
    labelled, test = split.part("labelled"), split.part("test")
    list(train(split, Train(family="linear"), tmp_path / "run"))
    expected = predict_part(Run.load(tmp_path / "run"), split, "test").scores
    model = linear().fit([e.text for e in labelled], [e.answers[TWO.name] for e in labelled])
    ours = model.predict_proba([e.text for e in test])
    order = [model.classes_.tolist().index(name) for name in TWO.names]
    np.testing.assert_allclose(ours[:, order], TWO.probabilities(expected), atol=1e-6)


def test_tells_the_classes_apart() -> None:
    model = linear().fit(TEXTS[:30], NAMES[:30])
    assert model.score(TEXTS[30:], NAMES[30:]) >= 0.8
    assert model.classes_.tolist() == ["fine", "not fine"]
    np.testing.assert_allclose(model.predict_proba(TEXTS).sum(axis=1), 1.0)
    flagged = model.decision_function(TEXTS) > 0
    np.testing.assert_array_equal(model.predict(TEXTS), model.classes_[flagged.astype(int)])


@pytest.mark.parametrize("classes", [[0, 1, 2], [False, True], [3, 7], ["a", "b", "c"]])
def test_classes_come_back_as_they_were_given(classes: list[Any]) -> None:
    labels = np.array([classes[i % len(classes)] for i in range(40)])
    model = linear().fit([f"{text} {label}" for text, label in zip(TEXTS, labels, strict=True)], labels)
    predicted = model.predict(TEXTS)
    assert predicted.dtype == labels.dtype
    assert set(predicted.tolist()) <= set(classes)


def test_works_in_scikit_learns_tools() -> None:
    assert cross_val_score(linear(), TEXTS, NAMES, cv=2).mean() > 0.8
    search = GridSearchCV(linear(), {"settings": [{"strength": 1.0}, {"strength": 10.0}]}, cv=2).fit(
        TEXTS, NAMES
    )
    assert search.best_estimator_.score(TEXTS, NAMES) == 1.0
    calibrated = CalibratedClassifierCV(linear(), cv=2).fit(TEXTS, NAMES)
    assert calibrated.predict_proba(TEXTS).shape == (40, 2)


def test_is_cloned_by_its_parameters() -> None:
    model = linear(settings={"strength": 3.0}, seed=5)
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(seed=6).seed == 6


@pytest.mark.parametrize("mark", [-1, "-1"])
def test_texts_marked_as_unlabelled_are_not_learned_as_a_class(mark: Any) -> None:
    labels = [*NAMES[:30].tolist(), *[mark] * 10]
    model = linear().fit(TEXTS, labels)
    assert model.classes_.tolist() == ["fine", "not fine"]
    assert model.run_.about["rows"] == 30
    assert model.run_.about["unlabelled"] == 10


def test_learns_from_unlabelled_texts_and_says_what_they_brought(tmp_path: Path) -> None:
    settings = {"model": str(tiny.encoder(tmp_path / "bert")), "window": 24, "overlap": 4, "context": 6}
    quick = {
        "epochs": 1,
        "epochs_with_unlabelled": 1,
        "batch": 4,
        "batch_with_unlabelled": 2,
        "unlabelled": 2,
    }
    model = MindrailClassifier(
        settings=settings | quick | {"precision": "float32"}, algorithm="fixmatch", views="edit"
    )
    model.fit(TEXTS, np.where(np.arange(40) < 20, np.arange(40) % 2, -1))
    assert model.run_.verdict is not None
    assert model.run_.about["rows"] == 16  # a fifth of the twenty is what it is watched on
    assert model.run_.verdict.rows == 4
    assert len(model.run_.about["views"]) == 1


def test_several_labels_at_once() -> None:
    marks = np.stack([np.arange(40) % 2, np.arange(40) % 4 < 2], axis=1)
    texts = [f"{text}{' twice' if both else ''}" for text, both in zip(TEXTS, marks[:, 1], strict=True)]
    marks[-4:] = -1
    model = linear().fit(texts, marks)
    assert model.run_.about["unlabelled"] == 4
    assert model.predict(texts).shape == model.predict_proba(texts).shape == (40, 2)
    assert (model.predict(texts[:36]) == marks[:36]).mean() > 0.9


def test_a_taxonomy_gives_the_labels_their_meaning() -> None:
    labels = np.array(["safe", "borderline", "unsafe"])[np.arange(40) % 3]
    model = linear(taxonomy="emotional-risk").fit(TEXTS, labels)
    assert model.classes_.tolist() == ["safe", "borderline", "unsafe"]
    with pytest.raises(BadSplit, match="not among those"):
        linear(taxonomy="emotional-risk").fit(TEXTS, NAMES)


def test_conversations_are_read_like_everywhere() -> None:
    talks = [[{"role": "user", "content": text}] for text in TEXTS]
    np.testing.assert_array_equal(
        linear().fit(talks, NAMES).predict_proba(talks), linear().fit(TEXTS, NAMES).predict_proba(TEXTS)
    )


def test_a_folder_keeps_the_fit_for_the_commands(tmp_path: Path) -> None:
    first = linear(folder=tmp_path).fit(TEXTS, NAMES)
    made = (tmp_path / "run" / "run.json").stat().st_mtime_ns
    again = linear(folder=tmp_path).fit(TEXTS, NAMES)
    assert (tmp_path / "run" / "run.json").stat().st_mtime_ns == made
    np.testing.assert_array_equal(first.predict_proba(TEXTS), again.predict_proba(TEXTS))
    with pytest.raises(BadConfig, match="holds another run"):
        linear(folder=tmp_path).fit(TEXTS[:20], NAMES[:20])


def test_what_cannot_be_learned_is_refused() -> None:
    with pytest.raises(BadSplit, match="40 texts and 39 labels"):
        linear().fit(TEXTS, NAMES[:39])
    with pytest.raises(BadSplit, match="1 class"):
        linear().fit(TEXTS, ["fine"] * 40)
    with pytest.raises(BadSplit, match="continuous"):
        linear().fit(TEXTS, np.linspace(0.1, 1.2, 40))
    with pytest.raises(UsageError, match="found float"):
        linear().fit([1.5] * 40, NAMES)

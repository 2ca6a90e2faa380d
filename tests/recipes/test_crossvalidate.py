"""Out-of-fold predictions: no example is judged by a model that has seen it or its group; nothing is done twice."""

from pathlib import Path

import numpy as np
import pytest

from mindrail import files
from mindrail.data.together import together
from mindrail.errors import BadConfig, BadSplit
from mindrail.recipes.crossvalidate import CrossValidate, OutOfFold, crossvalidate, folds
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split
from mindrail.recipes.train import Train
from mindrail.records import Example
from mindrail.taxonomy import load

AXIS = load("prompt-harm").axis()


def card(folder: Path) -> str:
    """Thirty messages in groups of two and three; every third is bad."""
    rows = ["text,verdict,who"]
    rows += [
        f"{'storm' if i % 3 == 0 else 'soup'} number {i},{'bad' if i % 3 == 0 else 'ok'},p{i // 3}"
        for i in range(30)
    ]
    (folder / "mine.csv").write_text("\n".join(rows))
    (folder / "mine.yaml").write_text(
        "file: mine.csv\ntext: text\nlabel: verdict\ngroup: who\n"
        "axis: prompt-harm\nlabels: {ok: safe, bad: harmful}\n"
    )
    return str(folder / "mine.yaml")


def settings(folder: Path, **changes: object) -> CrossValidate:
    given = {
        "taxonomy": "prompt-harm",
        "sets": (card(folder),),
        "folds": 3,
        "near": 0.0,
        "train": Train(family="linear"),
    }
    return CrossValidate(**(given | changes))


def finished(wanted: CrossValidate, folder: Path) -> OutOfFold:
    for _ in crossvalidate(wanted, folder):
        pass
    return OutOfFold.load(wanted, folder)


def test_every_example_is_judged_once_by_a_model_that_never_met_its_group(tmp_path: Path) -> None:
    found = finished(settings(tmp_path), tmp_path / "out")
    assert found.predictions.ids == tuple(example.id for example in found.examples)
    judged: list[str] = []
    for number in range(3):
        split = Split.load(tmp_path / "out" / f"fold-{number}" / "split")
        learned, test = split.part("labelled"), split.part("test")
        assert not {example.group for example in learned} & {example.group for example in test}
        assert len(learned) + len(test) == 30
        assert [example.id for example in test] == [
            example.id for example, own in zip(found.examples, found.fold, strict=True) if own == number
        ]
        judged += [example.id for example in test]
    assert sorted(judged) == sorted(found.predictions.ids)


def test_scores_are_those_of_the_fold(tmp_path: Path) -> None:
    wanted = settings(tmp_path, keep_models=True)
    found = finished(wanted, tmp_path / "out")
    for number in range(3):
        rows = found.fold == number
        scorer = Run.load(tmp_path / "out" / f"fold-{number}" / "run").scorer()
        own = scorer.score([example for example, here in zip(found.examples, rows, strict=True) if here])
        np.testing.assert_allclose(found.predictions.scores[rows], own, atol=1e-6)


def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = settings(tmp_path)
    first = finished(wanted, tmp_path / "out")
    family = "mindrail.models.linear.LinearFamily.train"
    monkeypatch.setattr(family, lambda *_: pytest.fail("a fold was trained again"))
    assert not list((tmp_path / "out").glob("fold-*/run/model"))
    np.testing.assert_array_equal(
        finished(wanted, tmp_path / "out").predictions.scores, first.predictions.scores
    )


def test_another_cross_validation_is_refused(tmp_path: Path) -> None:
    finished(settings(tmp_path), tmp_path / "out")
    with pytest.raises(BadConfig, match="holds another cross-validation"):
        finished(settings(tmp_path, fold_seed=14), tmp_path / "out")


def divided(many: list[Example], **changes: object) -> np.ndarray:
    wanted = CrossValidate("prompt-harm", ("unread",), near=0.0, **changes)
    return folds(AXIS, many, together(many, 0.0), wanted)


def test_labels_are_spread_evenly_and_the_seed_decides() -> None:
    many = [
        Example.of(f"number {i}", group=f"g{i // 2}", answers={AXIS.name: AXIS.names[i // 2 % 4 == 0]})
        for i in range(80)
    ]
    fold = divided(many)
    bad = np.array([example.answers[AXIS.name] == AXIS.names[1] for example in many])
    assert np.bincount(fold[bad], minlength=5).tolist() == [4] * 5
    assert (fold == divided(many)).all()
    assert (fold != divided(many, fold_seed=1)).any()


def test_fewer_groups_than_folds_are_refused() -> None:
    few = [Example.of(f"number {i}", group="all", answers={AXIS.name: "safe"}) for i in range(9)]
    with pytest.raises(BadSplit, match="1 groups for 5 folds"):
        divided(few)
    with pytest.raises(ValueError, match="found 1 folds"):
        CrossValidate("prompt-harm", ("x",), folds=1)


def test_a_label_that_a_fold_never_saw_is_told(tmp_path: Path) -> None:
    wanted = settings(tmp_path, taxonomy="emotional-risk")
    mine = tmp_path / "mine.yaml"
    text = mine.read_text().replace("prompt-harm", "emotional-risk").replace("harmful", "unsafe")
    mine.write_text(text)
    finished(wanted, tmp_path / "out")
    about = files.read_json(tmp_path / "out" / "crossvalidate.json")
    assert about["missing"] == [["borderline"]] * 3
    assert (about["rows"], about["groups"], sum(about["sizes"])) == (30, 10, 30)

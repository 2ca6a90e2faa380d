"""The one number that training is steered by, worked out by hand."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from helpers.axes import FIRST, SCALE, SEVERAL, TWO, rows
from mindrail.arrays import ndarray
from mindrail.evaluate import steering
from mindrail.records import Example
from mindrail.taxonomy import Axis


def examples(axis: Axis, truth: ndarray) -> list[Example]:
    """One example per row of truth; a row of zeros is the empty answer where labels do not exclude each other."""
    made = []
    for number, row in enumerate(truth):
        named = tuple(name for name, there in zip(axis.names, row, strict=True) if there)
        made.append(
            Example.of(f"number {number}", answers={axis.name: named[0] if axis.exclusive else named})
        )
    return made


def raw(axis: Axis, picked: ndarray) -> ndarray:
    """Scores that say exactly this."""
    return np.where(picked, 4.0, -4.0)


def test_two_labels_are_steered_by_the_f1_of_what_is_stopped() -> None:
    true, flagged = np.array([1, 1, 1, 0, 0, 0]), np.array([1, 1, 0, 1, 0, 0])
    known, scores = examples(TWO, np.eye(2)[true]), raw(TWO, np.eye(2, dtype=bool)[flagged])
    assert steering.metric(TWO).name == "f1"
    assert steering.judge(TWO, known)(scores) == pytest.approx(2 / 3)  # precision 2/3, recall 2/3
    found = steering.measures(TWO, known, scores)
    assert next(iter(found)) == "f1"
    assert found["precision"] == pytest.approx(2 / 3) and found["recall"] == pytest.approx(2 / 3)
    assert steering.truth(TWO, known).tolist() == true.astype(bool).tolist()
    assert steering.picks(TWO, scores).tolist() == flagged.astype(bool).tolist()


@pytest.mark.parametrize("axis", [SCALE, SEVERAL, FIRST], ids=lambda axis: axis.kind)
def test_more_labels_are_steered_by_their_mean_f1(axis: Axis) -> None:
    targets, scores = rows(axis, 60)
    known = examples(axis, targets.values)
    picked = np.eye(3, dtype=bool)[scores.argmax(1)] if axis.exclusive else scores >= 0
    assert steering.metric(axis).name == "macro-f1"
    expected = f1_score(targets.values, picked, average="macro")
    assert steering.judge(axis, known)(scores) == pytest.approx(expected)
    found = steering.measures(axis, known, scores)
    assert next(iter(found.values())) == pytest.approx(expected)
    assert (steering.picks(axis, scores) == picked).all()
    assert (steering.truth(axis, known) == targets.values).all()


def test_rows_without_an_answer_do_not_count() -> None:
    true, flagged = np.array([1, 0, 1, 0]), np.array([1, 1, 0, 0])
    known, scores = examples(TWO, np.eye(2)[true]), raw(TWO, np.eye(2, dtype=bool)[flagged])
    silent = [Example.of("nobody knows"), *known, Example.of("nor here")]
    wild = np.vstack([[[9.0, -9.0]], scores, [[-9.0, 9.0]]])
    assert steering.judge(TWO, silent)(wild) == steering.judge(TWO, known)(scores)
    assert steering.measures(TWO, silent, wild) == steering.measures(TWO, known, scores)
    assert steering.truth(TWO, silent).tolist() == steering.truth(TWO, known).tolist()
    own, theirs = (steering.difference(TWO, k, s, -s) for k, s in ((known, scores), (silent, wild)))
    assert own == theirs and own.rows == 4


def test_the_difference_is_that_of_the_first_over_the_second() -> None:
    true = np.array([1, 0] * 20)
    known, right = examples(TWO, np.eye(2)[true]), raw(TWO, np.eye(2, dtype=bool)[true])
    half = right.copy()
    half[:20] = raw(TWO, np.eye(2, dtype=bool)[np.zeros(20, dtype=int)])  # 10 of 20 are missed: F1 2/3
    better, worse = steering.difference(TWO, known, right, half), steering.difference(TWO, known, half, right)
    assert better.difference.value == pytest.approx(1 / 3) == -worse.difference.value
    assert 0 < better.difference.low < 1 / 3 < better.difference.high
    assert worse.difference.high < 0 and better.p == worse.p < 0.05
    same = steering.difference(TWO, known, half, half)
    assert same.difference.value == 0 and same.p == 1


def test_rows_of_one_group_are_drawn_together() -> None:
    """Twenty copies of one row say no more than that row."""
    true = np.array([1, 0] * 20)
    right = raw(TWO, np.eye(2, dtype=bool)[true])
    half = right.copy()
    half[:20:2] = -half[:20:2]
    alone = examples(TWO, np.eye(2)[true])
    copies = [
        Example(one.turns, answers=one.answers, group=str(i // 20), id=one.id) for i, one in enumerate(alone)
    ]
    wide, narrow = (steering.difference(TWO, known, right, half).difference for known in (copies, alone))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)

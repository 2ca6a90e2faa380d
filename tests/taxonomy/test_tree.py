"""Ordered labels as a tree: worked by hand, and against the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpers.axes import FIRST, TWO
from mindrail.arrays import log_softmax, ndarray
from mindrail.errors import BadConfig
from mindrail.taxonomy import tree

odds = arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.floats(-30, 30))
wide = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(2, 6)), elements=st.floats(-1e4, 1e4))


def logit(*probabilities: float) -> ndarray:
    p = np.array([probabilities])
    return np.log(p / (1 - p))


def test_three_labels_by_hand() -> None:
    # yes at the first node with 0.5; of what is left, yes at the second with 0.2
    probabilities = np.exp(tree.labels(logit(0.5, 0.2)))
    np.testing.assert_allclose(probabilities, [[0.5, 0.5 * 0.2, 0.5 * 0.8]])


def test_nodes_are_labels_but_the_last() -> None:
    assert tree.nodes(FIRST) == ("lost", "cold")
    with pytest.raises(BadConfig, match="'harm' is one_of, and only first_of has nodes"):
        tree.nodes(TWO)


def test_a_row_reaches_the_nodes_up_to_its_own() -> None:
    np.testing.assert_array_equal(
        tree.reached(np.eye(4, dtype=bool)),
        [[True, False, False], [True, True, False], [True, True, True], [True, True, True]],
    )


def test_the_walk_passes_nodes_that_doubt_though_the_first_is_likeliest() -> None:
    scores = tree.labels(logit(0.4, 0.4, 0.4))
    assert np.exp(scores).argmax() == 0
    assert tree.walk(scores).tolist() == [3]
    assert tree.walk(tree.labels(logit(0.4, 0.5, 0.9))).tolist() == [1]


@given(odds)
def test_labels_are_a_product_of_conditionals(answers: ndarray) -> None:
    yes = 1 / (1 + np.exp(-answers))
    for row, found in zip(yes, np.exp(tree.labels(answers)), strict=True):
        left = 1.0
        for p, said in zip(row, found, strict=False):
            assert said == pytest.approx(left * p, abs=1e-12)
            left *= 1 - p
        assert found[-1] == pytest.approx(left, abs=1e-12)


@given(odds)
def test_there_and_back(answers: ndarray) -> None:
    # far behind a node that is all but sure, nothing is left to tell later answers apart by
    np.testing.assert_allclose(tree.answers(tree.labels(answers)), answers, atol=1e-6, rtol=1e-6)


@given(wide, st.floats(-50, 50))
def test_a_common_shift_of_scores_changes_no_node(scores: ndarray, shift: float) -> None:
    np.testing.assert_allclose(tree.conditionals(scores + shift), tree.conditionals(scores), atol=1e-9)


@given(wide)
def test_extreme_scores_stay_finite(scores: ndarray) -> None:
    made = tree.labels(scores)
    assert np.isfinite(made).all()
    np.testing.assert_allclose(np.exp(made).sum(axis=1), 1.0)
    assert np.isfinite(tree.answers(made)).all()


@given(odds, st.data())
def test_the_ordinary_loss_is_that_of_the_nodes_that_were_reached(
    answers: ndarray, data: st.DataObject
) -> None:
    label = data.draw(st.integers(0, answers.shape[1]))
    truth = np.eye(answers.shape[1] + 1, dtype=bool)[[label] * len(answers)]
    # binary cross-entropy: log(1 + e^z) less z where the answer is yes
    each = np.logaddexp(0.0, answers) - answers * truth[:, :-1]
    ordinary = -log_softmax(tree.labels(answers))[:, label]
    np.testing.assert_allclose(ordinary, (each * tree.reached(truth)).sum(axis=1), atol=1e-9)

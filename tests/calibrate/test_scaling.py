"""Scaling finds the temperature that made the data, and stays finite where there is none."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from helpers.axes import AXES, SEVERAL, TWO, rows
from mindrail.calibrate import Scaling
from mindrail.calibrate.scaling import choose, fit, losses


def drawn(axis, scores, seed=0):
    """Truth drawn from the probabilities of these scores."""
    random = np.random.default_rng(seed)
    probabilities = axis.probabilities(scores)
    if not axis.exclusive:
        return random.random(scores.shape) < probabilities
    picked = (probabilities.cumsum(axis=1) < random.random((len(scores), 1))).sum(axis=1)
    return np.eye(len(axis.names), dtype=bool)[np.minimum(picked, len(axis.names) - 1)]


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_is_found_again(axis, temperature):
    honest = 2 * np.random.default_rng(0).normal(size=(8000, len(axis.names)))
    found = fit(axis, drawn(axis, honest), honest * temperature, "temperature")
    assert 1 / found.weights[0] == pytest.approx(temperature, rel=0.08)
    assert set(found.bias) == {0.0}
    assert len(set(found.weights)) == 1


def test_weights_and_biases_of_independent_labels_are_found_again():
    weights, bias = np.array([2.0, 0.5, 1.0]), np.array([-2.0, 1.0, 0.0])
    honest = np.random.default_rng(1).normal(size=(20_000, 3)) * 2
    found = fit(SEVERAL, drawn(SEVERAL, honest), (honest - bias) / weights, "vector")
    np.testing.assert_allclose(found.weights, weights, rtol=0.1)
    np.testing.assert_allclose(found.bias, bias, atol=0.1)


def test_for_one_independent_label_it_is_logistic_regression():
    targets, scores = rows(SEVERAL, 20_000)
    found = fit(SEVERAL, targets.values, scores, "vector")
    for i in range(3):
        other = LogisticRegression(C=np.inf).fit(scores[:, [i]], targets.values[:, i])
        assert found.weights[i] == pytest.approx(other.coef_[0, 0], rel=0.01)
        assert found.bias[i] == pytest.approx(other.intercept_[0], abs=0.01)


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
@pytest.mark.parametrize("method", ["temperature", "vector"])
@pytest.mark.parametrize("size", [2, 10, 1000])
def test_separable_data_do_not_make_it_certain(axis, method, size):
    targets, _ = rows(axis, size)
    found = fit(axis, targets.values, (targets.values - 0.5) * 1.0, method)
    assert np.isfinite(found.weights).all()
    assert max(found.weights) < 100


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
@pytest.mark.parametrize("method", ["temperature", "vector"])
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_scores_of_any_size_can_be_scaled(axis, method, scale):
    targets, scores = rows(axis, 50)
    found = fit(axis, targets.values, scores * scale, method)
    assert np.isfinite((*found.weights, *found.bias)).all()


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
@pytest.mark.parametrize("method", ["none", "temperature", "vector"])
def test_it_is_never_worse_than_nothing_and_always_the_same(axis, method):
    targets, scores = rows(axis, 200)
    found = fit(axis, targets.values, 5 * scores, method)
    before = losses(axis, targets.values, Scaling.none(len(axis.names)).apply(axis, 5 * scores)).sum()
    assert losses(axis, targets.values, found.apply(axis, 5 * scores)).sum() <= before + 1e-9
    assert found == fit(axis, targets.values, 5 * scores, method)


def test_losses_are_the_negative_log_of_what_was_said_of_the_truth():
    scores = np.log(np.array([[0.2, 0.8], [0.5, 0.5]]))
    truth = np.array([[False, True], [True, False]])
    np.testing.assert_allclose(losses(TWO, truth, scores), -np.log([0.8, 0.5]))
    both = losses(SEVERAL, np.array([[True, False, False]]), np.array([[0.0, 0.0, np.log(3)]]))
    np.testing.assert_allclose(both, -np.log(0.5 * 0.5 * 0.25))


def test_the_simplest_that_serves_unseen_rows_is_chosen():
    honest = 2 * np.random.default_rng(0).normal(size=(1000, 2))
    folds = np.arange(1000) % 5
    truth = drawn(TWO, honest)
    assert choose(TWO, truth, honest * 5, folds) == "temperature"
    assert choose(TWO, truth, honest + np.array([0.0, 3.0]), folds) == "vector"
    assert choose(TWO, truth[:1], honest[:1], folds[:1]) == "none"

"""A linear head on fixed features, fitted with scikit-learn and kept as plain arrays."""

from typing import Any

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.errors import MissingExtra
from mindrail.models._base import Job
from mindrail.taxonomy import Axis, tree
from mindrail.taxonomy.tree import Ordered


def fit(
    features: Any, job: Job, *, strength: float, ordered: Ordered = "flat", iterations: int = 2000
) -> tuple[Float[ndarray, "row d"], Float[ndarray, " row"]]:
    """Weights [row, d] and bias [row] of a logistic regression; `strength` is scikit-learn's C.

    `features` is an array or sparse matrix [n, d]. There is a row per label: labels that exclude each other get
    one multinomial model, `any_of` one model per label; a label that never occurs scores far below the others.
    With `ordered="nodes"` there is a row per node of the tree of labels, each learned from the texts that reach
    it, and a text counts at every node with the weight of its label.

    Where the job has a teacher, the head follows its scores instead, by ridge regression: they say more than its
    decisions (Ba and Caruana 2014, arXiv:1312.6184). Nodes learn from answers all the same.

    Raises BadConfig for nodes on an axis that has none.
    """
    values, weights = job.targets().values, job.label_weights()
    rows = tree.columns(job.axis, ordered)
    if job.teacher is not None and ordered == "flat":
        return _following(features, job.axis, job.teacher, strength)
    model = _model(strength, iterations)
    if ordered == "flat" and job.axis.exclusive:
        return _one_of(features, values.argmax(axis=1), weights, model, rows)
    head, bias = np.zeros((rows, features.shape[1])), np.zeros(rows)
    reached = tree.reached(values) if ordered == "nodes" else np.ones_like(values)
    for row in range(rows):
        here, truth = reached[:, row], values[:, row]
        heavy = weights[values.argmax(axis=1)] if ordered == "nodes" else np.where(truth, weights[row], 1.0)
        head[row], bias[row] = _yes_or_no(features[here], truth[here], heavy[here], model)
    return head, bias


def _one_of(
    features: Any, classes: ndarray, weights: Float[ndarray, " k"], model: Any, k: int
) -> tuple[Float[ndarray, "k d"], Float[ndarray, " k"]]:
    """All labels against all."""
    head, bias = np.zeros((k, features.shape[1])), np.full(k, -10.0)
    fitted = model.fit(features, classes, sample_weight=weights[classes])
    seen = fitted.classes_
    if len(seen) == 2:  # one row of coefficients for two classes
        head[seen[1]], bias[seen[1]] = fitted.coef_[0], fitted.intercept_[0]
        bias[seen[0]] = 0.0
    else:
        head[seen], bias[seen] = fitted.coef_, fitted.intercept_
    return head, bias


def _following(
    features: Any, axis: Axis, scores: Float[ndarray, "n k"], strength: float
) -> tuple[Float[ndarray, "k d"], Float[ndarray, " k"]]:
    """A row per label that comes near a teacher's score of it."""
    from sklearn.linear_model import Ridge

    told = scores - scores.mean(axis=1, keepdims=True) if axis.exclusive else scores
    fitted = Ridge(alpha=1.0 / strength, solver="lsqr").fit(features, told)
    return fitted.coef_, fitted.intercept_


def _yes_or_no(
    features: Any, truth: Bool[ndarray, " n"], weights: Float[ndarray, " n"], model: Any
) -> tuple[Float[ndarray, " d"], float]:
    """One question; where all answers are the same, only that answer is learned."""
    if truth.all() or not truth.any():
        return np.zeros(features.shape[1]), 10.0 if truth.any() else -10.0
    fitted = model.fit(features, truth.astype(int), sample_weight=weights)
    return fitted.coef_[0], float(fitted.intercept_[0])


def _model(strength: float, iterations: int) -> Any:
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingExtra("scikit-learn", "train", "training a linear head") from None
    return LogisticRegression(C=strength, max_iter=iterations)

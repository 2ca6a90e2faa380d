"""A linear head on fixed features, fitted with scikit-learn and kept as plain arrays."""

from typing import Any

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.errors import MissingExtra
from mindrail.models._base import Job


def fit(
    features: Any, job: Job, *, strength: float, iterations: int = 2000
) -> tuple[Float[ndarray, "k d"], Float[ndarray, " k"]]:
    """Weights [k, d] and bias [k] of a logistic regression; `strength` is scikit-learn's C.

    `features` is an array or sparse matrix [n, d]. Labels that exclude each other get one multinomial model,
    `any_of` one model per label; a label that never occurs scores far below the others.
    """
    values, weights = job.targets().values, job.label_weights()
    k = values.shape[1]
    head, bias = np.zeros((k, features.shape[1])), np.full(k, -10.0)
    if job.axis.exclusive:
        classes = values.argmax(axis=1)
        model = _model(strength, iterations, dict(enumerate(weights))).fit(features, classes)
        seen = model.classes_
        if len(seen) == 2:  # one row of coefficients for two classes
            head[seen[1]], bias[seen[1]] = model.coef_[0], model.intercept_[0]
            bias[seen[0]] = 0.0
        else:
            head[seen], bias[seen] = model.coef_, model.intercept_
        return head, bias
    for label in range(k):
        truth = values[:, label]
        if truth.any() and not truth.all():
            model = _model(strength, iterations, {0: 1.0, 1: weights[label]}).fit(features, truth.astype(int))
            head[label], bias[label] = model.coef_[0], model.intercept_[0]
        elif truth.all():
            bias[label] = 10.0
    return head, bias


def _model(strength: float, iterations: int, class_weight: dict[int, float]) -> Any:
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingExtra("scikit-learn", "train", "training a linear head") from None
    return LogisticRegression(C=strength, max_iter=iterations, class_weight=class_weight)

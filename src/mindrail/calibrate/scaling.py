"""Fitting how raw scores become probabilities: one temperature, or a weight and a bias per label.

Temperature scaling is arXiv:1706.04599. Vector scaling of log-probabilities is the diagonal case of
Dirichlet calibration (arXiv:1910.12656), and Platt's scaling where labels are independent.
"""

from typing import get_args

import numpy as np
from scipy.optimize import minimize

from mindrail.arrays import Bool, Float, Int, log_softmax, ndarray
from mindrail.calibrate.policy import Method, Scaling
from mindrail.taxonomy.axis import Axis

#: standard deviation of the normal prior on log-weights and biases, which keeps separable data finite
PRIOR = 2.0
#: log-weights and biases stay within plus and minus this
LIMIT = 8.0


def fit(axis: Axis, truth: Bool[ndarray, "n k"], scores: Float[ndarray, "n k"], method: Method) -> Scaling:
    """The scaling of that kind with the least negative log-likelihood of `truth` on `scores`.

    A weak prior (PRIOR) counts beside the data, so that ten rows without an error do not make a model that
    is never in doubt. Deterministic; costs milliseconds.
    """
    labels = len(axis.names)
    start = Scaling.none(labels)
    if method == "none":
        return start
    one_weight = np.repeat([[1.0, 0.0]], labels, axis=1)  # [1 … 1 0 … 0]
    design = one_weight if method == "temperature" else np.eye(2 * labels)
    found = minimize(
        _loss,
        np.zeros(len(design)),
        args=(axis, truth, start.apply(axis, scores), design),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-LIMIT, LIMIT)] * len(design),
    )
    log_weights, bias = np.split(found.x @ design, 2)
    return Scaling(method, tuple(np.exp(log_weights).tolist()), tuple(bias.tolist()))


def choose(
    axis: Axis,
    truth: Bool[ndarray, "n k"],
    scores: Float[ndarray, "n k"],
    folds: Int[ndarray, " n"],
) -> Method:
    """The kind whose held-out negative log-likelihood is least; of equals, the simplest."""
    methods: tuple[Method, ...] = get_args(Method)
    return min(methods, key=lambda method: _held_out(axis, truth, scores, folds, method))


def losses(axis: Axis, truth: Bool[ndarray, "n k"], scaled: Float[ndarray, "n k"]) -> Float[ndarray, " n"]:
    """The negative log-likelihood of each row, in nats."""
    if axis.exclusive:
        row: ndarray = -log_softmax(scaled)[truth]
    else:
        row = (np.logaddexp(0.0, scaled) - truth * scaled).sum(axis=1)
    return row


def _loss(
    parameters: Float[ndarray, " p"],
    axis: Axis,
    truth: Bool[ndarray, "n k"],
    base: Float[ndarray, "n k"],
    design: Float[ndarray, "p 2*k"],
) -> tuple[float, Float[ndarray, " p"]]:
    """The loss over all rows with its gradient; `design` makes log-weights and biases of parameters."""
    log_weights, bias = np.split(parameters @ design, 2)
    scaled = base * np.exp(log_weights) + bias
    off = axis.probabilities(scaled) - truth
    slope = design @ np.concatenate([(off * base).sum(axis=0) * np.exp(log_weights), off.sum(axis=0)])
    prior = parameters @ parameters / (2 * PRIOR**2)
    return float(losses(axis, truth, scaled).sum() + prior), slope + parameters / PRIOR**2


def _held_out(
    axis: Axis,
    truth: Bool[ndarray, "n k"],
    scores: Float[ndarray, "n k"],
    folds: Int[ndarray, " n"],
    method: Method,
) -> float:
    """The loss over all rows, each scaled by a fit to the other folds."""
    total = 0.0
    for fold in range(int(folds.max()) + 1):
        out = folds == fold
        scaled = fit(axis, truth[~out], scores[~out], method).apply(axis, scores[out])
        total += float(losses(axis, truth[out], scaled).sum())
    return total

"""Array types used in signatures. Shapes are checked when the tests run, and cost nothing otherwise.

Modules that use them do without `from __future__ import annotations`, which would hide the shapes.
Single axes are written with a leading space, `Float[" n"]`-style, so that linters stay quiet.

jaxtyping is used where somebody has loaded it before (the tests do, to check shapes). Otherwise a shape is
only its array type: loading jaxtyping would double the time that a guard needs to start.
"""

import sys
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Bool, Float, Int
else:

    class _Array:
        def __class_getitem__(cls, shape: tuple[type, str]) -> type:
            return shape[0]

    Bool = Float = Int = _Array

__all__ = ["Bool", "Float", "Int", "log_softmax", "ndarray", "sigmoid", "softmax"]


def log_softmax(scores: Float[ndarray, "n k"]) -> Float[ndarray, "n k"]:
    """Log-probabilities over the last axis, safe at extreme scores."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    normalised: ndarray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return normalised


def softmax(scores: Float[ndarray, "n k"]) -> Float[ndarray, "n k"]:
    """Probabilities over the last axis."""
    probabilities: ndarray = np.exp(log_softmax(scores))
    return probabilities


def sigmoid(scores: Float[ndarray, "n k"]) -> Float[ndarray, "n k"]:
    """Independent probabilities, one per label."""
    probabilities: ndarray = 0.5 * (1.0 + np.tanh(0.5 * scores))
    return probabilities

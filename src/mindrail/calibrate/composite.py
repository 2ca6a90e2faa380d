"""Several stages as one score: a label is as likely as the stage that believes least in it. numpy only.

So every further stage can only lower the probability of what would be stopped. Once all of it lies under the
thresholds, no later stage can change the decision, and none needs to be asked.
"""

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.calibrate.policy import Scaling
from mindrail.taxonomy import Axis

#: probabilities are kept this far from 0 and 1, so that scores stay finite
_EDGE = 1e-9


def lifted(axis: Axis, scaling: Scaling, scores: Float[ndarray, "n k"], lift: float) -> Float[ndarray, "n k"]:
    """Probabilities of one stage, with `lift` (in nats of log-odds) added to what speaks for stopping.

    With a lift above 0 a stage has to be surer of harmlessness than it looks before it clears a text, with one
    below 0 less sure.
    """
    probabilities: ndarray = axis.probabilities(scaling.apply(axis, scores) + lift * axis.stopped)
    return probabilities


def least(axis: Axis, former: Float[ndarray, "n k"], latter: Float[ndarray, "n k"]) -> Float[ndarray, "n k"]:
    """Of two stages' probabilities the smaller one of every label that is stopped.

    Where labels exclude each other, what is left over goes to the allowed ones, in the proportions of `latter`.
    """
    both = np.where(axis.stopped, np.minimum(former, latter), latter)
    if axis.exclusive:
        allowed = ~axis.stopped
        rest = 1.0 - both[:, axis.stopped].sum(axis=1, keepdims=True)
        own = latter[:, allowed] + _EDGE
        both[:, allowed] = own * (rest / own.sum(axis=1, keepdims=True))
    return both


def as_scores(axis: Axis, probabilities: Float[ndarray, "n k"]) -> Float[ndarray, "n k"]:
    """Raw scores that `axis.probabilities` turns back into these probabilities."""
    inside = np.clip(probabilities, _EDGE, 1.0 - _EDGE)
    scores: ndarray = np.log(inside) if axis.exclusive else np.log(inside) - np.log1p(-inside)
    return scores

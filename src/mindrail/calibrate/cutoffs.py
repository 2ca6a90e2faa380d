"""Where to cut one event's probabilities, chosen on dev: the best F1, a precision, costs, or a recall."""

from typing import NamedTuple

import numpy as np

from mindrail.arrays import Bool, Float, Int, ndarray

#: keeps 0.55 * 100 from being a little more than 55
_ROUNDING = 1e-9


class Cuts(NamedTuple):
    """Every way to cut a column of probabilities in two, from the strictest to the one that flags all.

    `at[i]` lies half way between two neighbouring probabilities (the last at the lowest one), `hits` and
    `alarms` count the positives and negatives from there on.
    """

    at: Float[ndarray, " c"]
    hits: Int[ndarray, " c"]
    alarms: Int[ndarray, " c"]
    positives: int

    @classmethod
    def of(cls, truth: Bool[ndarray, " n"], probability: Float[ndarray, " n"]) -> "Cuts":
        """All cuts of these rows."""
        values, place = np.unique(-probability, return_inverse=True)
        hits = np.bincount(place, weights=truth).cumsum().astype(int)
        alarms = np.bincount(place, weights=~truth).cumsum().astype(int)
        lower = np.append(values[1:], values[-1])
        return cls(-(values + lower) / 2, hits, alarms, int(truth.sum()))


def best_f1(cuts: Cuts) -> float:
    """The cut with the highest F1; of equals, the strictest."""
    f1 = 2 * cuts.hits / (cuts.hits + cuts.alarms + cuts.positives)
    return float(cuts.at[f1.argmax()])


def precise(cuts: Cuts, precision: float) -> float | None:
    """The cut that catches most while its precision is at least that; None where no cut is so precise."""
    enough = np.flatnonzero(cuts.hits >= precision * (cuts.hits + cuts.alarms) - _ROUNDING)
    return float(cuts.at[enough[-1]]) if len(enough) else None


def cheapest(cuts: Cuts, miss: float, false_alarm: float) -> float | None:
    """The cut with the least total cost; None where flagging nothing at all is cheaper."""
    cost = miss * (cuts.positives - cuts.hits) + false_alarm * cuts.alarms
    return float(cuts.at[cost.argmin()]) if cost.min() < miss * cuts.positives else None


def reaching(cuts: Cuts, recall: float) -> float:
    """The strictest cut that catches this share of the positives at hand. No guarantee for others."""
    return float(cuts.at[np.argmax(cuts.hits >= recall * cuts.positives - _ROUNDING)])

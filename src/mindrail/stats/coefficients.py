"""How far people agree, beyond what chance would give. Each number for many resamples at once.

`counts[i, k]`: how many people gave item i the label k; people may be missing. `times[r, i]`: how often item i
was drawn in round r. Everything is a ratio of sums over items, so one matrix product serves all rounds. NaN
where a number is undefined, as chance-corrected agreement is when everybody always says the same.

Formulas and names after Gwet, Handbook of Inter-Rater Reliability (4th ed. 2014), chapters 2, 3 and 5, and
Krippendorff, Content Analysis (4th ed. 2018), chapter 12.
"""

from collections.abc import Callable

import numpy as np

from mindrail.arrays import Float, Int, ndarray

#: label counts and draws to one number a round
Coefficient = Callable[[Int[ndarray, "n k"], Float[ndarray, "r n"]], Float[ndarray, " r"]]


def percent(counts: Int[ndarray, "n k"], times: Float[ndarray, "r n"]) -> Float[ndarray, " r"]:
    """The share of pairs of people that agree, averaged over the items that two or more have judged."""
    return _observed(counts, times, np.eye(counts.shape[1]))


def fleiss(counts: Int[ndarray, "n k"], times: Float[ndarray, "r n"]) -> Float[ndarray, " r"]:
    """Fleiss' kappa (1971), where people may be missing: chance is that of labels drawn from all that were given."""
    expected = (_prevalence(counts, times) ** 2).sum(axis=1)
    return _beyond(percent(counts, times), expected)


def gwet(counts: Int[ndarray, "n k"], times: Float[ndarray, "r n"]) -> Float[ndarray, " r"]:
    """Gwet's AC1 (2008): chance is that of a guess where people are unsure, so that it stays low under skew."""
    return _gwet(counts, times, np.eye(counts.shape[1]))


def gwet_ordered(counts: Int[ndarray, "n k"], times: Float[ndarray, "r n"]) -> Float[ndarray, " r"]:
    """Gwet's AC2 with quadratic weights: on a scale, near misses count as partly agreed."""
    return _gwet(counts, times, quadratic(counts.shape[1]))


def krippendorff(counts: Int[ndarray, "n k"], times: Float[ndarray, "r n"]) -> Float[ndarray, " r"]:
    """Krippendorff's alpha for labels without an order."""
    pairs = _coincidences(counts, times)
    return _alpha(pairs, 1 - np.eye(counts.shape[1])[None])


def krippendorff_ordered(counts: Int[ndarray, "n k"], times: Float[ndarray, "r n"]) -> Float[ndarray, " r"]:
    """Krippendorff's alpha for a scale: labels are as far apart as there are labels given between them."""
    pairs = _coincidences(counts, times)
    given = pairs.sum(axis=2)
    middle = given.cumsum(axis=1) - given / 2
    return _alpha(pairs, (middle[:, :, None] - middle[:, None, :]) ** 2)


def cohen(
    pairs: Int[ndarray, "n 2"], times: Float[ndarray, "r n"], weights: Float[ndarray, "k k"]
) -> Float[ndarray, " r"]:
    """Cohen's kappa (1960) of two people on items that both judged; `weights` of ones on the diagonal, or more."""
    labels = len(weights)
    both = np.zeros((len(pairs), labels * labels))
    both[np.arange(len(pairs)), pairs[:, 0] * labels + pairs[:, 1]] = 1
    table = (times @ both).reshape(-1, labels, labels)
    total = table.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = (table * weights).sum(axis=(1, 2)) / total
        product = table.sum(axis=2)[:, :, None] * table.sum(axis=1)[:, None, :]
        expected = (product * weights).sum(axis=(1, 2)) / total**2
    return _beyond(observed, expected)


def quadratic(labels: int) -> Float[ndarray, "k k"]:
    """Weights of a scale: 1 on the diagonal, 0 in the far corners."""
    places = np.arange(labels)
    weights: ndarray = 1 - ((places[:, None] - places) / max(1, labels - 1)) ** 2
    return weights


def _observed(
    counts: Int[ndarray, "n k"], times: Float[ndarray, "r n"], weights: Float[ndarray, "k k"]
) -> Float[ndarray, " r"]:
    """Weighted agreement of pairs of people on the same item, averaged over items with such pairs."""
    people = counts.sum(axis=1)
    several = people >= 2
    agreeing = (counts * (counts @ weights - 1)).sum(axis=1)[several] / (people * (people - 1))[several]
    with np.errstate(invalid="ignore", divide="ignore"):
        share: ndarray = (times[:, several] @ agreeing) / times[:, several].sum(axis=1)
    return share


def _prevalence(counts: Int[ndarray, "n k"], times: Float[ndarray, "r n"]) -> Float[ndarray, "r k"]:
    """How common each label is; every judged item counts the same."""
    people = counts.sum(axis=1)
    judged = people >= 1
    with np.errstate(invalid="ignore", divide="ignore"):
        sums = times[:, judged] @ (counts[judged] / people[judged, None])
        shares: ndarray = sums / sums.sum(axis=1, keepdims=True)
    return shares


def _gwet(
    counts: Int[ndarray, "n k"], times: Float[ndarray, "r n"], weights: Float[ndarray, "k k"]
) -> Float[ndarray, " r"]:
    common, labels = _prevalence(counts, times), counts.shape[1]
    expected = weights.sum() / (labels * (labels - 1)) * (common * (1 - common)).sum(axis=1)
    return _beyond(_observed(counts, times, weights), expected)


def _coincidences(counts: Int[ndarray, "n k"], times: Float[ndarray, "r n"]) -> Float[ndarray, "r k k"]:
    """Pairs of labels that different people gave the same item; each item weighs as many people as judged it."""
    people = counts.sum(axis=1)
    several = people >= 2
    own = counts[several].astype(float)
    labels = counts.shape[1]
    pairs = own[:, :, None] * own[:, None, :] - own[:, :, None] * np.eye(labels)
    pairs /= (people[several] - 1)[:, None, None]
    sums: ndarray = (times[:, several] @ pairs.reshape(len(own), -1)).reshape(-1, labels, labels)
    return sums


def _alpha(pairs: Float[ndarray, "r k k"], distance: Float[ndarray, "#r k k"]) -> Float[ndarray, " r"]:
    given = pairs.sum(axis=2)
    total = given.sum(axis=1)
    apart = (pairs * distance).sum(axis=(1, 2))
    by_chance = (given[:, :, None] * given[:, None, :] * distance).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        alpha: ndarray = np.where(by_chance > 0, 1 - (total - 1) * apart / by_chance, np.nan)
    return alpha


def _beyond(observed: Float[ndarray, " r"], expected: Float[ndarray, " r"]) -> Float[ndarray, " r"]:
    """What is left of the agreement that chance does not explain."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share: ndarray = np.where(1 - expected > 1e-12, (observed - expected) / (1 - expected), np.nan)
    return share

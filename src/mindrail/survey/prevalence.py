"""How many messages truly are of a kind, given how often the guard says so and how often it errs.

Rogan and Gladen (American Journal of Epidemiology 107, 1978): with sensitivity `se` and specificity `sp`, a
share `p` of alarms stands for (p + sp - 1) / (se + sp - 1) true ones. This supposes that the guard errs here as
often as on the test messages, among those of a kind and among the others: that only their shares differ
("label shift"). Other people, other topics or another language break it, and nothing in the scan shows it,
unless the result is impossible.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from mindrail.evaluate.results import Estimate, Evaluation, Rates
from mindrail.stats import wilson
from mindrail.survey.shares import CONFIDENCE, Share

#: below this sensitivity + specificity - 1, any error of the rates would come out more than tenfold
LEAST = 0.1
#: with fewer test messages of either kind, error rates mislead
ENOUGH = 10

_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


@dataclass(frozen=True)
class KnownError:
    """How a guard erred on test messages. `worth` of them independent ones tell as much as there were."""

    positives: int
    sensitivity: float
    positives_worth: float
    negatives: int
    specificity: float
    negatives_worth: float


@dataclass(frozen=True)
class Prevalence:
    """The corrected share, or None and `why` it cannot be estimated."""

    share: Estimate | None
    why: str = ""


def known_errors(found: Evaluation) -> dict[str, KnownError]:
    """The errors of stopping (under the name ""), and of flagging each event; left out where rows are lacking."""
    known = {"": _error(found.whole.positives, found.whole.negatives, found.whole.stopped)}
    known |= {event.name: _error(event.positives, event.negatives, event.flagged) for event in found.events}
    return {name: error for name, error in known.items() if error is not None}


def corrected(alarms: Share, known: KnownError | None) -> Prevalence:
    """The share of messages that truly are of the kind the alarms are about.

    The interval is Lang and Reiczigel's (Preventive Veterinary Medicine 113, 2014): it carries the luck of the
    scanned messages and that of the test messages. Not estimable where the error is unknown or rests on fewer
    than ten messages of a kind, where the guard may tell too little (`LEAST`), and where even the interval
    lies outside of what a share can be.
    """
    if known is None:
        return Prevalence(None, "the guard's errors are not known")
    if min(known.positives, known.negatives) < ENOUGH:
        rows = f"{known.positives} messages of this kind and {known.negatives} others"
        return Prevalence(None, f"the guard's errors are known from {rows}; it takes {ENOUGH} of both")
    if alarms.share.value is None or alarms.share.low is None:
        return Prevalence(None, "there are too few scanned messages")
    told = known.sensitivity + known.specificity - 1
    if told - _Z * _deviation(known) < LEAST:
        found = f"sensitivity + specificity - 1 is {told:.2f}, with an interval that reaches below {LEAST}"
        return Prevalence(None, f"the guard may tell next to nothing about it: {found}")
    low, high = _limits(alarms.share.value, alarms.worth, known)
    if high <= 0 or low >= 1:
        way = "fewer" if high <= 0 else "more"
        return Prevalence(
            None,
            f"there are {way} alarms than errors like those on test allow, so the guard errs otherwise here",
        )
    value = (alarms.share.value + known.specificity - 1) / told
    low, high = max(0.0, low), min(1.0, high)
    return Prevalence(Estimate(min(max(value, low), high), low, high))


def _limits(alarms: float, rows: float, known: KnownError) -> tuple[float, float]:
    """Lang and Reiczigel's limits (their equations 14 to 17), before they are cut to what a share can be."""
    n, n_se, n_sp = rows + _Z**2, known.positives_worth + 2, known.negatives_worth + 2
    p = (rows * alarms + _Z**2 / 2) / n
    se = (known.positives_worth * known.sensitivity + 1) / n_se
    sp = (known.negatives_worth * known.specificity + 1) / n_sp
    true = (p + sp - 1) / (se + sp - 1)
    of_se, of_sp = se * (1 - se) / n_se, sp * (1 - sp) / n_sp
    shift = 2 * _Z**2 * (true * of_se - (1 - true) * of_sp)
    variance = (p * (1 - p) / n + true**2 * of_se + (1 - true) ** 2 * of_sp) / (se + sp - 1) ** 2
    half = _Z * sqrt(variance)
    return true + shift - half, true + shift + half


def _deviation(known: KnownError) -> float:
    """The standard deviation of sensitivity + specificity, with one success and one failure added to each."""
    parts = (
        (known.sensitivity, known.positives_worth),
        (known.specificity, known.negatives_worth),
    )
    shrunk = [((rows * value + 1) / (rows + 2), rows + 2) for value, rows in parts]
    return sqrt(sum(value * (1 - value) / rows for value, rows in shrunk))


def _error(positives: int, negatives: int, rates: Rates) -> KnownError | None:
    caught, alarms = rates.recall, rates.false_positive_rate
    if caught.value is None or alarms.value is None:
        return None
    worth = _worth(caught, positives), _worth(alarms, negatives)
    return KnownError(positives, caught.value, worth[0], negatives, 1 - alarms.value, worth[1])


def _worth(found: Estimate, rows: int) -> float:
    """How many independent rows have an interval as wide: evaluations keep groups whole in theirs."""
    assert found.value is not None
    if found.low is None or found.high is None or found.high <= found.low:
        return float(rows)
    alone = wilson(round(found.value * rows), rows)
    return rows * min(1.0, (alone.high - alone.low) / (found.high - found.low)) ** 2

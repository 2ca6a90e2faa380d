"""Prevalence with the guard's error taken out of it."""

import numpy as np
import pytest

from mindrail.evaluate.results import Estimate
from mindrail.survey.prevalence import KnownError, corrected
from mindrail.survey.shares import Share


def alarms(hits: int, rows: int, worth: float | None = None) -> Share:
    return Share(hits, rows, float(worth or rows), Estimate(hits / rows, 0.0, 1.0))


def error(caught: int, positives: int, quiet: int, negatives: int) -> KnownError:
    return KnownError(
        positives, caught / positives, float(positives), negatives, quiet / negatives, float(negatives)
    )


def test_the_value_is_rogan_and_gladens() -> None:
    """By hand: 30 % alarms, sensitivity 0.8, specificity 0.9: (0.3 + 0.9 - 1) / 0.7."""
    found = corrected(alarms(300, 1000), error(80, 100, 180, 200)).share
    assert found is not None
    assert found.value == pytest.approx(0.2 / 0.7)


def test_the_limits_are_lang_and_reiczigels_by_hand() -> None:
    """Their formulas, written out with numbers: 30 of 200 alarms, 45 of 50 caught, 95 of 100 let pass."""
    z = 1.959963984540054
    p, se, sp = (30 + z * z / 2) / (200 + z * z), 46 / 52, 96 / 102
    true = (p + sp - 1) / (se + sp - 1)
    shift = 2 * z * z * (true * se * (1 - se) / 52 - (1 - true) * sp * (1 - sp) / 102)
    spread = (
        p * (1 - p) / (200 + z * z) + true**2 * se * (1 - se) / 52 + (1 - true) ** 2 * sp * (1 - sp) / 102
    )
    half = z * spread**0.5 / (se + sp - 1)
    found = corrected(alarms(30, 200), error(45, 50, 95, 100)).share
    assert found is not None
    assert (found.low, found.high) == pytest.approx((true + shift - half, true + shift + half))


@pytest.mark.parametrize(
    ("true", "sensitivity", "specificity", "rows", "positives", "negatives"),
    [
        (0.02, 0.85, 0.97, 5000, 60, 400),
        (0.10, 0.90, 0.80, 2000, 100, 200),
        (0.30, 0.70, 0.90, 500, 50, 150),
        (0.005, 0.92, 0.995, 100_000, 80, 1000),
    ],
)
def test_of_100_intervals_about_95_hold_the_truth(
    true: float, sensitivity: float, specificity: float, rows: int, positives: int, negatives: int
) -> None:
    random, rounds = np.random.default_rng(7), 2000
    share = true * sensitivity + (1 - true) * (1 - specificity)
    drawn = zip(
        random.binomial(rows, share, rounds).tolist(),
        random.binomial(positives, sensitivity, rounds).tolist(),
        random.binomial(negatives, specificity, rounds).tolist(),
        strict=True,
    )
    found = [corrected(alarms(a, rows), error(b, positives, c, negatives)).share for a, b, c in drawn]
    held = [one is not None and one.low is not None and one.low <= true <= one.high for one in found]  # type: ignore[operator]
    assert 0.93 <= np.mean(held) <= 0.99


def test_grouped_messages_and_few_test_messages_widen_it() -> None:
    def width(share: Share, known: KnownError) -> float:
        found = corrected(share, known).share
        assert found is not None and found.low is not None and found.high is not None
        return found.high - found.low

    base = width(alarms(300, 1000), error(80, 100, 180, 200))
    assert width(alarms(300, 1000, worth=100), error(80, 100, 180, 200)) > base
    assert width(alarms(300, 1000), error(16, 20, 36, 40)) > base
    assert width(alarms(300, 1000), error(800, 1000, 1800, 2000)) < base


@pytest.mark.parametrize(
    ("share", "known", "why"),
    [
        (alarms(50, 100), None, "not known"),
        (alarms(50, 100), error(5, 9, 190, 200), "it takes 10 of both"),
        (alarms(50, 100), error(50, 100, 52, 100), "next to nothing"),
        (alarms(50, 100), error(25, 100, 90, 100), "next to nothing"),
        (alarms(1, 1000), error(90, 100, 160, 200), "fewer alarms than"),
        (alarms(999, 1000), error(80, 100, 190, 200), "more alarms than"),
        (Share(0, 0, 0.0, Estimate(None, None, None)), error(80, 100, 180, 200), "too few scanned"),
    ],
)
def test_what_cannot_be_estimated_is_not(share: Share, known: KnownError | None, why: str) -> None:
    found = corrected(share, known)
    assert found.share is None
    assert why in found.why


def test_a_perfect_guard_needs_no_correction() -> None:
    known = KnownError(10**9, 1.0, 1e9, 10**9, 1.0, 1e9)
    found = corrected(alarms(120, 1000), known).share
    assert found is not None
    assert found.value == pytest.approx(0.12)

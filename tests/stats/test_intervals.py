"""Intervals of shares and of seeds: numbers from textbooks, statsmodels and scipy, and coverage."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, t
from statsmodels.stats.proportion import proportion_confint

from mindrail.errors import BadConfig
from mindrail.stats import clopper_pearson, over_seeds, wilson

SHARES = [(0, 10), (1, 10), (5, 10), (10, 10), (81, 263), (299, 300)]


def ends(interval):
    return interval.low, interval.high


def test_wilson_of_81_in_263():
    """Newcombe 1998, table I: 0.2553 to 0.3662."""
    assert ends(wilson(81, 263)) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@pytest.mark.parametrize(("successes", "size"), SHARES)
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_statsmodels_and_scipy_agree(successes, size, confidence):
    theirs = proportion_confint(successes, size, 1 - confidence, "wilson")
    assert ends(wilson(successes, size, confidence)) == pytest.approx(theirs, abs=1e-12)
    test = binomtest(successes, size)
    exact = test.proportion_ci(confidence)
    assert ends(clopper_pearson(successes, size, confidence)) == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize(("successes", "size"), SHARES)
def test_one_sided_bounds_put_all_doubt_on_one_side(successes, size):
    lower = binomtest(successes, size, alternative="greater").proportion_ci(0.95)
    upper = binomtest(successes, size, alternative="less").proportion_ci(0.95)
    assert ends(clopper_pearson(successes, size, 0.95, "lower")) == pytest.approx((lower.low, 1.0))
    assert ends(clopper_pearson(successes, size, 0.95, "upper")) == pytest.approx((0.0, upper.high))


def test_no_trials_say_nothing():
    for interval in (wilson(0, 0), clopper_pearson(0, 0)):
        assert math.isnan(interval.value)
        assert ends(interval) == (0.0, 1.0)


@given(st.integers(1, 200), st.data())
def test_an_interval_holds_its_value(size, data):
    successes = data.draw(st.integers(0, size))
    for interval in (wilson(successes, size), clopper_pearson(successes, size)):
        assert 0 <= interval.low <= interval.value <= interval.high <= 1


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_the_exact_interval_covers_at_least_as_often_as_it_says(share):
    drawn = np.random.default_rng(0).binomial(40, share, 2000)
    inside = [clopper_pearson(int(k), 40).low <= share <= clopper_pearson(int(k), 40).high for k in drawn]
    assert np.mean(inside) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 2000)


def test_impossible_questions_are_refused():
    with pytest.raises(ValueError, match="3 successes of 2"):
        wilson(3, 2)
    with pytest.raises(BadConfig):
        clopper_pearson(1, 2, confidence=1.0)


def test_three_seeds_by_hand():
    spread = over_seeds([0.7, 0.8, 0.9])
    assert (spread.count, spread.sd) == (3, pytest.approx(0.1))
    half = t.ppf(0.975, 2) * 0.1 / math.sqrt(3)
    assert ends(spread.mean) == pytest.approx((0.8 - half, 0.8 + half))


def test_one_seed_has_no_spread_and_an_undefined_one_no_mean():
    assert over_seeds([0.7]).mean.value == 0.7
    assert math.isnan(over_seeds([0.7]).sd)
    assert math.isnan(over_seeds([0.7]).mean.low)
    assert math.isnan(over_seeds([0.7, math.nan]).mean.value)
    assert math.isnan(over_seeds([]).mean.value)

"""Comparisons: exact tests against scipy and statsmodels, and verdicts that say what the data can bear."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar as oracle_mcnemar
from statsmodels.stats.multitest import multipletests

from mindrail import metrics
from mindrail.stats import Output, bootstrap, compare, holm, judge, judge_all, mcnemar, swap_test

ACCURACY = metrics.get("accuracy")
RECALL = metrics.get("recall")
BRIER = metrics.get("brier")


def event(size, seed=0, share=0.4):
    return np.random.default_rng(seed).random(size) < share


def model(truth, right, seed):
    """What a model says that is right about this share of the rows."""
    flagged = np.where(np.random.default_rng(seed).random(len(truth)) < right, truth, ~truth)
    return Output(np.where(flagged, 0.8, 0.2), flagged)


def test_the_difference_is_paired():
    truth = event(500)
    a = model(truth, 0.8, 1)
    flips = np.arange(500) < 10
    b = Output(a.probability, np.where(flips, ~truth, a.chosen))
    found = compare(RECALL, truth, [a], [b])
    alone = bootstrap(lambda rows: RECALL.compute(truth[rows], a.probability[rows], a.chosen[rows]), 500)
    assert found.difference.high - found.difference.low < (alone.high - alone.low) / 2


def test_swapping_the_two_turns_the_difference_around():
    truth = event(200)
    a, b = model(truth, 0.8, 1), model(truth, 0.7, 2)
    one, other = compare(RECALL, truth, [a], [b]), compare(RECALL, truth, [b], [a])
    assert one.difference.value == -other.difference.value
    assert one.difference.low == pytest.approx(-other.difference.high)
    assert one.p == other.p


def test_the_swap_test_agrees_with_every_possible_swap():
    truth = event(10, share=0.6)
    a, b = model(truth, 0.9, 1), model(truth, 0.4, 2)
    observed = abs(RECALL.compute(truth, *a) - RECALL.compute(truth, *b))
    as_far = []
    for coins in itertools.product([False, True], repeat=10):
        swap = np.array(coins)
        x = RECALL.compute(truth, a.probability, np.where(swap, b.chosen, a.chosen))
        y = RECALL.compute(truth, a.probability, np.where(swap, a.chosen, b.chosen))
        as_far.append(abs(x - y) >= observed - 1e-12)
    assert swap_test(RECALL, truth, [a], [b], rounds=2000) == pytest.approx(np.mean(as_far), abs=0.03)


def test_a_group_is_swapped_whole():
    """Ten copies of five persons: the p-value is that of five, not of fifty."""
    truth = np.ones(50, dtype=bool)
    a = Output(np.ones(50), truth)
    b = Output(np.zeros(50), ~truth)
    groups = [f"person {i // 10}" for i in range(50)]
    assert swap_test(RECALL, truth, [a], [b], groups, rounds=2000) == pytest.approx(2 / 2**5, abs=0.02)
    assert swap_test(RECALL, truth, [a], [b], rounds=2000) == 1 / 2001


def test_equal_models_are_called_different_as_rarely_as_stated():
    truth = event(80)
    pairs = [([model(truth, 0.7, i)], [model(truth, 0.7, i + 999)]) for i in range(100)]
    p = [swap_test(BRIER, truth, *pair, seed=i, rounds=59) for i, pair in enumerate(pairs)]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 100)


def test_several_seeds_are_averaged_and_widen_the_interval():
    truth = event(300)
    steady = [model(truth, 0.8, 1)] * 3
    shaky = [model(truth, right, 1) for right in (0.7, 0.8, 0.9)]
    other = [model(truth, 0.6, 5)] * 3
    one, three = compare(RECALL, truth, steady, other), compare(RECALL, truth, shaky, other)
    assert one.seeds_error == 0.0
    assert three.seeds_error > 0.0
    assert three.difference.high - three.difference.low > one.difference.high - one.difference.low


def test_seeds_must_come_in_pairs():
    truth = event(20)
    run = [model(truth, 0.8, 1)]
    with pytest.raises(ValueError, match="found 2 and 1 seeds"):
        compare(RECALL, truth, run * 2, run)


def test_an_axis_is_compared_as_well():
    truth = np.eye(3, dtype=bool)[np.random.default_rng(0).integers(3, size=200)]
    a, b = Output(truth * 0.8 + 0.1, truth), Output(np.full((200, 3), 1 / 3), truth[::-1])
    found = compare(ACCURACY, truth, [a], [b])
    assert judge(found).kind == "a_better"
    assert found.positives is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_mcnemar_is_the_exact_binomial_test(rows):
    a, b = (np.array(column) for column in zip(*rows, strict=True))
    found = mcnemar(a, b)
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    apart = found.only_a + found.only_b
    assert found.p == pytest.approx(binomtest(found.only_a, apart).pvalue if apart else 1.0)
    if apart:
        assert found.p == pytest.approx(oracle_mcnemar(table, exact=True).pvalue)


@settings(max_examples=20)  # statsmodels takes its time
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_agrees_with_statsmodels(p_values):
    theirs = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(theirs.tolist())


def test_holm_by_hand_and_with_an_undefined_one():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    first, second = holm([math.nan, 0.02])
    assert math.isnan(first)
    assert second == 0.02


@pytest.mark.parametrize("metric", [RECALL, BRIER], ids=lambda m: m.name)
def test_the_better_one_is_named_in_both_directions(metric):
    truth = event(600)
    good, bad = model(truth, 0.9, 1), model(truth, 0.6, 2)
    assert judge(compare(metric, truth, [good], [bad])).kind == "a_better"
    turned = judge(compare(metric, truth, [bad], [good]))
    assert turned.kind == "b_better"
    assert turned.sentence.startswith("B better")


def test_the_same_model_twice_is_no_different():
    truth = event(300)
    run = [model(truth, 0.8, 1)]
    verdict = judge(compare(RECALL, truth, run, run))
    assert (verdict.kind, verdict.sentence) == ("no_difference", "no difference larger than 0.000")


def test_a_difference_that_interests_nobody_is_none():
    truth = event(3000)
    found = compare(RECALL, truth, [model(truth, 0.80, 1)], [model(truth, 0.80, 2)])
    bound = max(abs(found.difference.low), abs(found.difference.high))
    verdict = judge(found, interesting=0.1)
    assert (verdict.kind, verdict.sentence) == ("no_difference", f"no difference larger than {bound:.3f}")
    assert judge(found, interesting=0.001).kind == "not_enough_data"


def test_too_little_data_says_how_much_more_and_that_is_enough():
    """The advice is followed: with that many rows the same difference is found four times out of five."""
    truth = event(60, seed=3)
    found = compare(RECALL, truth, [model(truth, 0.85, 1)], [model(truth, 0.70, 2)])
    verdict = judge(found, interesting=0.15)
    assert verdict.kind == "not_enough_data"
    assert verdict.more_rows is not None
    assert verdict.more_positives == pytest.approx(verdict.more_rows * truth.mean(), abs=1)
    assert "80% power" in verdict.sentence
    kinds = []
    for seed in range(25):
        more = event(60 + verdict.more_rows, seed=seed)
        a, b = model(more, 0.85, seed + 100), model(more, 0.70, seed + 200)
        kinds.append(judge(compare(RECALL, more, [a], [b], rounds=100)).kind)
    assert 0.6 <= np.mean([kind == "a_better" for kind in kinds]) <= 1.0


def test_smaller_differences_need_more_rows():
    truth = event(60, seed=3)
    found = compare(RECALL, truth, [model(truth, 0.8, 1)], [model(truth, 0.78, 2)])
    rows = [judge(found, interesting=limit).more_rows for limit in (0.05, 0.1)]
    assert None not in rows
    assert rows[0] >= rows[1]


def test_seeds_that_differ_too_much_ask_for_seeds_not_rows():
    truth = event(2000)
    a = [model(truth, right, 1) for right in (0.5, 0.95)]
    b = [model(truth, right, 2) for right in (0.95, 0.55)]
    verdict = judge(compare(RECALL, truth, a, b, rounds=200))
    assert (verdict.kind, verdict.more_rows) == ("not_enough_data", None)
    assert "seeds" in verdict.sentence


def test_an_undefined_metric_is_no_verdict():
    truth = np.zeros(30, dtype=bool)
    run = [model(truth, 0.8, 1)]
    verdict = judge(compare(RECALL, truth, run, run, rounds=20))
    assert verdict.kind == "not_enough_data"
    assert "undefined" in verdict.sentence


def test_of_many_comparisons_each_must_be_clearer():
    truth = event(300, seed=2)
    base = model(truth, 0.70, 1)
    found = [compare(RECALL, truth, [model(truth, 0.78, seed)], [base], rounds=200) for seed in range(6)]
    alone = sum(judge(one).kind == "a_better" for one in found)
    together = sum(verdict.kind == "a_better" for verdict in judge_all(found))
    assert together <= alone

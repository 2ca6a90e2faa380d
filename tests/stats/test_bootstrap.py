"""The bootstrap draws whole groups, says what it dropped, and covers about as often as it says."""

import math

import numpy as np
import pytest

from mindrail import metrics
from mindrail.stats import Output, bootstrap, bootstrap_over_seeds, clusters, measure, resamples


def mean_of(values):
    return lambda rows: float(values[rows].mean())


def test_rows_without_a_group_are_their_own():
    assert clusters(["a", None, "a", None, "b"], 5).tolist() == [0, 1, 0, 2, 3]
    assert clusters(None, 3).tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="groups for 1 rows, expected 2"):
        clusters(["a"], 2)


def test_groups_are_drawn_whole_and_as_many_as_there_are():
    groups = ["a", "b", "a", None, "b", "a"]
    number = clusters(groups, 6)
    for rows in resamples(groups, 6, seed=0, rounds=50):
        counts = np.bincount(rows, minlength=6)
        times = [set(counts[number == c].tolist()) for c in range(3)]
        assert all(len(count) == 1 for count in times)
        assert sum(count.pop() for count in times) == 3


def test_without_groups_as_many_rows_are_drawn_as_there_are_each_as_often():
    drawn = np.array(resamples(None, 10, seed=0, rounds=4000))
    assert drawn.shape == (4000, 10)
    np.testing.assert_allclose(np.bincount(drawn.ravel()) / 40_000, 0.1, atol=0.01)


def test_the_same_seed_draws_the_same_and_another_does_not():
    first, again, other = (resamples(None, 20, seed, 3) for seed in (0, 0, 1))
    assert all((x == y).all() for x, y in zip(first, again, strict=True))
    assert any((x != y).any() for x, y in zip(first, other, strict=True))


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="no rows"):
        resamples(None, 0, 0)


def test_the_interval_of_a_mean_is_that_of_the_textbook():
    values = np.random.default_rng(0).normal(size=400)
    interval = bootstrap(mean_of(values), 400, rounds=2000)
    half = 1.96 * values.std(ddof=1) / 20
    assert interval.value == pytest.approx(values.mean())
    assert (interval.low, interval.high) == pytest.approx(
        (values.mean() - half, values.mean() + half), abs=0.015
    )


def test_copies_in_one_group_are_no_new_evidence():
    values = np.repeat(np.random.default_rng(0).normal(size=40), 10)
    groups = [f"person {i // 10}" for i in range(400)]
    alone, grouped = bootstrap(mean_of(values), 400), bootstrap(mean_of(values), 400, groups)
    assert (grouped.high - grouped.low) / (alone.high - alone.low) == pytest.approx(math.sqrt(10), rel=0.15)


def test_rounds_without_a_value_are_dropped_and_counted():
    truth = np.zeros(20, dtype=bool)
    truth[0] = True
    recall = metrics.get("recall").compute
    interval = bootstrap(lambda rows: recall(truth[rows], np.zeros(len(rows)), truth[rows]), 20)
    assert (interval.value, interval.low, interval.high) == (1.0, 1.0, 1.0)
    assert interval.dropped == pytest.approx(1000 * (19 / 20) ** 20, abs=50)
    nothing = bootstrap(lambda rows: math.nan, 20, rounds=10)
    assert nothing.dropped == 10
    assert math.isnan(nothing.low)


def covers(make, rounds=120):
    inside = [interval.low <= 0.0 <= interval.high for interval in map(make, range(rounds))]
    return np.mean(inside)


def test_it_covers_about_as_often_as_it_says():
    def make(seed):
        return bootstrap(mean_of(np.random.default_rng(seed).normal(size=60)), 60, seed=seed, rounds=100)

    assert 0.90 <= covers(make) <= 0.99


def test_over_seeds_it_covers_rows_and_seeds_at_once():
    """Each seed shifts every row, each row is hard for every seed: the truth 0 is in the interval, still."""

    def make(seed):
        random = np.random.default_rng(seed)
        hard, shifts = random.normal(size=60), 0.15 * random.normal(size=4)
        return bootstrap_over_seeds([mean_of(hard + shift) for shift in shifts], 60, seed=seed, rounds=100)

    def only_rows(seed):
        random = np.random.default_rng(seed)
        hard, shifts = random.normal(size=60), 0.15 * random.normal(size=4)
        return bootstrap(mean_of(hard + shifts.mean()), 60, seed=seed, rounds=100)

    assert 0.91 <= covers(make) <= 0.99
    assert covers(only_rows) < covers(make)


def test_seeds_that_agree_add_nothing_and_one_seed_is_the_plain_bootstrap():
    compute = mean_of(np.random.default_rng(0).normal(size=200))
    plain, same = bootstrap(compute, 200), bootstrap_over_seeds([compute] * 3, 200)
    assert (same.low, same.high) == pytest.approx((plain.low, plain.high), abs=0.01)
    assert bootstrap_over_seeds([compute], 200) == plain


def test_limits_cut_the_interval():
    values = np.array([1.0] * 30 + [0.0])
    interval = bootstrap_over_seeds([mean_of(values), mean_of(values * 0.9)], 31, limits=(0.0, 1.0))
    assert interval.high == 1.0


def test_all_metrics_of_a_report_share_their_draws():
    random = np.random.default_rng(0)
    truth = random.random(100) < 0.4
    said = np.clip(truth * 0.4 + random.random(100) * 0.6, 0, 1)
    draws = resamples(None, 100, seed=3, rounds=50)
    flagged, area = said > 0.5, metrics.get("auroc")
    recall, auroc = measure([metrics.get("recall"), area], "bad", truth, [Output(said, flagged)], draws)
    assert (recall.metric, recall.of, recall.rows, recall.positives) == ("recall", "bad", 100, truth.sum())
    alone = bootstrap(lambda rows: area.compute(truth[rows], said[rows], flagged[rows]), 100, draws=draws)
    assert auroc.interval == alone
    (accuracy,) = measure(
        [metrics.get("accuracy")], "harm", truth[:, None], [Output(said[:, None], said[:, None] > 0.5)], draws
    )
    assert accuracy.positives is None

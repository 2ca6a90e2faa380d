"""Agreement: against statsmodels, scikit-learn, krippendorff, published tables and slow loops."""

from itertools import combinations
from math import isnan

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from mindrail.stats.agreement import Ratings, by_label, by_node, by_pair, measure, over_time
from mindrail.stats.dawid_skene import consensus

LABELS = ("1", "2", "3", "4", "5")

#: twelve units by four observers, some missing: Krippendorff, "Computing Krippendorff's Alpha-Reliability", and
#: the table `raw4raters` of Gwet's handbook
FOUR = [
    "11.1", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", ".555", "..11", "..3.",
]  # fmt: skip


def ratings(rows: list[str], ordered: bool = False) -> Ratings:
    said = [{"abcd"[i]: mark for i, mark in enumerate(row) if mark != "."} for row in rows]
    return Ratings.of(said, LABELS, ordered=ordered)


def value(measured: Ratings, name: str) -> float:
    return measure(measured, rounds=20).coefficients[name].value


@pytest.mark.parametrize(
    ("name", "expected"), [("percent", 0.8182), ("alpha", 0.7434), ("ac1", 0.7754), ("kappa", 0.7612)]
)
def test_published_values_of_the_four_observers(name: str, expected: float) -> None:
    assert value(ratings(FOUR), name) == pytest.approx(expected, abs=5e-5)


def test_published_ordinal_alpha_of_the_four_observers() -> None:
    assert value(ratings(FOUR, ordered=True), "alpha") == pytest.approx(0.815, abs=5e-4)


def drawn(seed: int, items: int = 60, people: int = 3, missing: float = 0.2) -> Ratings:
    random = np.random.default_rng(seed)
    truth = random.integers(5, size=(items, 1))
    noise = random.random((items, people)) < 0.4
    values = np.where(noise, random.integers(5, size=(items, people)), truth)
    known = random.random((items, people)) >= missing
    return Ratings(tuple("abcd"[:people]), LABELS, values, known)


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_alpha_is_that_of_the_krippendorff_package(seed: int, ordered: bool) -> None:
    own = drawn(seed)
    own = Ratings(own.people, own.labels, own.values, own.known, ordered)
    table = np.where(own.known, own.values, np.nan).T
    level = "ordinal" if ordered else "nominal"
    expected = krippendorff.alpha(table, level_of_measurement=level, value_domain=list(range(5)))
    assert value(own, "alpha") == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(5))
def test_fleiss_is_that_of_statsmodels_where_nobody_is_missing(seed: int) -> None:
    own = drawn(seed, missing=0.0)
    table, _ = aggregate_raters(own.values, n_cat=5)
    assert value(own, "kappa") == pytest.approx(fleiss_kappa(table))


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_cohen_is_that_of_scikit_learn_on_what_both_judged(seed: int, ordered: bool) -> None:
    own = drawn(seed, people=2)
    own = Ratings(own.people, own.labels, own.values, own.known, ordered)
    both = own.known.all(axis=1)
    expected = cohen_kappa_score(
        *own.values[both].T, weights="quadratic" if ordered else None, labels=range(5)
    )
    assert value(own, "cohen") == pytest.approx(expected)


def slow_gwet(own: Ratings, weights: np.ndarray) -> float:
    """Gwet's definition with loops over items and pairs of people."""
    agreed, shares = [], []
    for said, known in zip(own.values, own.known, strict=True):
        given = said[known]
        if len(given):
            shares.append([np.mean(given == label) for label in range(5)])
        pairs = list(combinations(given, 2))
        if pairs:
            agreed.append(np.mean([weights[a, b] for a, b in pairs]))
    common = np.mean(shares, axis=0)
    chance = weights.sum() / (5 * 4) * sum(p * (1 - p) for p in common)
    return float((np.mean(agreed) - chance) / (1 - chance))


@pytest.mark.parametrize("seed", range(5))
def test_gwet_is_that_of_a_slow_loop(seed: int) -> None:
    own = drawn(seed)
    assert value(own, "ac1") == pytest.approx(slow_gwet(own, np.eye(5)))
    own = Ratings(own.people, own.labels, own.values, own.known, ordered=True)
    places = np.arange(5)
    near = 1 - (places[:, None] - places) ** 2 / 16
    assert value(own, "ac2") == pytest.approx(slow_gwet(own, near))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text("1234.", min_size=3, max_size=3), min_size=2, max_size=20), st.permutations(range(3)))
def test_neither_people_nor_items_have_an_order(rows: list[str], order: list[int]) -> None:
    before = measure(ratings(rows), rounds=5).coefficients
    turned = ["".join(row[i] for i in order) for row in reversed(rows)]
    after = measure(ratings(turned), rounds=5).coefficients
    for name, found in before.items():
        if name != "cohen":
            assert after[name].value == pytest.approx(found.value, nan_ok=True)


def test_intervals_hold_the_value_and_shrink_with_more_items() -> None:
    narrow, wide = (measure(drawn(1, items)).coefficients["alpha"] for items in (600, 60))
    assert wide.low < wide.value < wide.high
    assert narrow.high - narrow.low < 0.6 * (wide.high - wide.low)


def test_intervals_are_those_of_a_slow_bootstrap() -> None:
    own = drawn(3, items=40)
    random = np.random.default_rng(0)
    repeated = []
    for _ in range(400):
        rows = random.integers(40, size=40)
        table = np.where(own.known[rows], own.values[rows], np.nan).T
        repeated.append(
            krippendorff.alpha(table, level_of_measurement="nominal", value_domain=list(range(5)))
        )
    found = measure(own, rounds=400).coefficients["alpha"]
    assert [found.low, found.high] == pytest.approx(np.quantile(repeated, [0.025, 0.975]), abs=0.04)


def test_whole_groups_are_drawn() -> None:
    own = drawn(2, items=60)
    groups = [str(i // 20) for i in range(60)]
    tied = Ratings(own.people, own.labels, own.values, own.known, groups=groups)
    free, few = (measure(one).coefficients["alpha"] for one in (own, tied))
    assert few.value == free.value
    assert (few.low, few.high) != (free.low, free.high)


def test_kappa_collapses_under_skew_and_a_note_says_why() -> None:
    rows = ["11"] * 95 + ["12", "21", "12", "21"] + ["22"]
    found = measure(ratings(rows))
    assert found.coefficients["percent"].value == 0.96
    assert found.coefficients["kappa"].value < 0.4
    assert found.coefficients["ac1"].value > 0.9
    assert any("97% of the labels" in note and "Read AC1" in note for note in found.notes)


def test_one_label_only_is_undefined_and_not_perfect() -> None:
    found = measure(ratings(["11"] * 40))
    assert isnan(found.coefficients["kappa"].value)
    assert isnan(found.coefficients["alpha"].value)
    assert any("undefined, not perfect" in note for note in found.notes)


def test_thin_data_is_said_out_loud() -> None:
    assert "anecdote" in measure(ratings(["11", "12", "22"])).notes[0]
    nothing = measure(ratings(["1.", ".2"]))
    assert nothing.notes == ("nothing was judged by two people, so nothing is known about agreement",)
    assert all(isnan(found.value) for found in nothing.coefficients.values())


def test_a_label_is_held_against_all_others() -> None:
    rows = ["12", "21", "33", "33", "13"]
    found = by_label(ratings(rows), rounds=10)
    assert found["3"].coefficients["percent"].value == pytest.approx(0.8)
    assert found["1"].uses == {"not 1": 7, "1": 3}


def test_a_node_is_judged_by_those_who_came_as_far() -> None:
    """At the test of 2, whoever said 1 has left; the last label is no test."""
    rows = ["11", "12", "22", "23", "33", "35"]
    found = by_node(ratings(rows), rounds=10)
    assert list(found) == ["1", "2", "3", "4"]
    assert [found[name].shared for name in found] == [6, 4, 2, 0]
    assert found["1"].coefficients["percent"].value == pytest.approx(5 / 6)
    assert found["2"].coefficients["percent"].value == pytest.approx(3 / 4)
    assert found["3"].coefficients["percent"].value == pytest.approx(1 / 2)


def test_pairs_without_an_item_in_common_are_left_out() -> None:
    found = by_pair(ratings(["11..", ".22.", "..12"]), rounds=5)
    assert list(found) == [("a", "b"), ("b", "c"), ("c", "d")]


def test_over_time_counts_shared_items_alone() -> None:
    rows = ["11", "1.", "12", "22", "2.", "22", "12"]
    runs = over_time(ratings(rows), every=2, rounds=5)
    assert [run.shared for run in runs] == [2, 2, 1]
    assert [run.coefficients["percent"].value for run in runs] == [0.5, 1.0, 0.0]


def test_an_unlisted_label_is_refused_by_number() -> None:
    with pytest.raises(ValueError, match="item 2 has a label that is none of"):
        ratings(["11", "19"])


def test_consensus_trusts_whoever_is_mostly_right() -> None:
    """Two careful people outvoted by three who mostly guess: who is careful is found without knowing the truth."""
    random = np.random.default_rng(0)
    truth = random.integers(3, size=400)

    def person(right: float) -> np.ndarray:
        return np.where(random.random(400) < right, truth, random.integers(3, size=400))

    values = np.stack([person(right) for right in (0.9, 0.85, 0.1, 0.1, 0.1)], axis=1)
    own = Ratings(tuple("abcde"), ("x", "y", "z"), values, np.ones((400, 5), dtype=bool))
    found = consensus(own)
    majority = np.mean([np.bincount(row, minlength=3).argmax() for row in values] == truth)
    assert np.mean(found.truth.argmax(axis=1) == truth) > majority + 0.1
    diagonal = found.confusion[:, range(3), range(3)].mean(axis=1)
    assert diagonal == pytest.approx([0.93, 0.9, 0.4, 0.4, 0.4], abs=0.07)
    assert found.truth.sum(axis=1) == pytest.approx(1)

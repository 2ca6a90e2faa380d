"""Shares with intervals: exact for rows that stand alone, wide enough where rows belong together."""

import numpy as np
import pytest

from mindrail.stats import clopper_pearson
from mindrail.survey.shares import BUCKETS, Tally, about, buckets_of, draws, share


def counted(hits: list[bool], groups: list[str | None], grouped: bool = True):  # type: ignore[no-untyped-def]
    tally = Tally(1, 1)
    told = np.array(hits, dtype=bool)[:, None]
    tally.add(np.zeros(len(hits), dtype=int), buckets_of(groups, 0), told)
    return tally.shares(grouped)[0][0]


@pytest.mark.parametrize(("hits", "rows"), [(0, 20), (3, 20), (20, 20), (1, 5000)])
def test_rows_that_stand_alone_get_the_exact_interval(hits: int, rows: int) -> None:
    found = counted([i < hits for i in range(rows)], [None] * rows, grouped=False).share
    wanted = clopper_pearson(hits, rows)
    assert (found.value, found.low, found.high) == pytest.approx((wanted.value, wanted.low, wanted.high))


def test_groups_that_agree_within_themselves_are_worth_one_row_each() -> None:
    """100 conversations of 20 messages, each all stopped or not at all: worth about 100 rows, not 2000."""
    hits = [i % 4 == 0 for i in range(100) for _ in range(20)]
    groups: list[str | None] = [f"g{i}" for i in range(100) for _ in range(20)]
    found = counted(hits, groups)
    assert found.rows == 2000
    assert 75 <= found.worth <= 110


def test_groups_like_any_other_rows_are_worth_their_rows() -> None:
    random = np.random.default_rng(0)
    hits = (random.random(20_000) < 0.2).tolist()
    found = counted(hits, [f"g{i // 5}" for i in range(20_000)])
    assert 0.85 * 20_000 <= found.worth <= 20_000


def test_of_100_intervals_about_95_hold_the_truth_for_grouped_rows() -> None:
    random, held, rounds = np.random.default_rng(3), 0, 400
    for _ in range(rounds):
        own = random.beta(0.5, 4.5, size=80)  # each person's own share; 0.1 on average
        sizes = random.integers(1, 40, size=80)
        place = random.choice(BUCKETS, 80, replace=False)
        hits, rows = np.zeros(BUCKETS), np.zeros(BUCKETS)
        hits[place], rows[place] = random.binomial(sizes, own), sizes
        found = share(hits, rows, True).share
        assert found.low is not None and found.high is not None
        held += found.low <= 0.1 <= found.high
    assert 0.92 <= held / rounds <= 0.99


def test_where_all_agree_a_group_counts_once() -> None:
    found = counted([False] * 300, [f"g{i // 30}" for i in range(300)]).share
    assert found.value == 0
    assert found.high == pytest.approx(clopper_pearson(0, 10).high, rel=0.02)


def test_a_single_conversation_says_nothing_about_others() -> None:
    found = counted([True, False, False], ["one"] * 3).share
    assert (found.value, found.low, found.high) == (pytest.approx(1 / 3), None, None)


def test_no_rows_no_share() -> None:
    assert Tally(2, 1).shares(False)[1][0].share.value is None


def test_counts_do_not_depend_on_how_rows_are_divided() -> None:
    random = np.random.default_rng(1)
    told = random.random((500, 2)) < 0.3
    cells = random.integers(-1, 3, size=500)
    groups: list[str | None] = [f"g{i % 70}" if i % 3 else None for i in range(500)]
    whole, parts = Tally(3, 2), Tally(3, 2)
    whole.add(cells, buckets_of(groups, 0), told)
    for start in range(0, 500, 97):
        some = slice(start, start + 97)
        parts.add(cells[some], buckets_of(groups[some], start), told[some])
    assert whole.shares(True) == parts.shares(True)
    for cell in range(3):
        assert whole.shares(True)[cell][0].rows == (cells == cell).sum()


@pytest.mark.parametrize("groups", [1, 40, 3000, 12_000])
def test_groups_are_counted_from_empty_buckets(groups: int) -> None:
    sizes = np.bincount(buckets_of([f"person {i}" for i in range(groups)], 0), minlength=BUCKETS)
    assert about(sizes.astype(float)) == pytest.approx(groups, rel=0.03, abs=1)


def test_a_row_keeps_its_number_however_rows_are_read() -> None:
    whole = draws(0, 200_000, "x")
    assert np.array_equal(whole[65_530:131_080], draws(65_530, 65_550, "x"))
    assert len(draws(5, 0, "x")) == 0
    assert 0.49 < whole.mean() < 0.51

"""Cuts against a loop over every possible threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindrail.calibrate.cutoffs import Cuts, best_f1, cheapest, precise, reaching

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=2, max_size=40)


def columns(given_rows):
    return np.array([t for t, _ in given_rows]), np.array([p / 10 for _, p in given_rows])


def all_counts(truth, said):
    """(flagged and true, flagged and false) for every threshold that flags something."""
    return [(int((truth & (said >= t)).sum()), int((~truth & (said >= t)).sum())) for t in np.unique(said)]


def at(cut, truth, said):
    flagged = said >= cut
    return int((truth & flagged).sum()), int((~truth & flagged).sum())


@given(ROWS)
def test_no_threshold_has_a_better_f1(given_rows):
    truth, said = columns(given_rows)
    total = int(truth.sum())

    def f1(hits, alarms):
        return 2 * hits / (hits + alarms + total)

    got = f1(*at(best_f1(Cuts.of(truth, said)), truth, said))
    assert got == pytest.approx(max(f1(*counts) for counts in all_counts(truth, said)))


@given(ROWS, st.sampled_from([0.5, 0.8, 0.9]))
def test_no_threshold_catches_more_at_that_precision(given_rows, goal):
    truth, said = columns(given_rows)
    enough = [hits for hits, alarms in all_counts(truth, said) if hits >= goal * (hits + alarms) - 1e-9]
    cut = precise(Cuts.of(truth, said), goal)
    assert (cut is None) == (not enough)
    if cut is not None:
        assert at(cut, truth, said)[0] == max(enough)


@given(ROWS, st.sampled_from([0.5, 1.0, 5.0]))
def test_no_threshold_is_cheaper(given_rows, miss):
    truth, said = columns(given_rows)
    total = int(truth.sum())
    costs = [miss * (total - hits) + alarms for hits, alarms in all_counts(truth, said)]
    cut = cheapest(Cuts.of(truth, said), miss, 1.0)
    if cut is None:
        assert min(costs) >= miss * total
    else:
        hits, alarms = at(cut, truth, said)
        assert miss * (total - hits) + alarms == pytest.approx(min(costs))


@given(ROWS, st.sampled_from([0.5, 0.55, 0.9, 1.0]))
def test_no_stricter_threshold_reaches_the_recall(given_rows, goal):
    truth, said = columns(given_rows)
    hits, alarms = at(reaching(Cuts.of(truth, said), goal), truth, said)
    enough = [c for c in all_counts(truth, said) if c[0] >= goal * truth.sum() - 1e-9]
    assert (hits, alarms) == min(enough, key=sum)


def test_a_cut_lies_half_way_between_neighbours():
    truth, said = np.array([True, True, False]), np.array([0.9, 0.7, 0.1])
    assert best_f1(Cuts.of(truth, said)) == pytest.approx(0.4)

"""Metrics worked out by hand, and slow references for those that scikit-learn does not have."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindrail import metrics

TRUTH = np.array([True, True, False, False])
SAID = np.array([0.9, 0.4, 0.6, 0.1])
FLAGGED = SAID >= 0.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("precision", 1 / 2),
        ("recall", 1 / 2),
        ("f1", 1 / 2),
        ("false-positive-rate", 1 / 2),
        ("auroc", 3 / 4),  # of four pairs, only (0.4, 0.6) stands the wrong way round
        ("auprc", 1 / 2 * 1 + 1 / 2 * 2 / 3),
        ("fpr-at-90-tpr", 1 / 2),  # both positives need the threshold 0.4, which lets 0.6 in
        ("brier", (0.01 + 0.36 + 0.36 + 0.01) / 4),
        ("ece", (0.1 + 0.6 + 0.6 + 0.1) / 4),  # four rows, four bins
    ],
)
def test_four_rows(name, value):
    assert metrics.get(name).compute(TRUTH, SAID, FLAGGED) == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accuracy", 2 / 4),
        ("macro-f1", (4 / 5 + 0 + 0) / 3),  # the fourth label is neither true nor picked
        ("weighted-f1", (3 * 4 / 5 + 1 * 0) / 4),
        ("micro-f1", 2 * 2 / (2 * 2 + 2 + 2)),
        ("axis-brier", (0.12 + 0.50 + 0.76 + 1.04) / 16),
        ("top-label-ece", (0.3 + 0.6 + 0.5 + 0.6) / 4),
    ],
)
def test_four_rows_of_four_labels(name, value):
    truth = np.eye(4, dtype=bool)[[0, 0, 0, 1]]
    picked = np.eye(4, dtype=bool)[[0, 0, 1, 2]]
    said = np.array([[0.7, 0.1, 0.1, 0.1], [0.4, 0.3, 0.2, 0.1], [0.3, 0.5, 0.1, 0.1], [0.2, 0.2, 0.6, 0.0]])
    assert metrics.get(name).compute(truth, said, picked) == pytest.approx(value)


def test_brier_of_two_exclusive_labels_is_that_of_the_event():
    truth, said = np.column_stack([~TRUTH, TRUTH]), np.column_stack([1 - SAID, SAID])
    event = metrics.get("brier").compute(TRUTH, SAID, FLAGGED)
    assert metrics.get("axis-brier").compute(truth, said, truth) == pytest.approx(event)


def slow_ece(truth, said, bins=15):
    """Give every row the mean rank of its probability, put ranks into bins, and look at each bin."""
    size, kept = len(said), {}
    for label, p in zip(truth, said, strict=True):
        below, same = sum(q < p for q in said), sum(q == p for q in said)
        kept.setdefault(int((below + same / 2) * bins / size), []).append((p, label))
    return sum(abs(sum(p for p, _ in b) - sum(y for _, y in b)) for b in kept.values()) / size


@pytest.mark.parametrize("seed", range(20))
def test_ece_agrees_with_a_slow_loop(seed):
    random = np.random.default_rng(seed)
    said = random.random(50).round(random.integers(1, 4))
    truth = random.random(50) < said
    assert metrics.get("ece").compute(truth, said, truth) == pytest.approx(slow_ece(truth, said))


def test_ece_of_honest_probabilities_is_small_and_of_boasting_ones_is_not():
    random = np.random.default_rng(0)
    honest = random.random(20_000)
    truth = random.random(20_000) < honest
    ece = metrics.get("ece").compute
    assert ece(truth, honest, truth) < 0.02
    assert ece(truth, (honest > 0.5) * 1.0, truth) == pytest.approx(0.25, abs=0.02)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=30))
def test_auroc_counts_pairs(rows):
    truth = np.array([label for label, _ in rows])
    said = np.array([score / 8 for _, score in rows])
    pairs = [(p > q) + (p == q) / 2 for p in said[truth] for q in said[~truth]]
    got = metrics.get("auroc").compute(truth, said, truth)
    assert math.isnan(got) if not pairs else got == pytest.approx(sum(pairs) / len(pairs))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=30))
def test_fpr_at_tpr_is_the_least_over_all_thresholds(rows):
    truth = np.array([label for label, _ in rows])
    said = np.array([score / 8 for _, score in rows])
    if truth.all() or not truth.any():
        return
    rates = [((said >= t)[~truth].mean(), (said >= t)[truth].mean()) for t in np.append(np.unique(said), 2.0)]
    least = min(fpr for fpr, tpr in rates if tpr >= 0.9)
    assert metrics.get("fpr-at-90-tpr").compute(truth, said, truth) == pytest.approx(least)

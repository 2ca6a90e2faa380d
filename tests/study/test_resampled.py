"""Measures from how often rows were drawn are those of the drawn rows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.axes import SCALE, SEVERAL
from mindrail import metrics
from mindrail.stats.bootstrap import resamples
from mindrail.study import resampled
from mindrail.study.rows import Judged
from mindrail.taxonomy import Axis


def judged(axis: Axis, size: int, seed: int, *, grouped: bool = False) -> Judged:
    random = np.random.default_rng(seed)
    k = len(axis.names)
    if axis.exclusive:
        truth, picks = (np.eye(k, dtype=bool)[random.integers(k, size=size)] for _ in range(2))
    else:
        truth, picks = (random.random((size, k)) < 0.4 for _ in range(2))
    ranks = random.integers(6, size=(size, k))
    groups = np.arange(size) // (3 if grouped else 1)
    return Judged(axis.names, axis.exclusive, truth, picks, ranks, ("s",) * size, groups, "o", size)


@pytest.mark.parametrize("axis", [SCALE, SEVERAL], ids=lambda a: a.kind)
@given(size=st.integers(1, 40), seed=st.integers(0, 1000), grouped=st.booleans())
@settings(max_examples=8, deadline=None)
def test_every_measure_of_every_draw_is_that_of_the_metric(
    axis: Axis, size: int, seed: int, grouped: bool
) -> None:
    one = judged(axis, size, seed, grouped=grouped)
    drawn = resamples([str(group) for group in one.groups], size, 0, 5)
    found = dict(resampled.measures(one, resampled.weights(one, 5)))
    for place, chosen in enumerate([np.arange(size), *drawn]):
        truth, picks, ranks = one.truth[chosen], one.picks[chosen], one.ranks[chosen].astype(float)
        accuracy = metrics.get("accuracy").compute(truth, ranks, picks)
        assert found["accuracy"][place] == pytest.approx(accuracy)
        for column in one.present:
            for name in ("f1", "auroc", "fpr-at-95-tpr"):
                expected = metrics.get(name).compute(truth[:, column], ranks[:, column], picks[:, column])
                value = found[f"{name}/{one.columns[column]}"][place]
                assert value == pytest.approx(expected, nan_ok=True), name


def test_the_mean_over_labels_leaves_out_those_that_are_never_true() -> None:
    truth = np.array([[1, 0, 0], [0, 1, 0]] * 4, dtype=bool)
    picks = np.array([[1, 0, 0], [0, 0, 1]] * 4, dtype=bool)  # F1 of 1, 0 and (never true) 0
    one = Judged(SCALE.names, True, truth, picks, np.zeros((8, 3), int), ("s",) * 8, np.arange(8), "o", 8)
    found = resampled.summed_up([one])
    assert found["macro-f1"]["value"] == 0.5 and set(found) == {
        "accuracy",
        "macro-f1",
        *(f"{name}/{label}" for name in ("f1", "auroc", "fpr-at-95-tpr") for label in SCALE.names[:2]),
    }


def test_seeds_widen_the_interval_and_each_is_told() -> None:
    """One seed right everywhere and one wrong everywhere: no row matters, and the next seed is anybody's guess."""
    right = judged(SEVERAL, 60, 1)
    right = replace(right, picks=right.truth)
    wrong = replace(right, picks=~right.truth)
    assert resampled.summed_up([right, wrong])["accuracy"] == {
        "value": 0.5,
        "interval": [0.0, 1.0],
        "each": [1.0, 0.0],
    }
    assert resampled.summed_up([right, right])["accuracy"]["interval"] == [1.0, 1.0]


def test_what_is_undefined_is_none() -> None:
    nothing = Judged(
        ("a",), False, *(np.zeros((4, 1), bool),) * 2, np.zeros((4, 1), int), ("s",) * 4, np.arange(4), "o", 4
    )
    assert resampled.summed_up([nothing]) == {
        "accuracy": {"value": 1.0, "interval": [1.0, 1.0], "each": [1.0]},
        "macro-f1": {"value": None, "interval": [None, None], "each": [None]},
    }

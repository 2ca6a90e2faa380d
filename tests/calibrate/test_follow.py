"""A model that stands in for another keeps its operating points, and makes its own promise."""

import numpy as np
import pytest

from helpers.axes import AXES, TWO, rows
from mindrail.calibrate import decide
from mindrail.calibrate.settings import Settings
from mindrail.calibrate.thresholds import fit, follow
from mindrail.taxonomy import Axis


def decisions(axis: Axis, calibration: object, scores: np.ndarray) -> list[str]:
    return [made.decision for made in decide(axis, calibration, scores)]


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.kind)
def test_following_oneself_changes_no_decision(axis: Axis) -> None:
    targets, scores = rows(axis, 400)
    leader = fit(axis, targets, scores, Settings())
    own = follow(axis, targets, scores, Settings(), leader=leader, leading=scores)
    assert decisions(axis, own, scores) == decisions(axis, leader, scores)


def test_scores_on_another_scale_decide_alike() -> None:
    targets, scores = rows(TWO, 400)
    leader = fit(TWO, targets, scores, Settings())
    wide = 3.0 * scores
    own = follow(TWO, targets, wide, Settings(), leader=leader, leading=scores)
    same = np.mean(np.array(decisions(TWO, own, wide)) == np.array(decisions(TWO, leader, scores)))
    assert same >= 0.995


def test_the_promise_is_its_own_and_is_kept() -> None:
    targets, scores = rows(TWO, 400)
    leader = fit(TWO, targets, scores, Settings())
    blurred = scores + np.random.default_rng(1).normal(0, 0.5, scores.shape)
    own = follow(TWO, targets, blurred, Settings(), leader=leader, leading=scores)
    alone = fit(TWO, targets, blurred, Settings(scaling=leader.scaling.kind))
    assert own.promise == alone.promise
    assert own.thresholds[-1].review <= own.promise.threshold

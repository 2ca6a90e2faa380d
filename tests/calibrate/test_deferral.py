"""Early stages may clear texts, and the recall that is promised still holds for the whole."""

import numpy as np
import pytest

from helpers.axes import TWO
from mindrail.arrays import ndarray
from mindrail.calibrate import Calibration, Scaling, stopped
from mindrail.calibrate.composite import as_scores
from mindrail.calibrate.deferral import LIFTS, MORE_ALARMS, StageScores, asks, compose, fit
from mindrail.calibrate.settings import Settings
from mindrail.calibrate.thresholds import fit as fit_alone
from mindrail.records import Targets

NONE = Scaling.none(2)


def population(
    size: int, seed: int, *, harmful: float = 0.4, early: float = 1.2
) -> tuple[ndarray, list[StageScores]]:
    """Truth, and two stages that err together in part; the early one is the weaker."""
    random = np.random.default_rng(seed)
    truth = random.random(size) < harmful
    shared = random.normal(size=size)
    stages = []
    for strength in (early, 3.0):
        danger = strength * (truth - 0.5) + 0.7 * shared + random.normal(size=size)
        scores = np.stack([np.zeros(size), danger], axis=1)
        stages.append(StageScores(NONE, scores, random.random(size) > 0.02))
    return truth, stages


def targets(truth: ndarray) -> Targets:
    return Targets(np.stack([~truth, truth], axis=1), np.ones(len(truth), dtype=bool))


def rows(stages: list[StageScores], some: ndarray) -> list[StageScores]:
    return [StageScores(stage.scaling, stage.scores[some], stage.read[some]) for stage in stages]


def recall(calibration: Calibration, lift: float, truth: ndarray, stages: list[StageScores]) -> float:
    flags = stopped(TWO, calibration, as_scores(TWO, compose(TWO, stages, lift)[-1]))
    return float(flags[truth].mean())


def test_the_promise_holds_for_the_whole_whichever_lift_is_chosen() -> None:
    """150 calibration sets drawn from one population whose true recall is known."""
    truth, stages = population(20_000, 0)
    goal = Settings(recall=0.9, confidence=0.9)
    held, promised = 0, 0
    for round_ in range(150):
        some = np.random.default_rng(round_ + 1).choice(len(truth), 200, replace=False)
        mine = rows(stages, some)
        last = fit_alone(TWO, targets(truth[some]), mine[-1].scores, goal)
        found = fit(TWO, targets(truth[some]), mine, mine, goal, last=last)
        if found.calibration.promise is not None:
            promised += 1
            held += recall(found.calibration, found.lift, truth, stages) >= 0.9
    assert promised == 150
    assert held / promised >= 0.9 - 3 * np.sqrt(0.09 / 150)


def test_without_the_correction_for_choosing_it_would_be_less_sure() -> None:
    truth, stages = population(2_000, 3)
    goal = Settings(recall=0.9, confidence=0.95)
    last = fit_alone(TWO, targets(truth), stages[-1].scores, goal)
    several = fit(TWO, targets(truth), stages, stages, goal, last=last)
    single = fit(TWO, targets(truth), stages, stages, goal, last=last, lifts=[several.lift])
    assert several.calibration.promise is not None and single.calibration.promise is not None
    assert several.calibration.promise.confidence == single.calibration.promise.confidence == 0.95
    assert several.calibration.promise.misses_allowed < single.calibration.promise.misses_allowed


def test_a_better_early_stage_spares_more_and_false_alarms_stay_near() -> None:
    goal = Settings(recall=0.9)
    shares = []
    for early in (0.2, 1.2, 3.0):
        truth, stages = population(3_000, 5, early=early)
        last = fit_alone(TWO, targets(truth), stages[-1].scores, goal)
        found = fit(TWO, targets(truth), stages, stages, goal, last=last)
        shares.append(found.asks[-1])
        alone = stopped(TWO, last, stages[-1].scores)[~truth].mean()
        assert found.false_alarms <= alone + MORE_ALARMS or found.lift == max(LIFTS)
        assert found.asks[0] == 1.0
    assert shares == sorted(shares, reverse=True) and shares[-1] < 0.8


def test_what_nobody_has_read_goes_through_every_stage() -> None:
    truth, stages = population(500, 7)
    goal = Settings(recall=0.9)
    last = fit_alone(TWO, targets(truth), stages[-1].scores, goal)
    blind = [StageScores(NONE, stages[0].scores, np.zeros(500, dtype=bool)), stages[1]]
    found = fit(TWO, targets(truth), blind, blind, goal, last=last)
    assert found.asks == (1.0, 1.0)
    assert compose(TWO, blind, 0.0)[-1] == pytest.approx(TWO.probabilities(stages[1].scores))
    assert asks(TWO, found.calibration, blind, found.lift) == found.asks

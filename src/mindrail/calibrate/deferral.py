"""When a stage may clear a text by itself: the lift of the early stages, fitted so that the whole keeps its promise.

For each lift of a short list that is fixed beforehand, the cascade is one score, and the thresholds and the promise
on it are fitted like those of any model (`thresholds.fit`). Choosing among the lists' entries by what they cost
looks at the same dev rows again; so each promise is made with the confidence 1 - (1 - c) / entries, and all of them
together, whichever is chosen, hold with confidence c (Bonferroni).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mindrail.arrays import Bool, Float, Int, ndarray
from mindrail.calibrate.composite import as_scores, least, lifted
from mindrail.calibrate.decide import stopped
from mindrail.calibrate.policy import Calibration, Scaling
from mindrail.calibrate.settings import Settings
from mindrail.calibrate.thresholds import fit as fit_thresholds
from mindrail.records import Targets
from mindrail.stats.groups import Groups
from mindrail.taxonomy import Axis

#: in nats of log-odds: how much surer of harmlessness an early stage has to be than it looks
LIFTS = (-2.0, -1.0, 0.0, 1.0, 2.0)
#: share of harmless dev rows by which a cascade may stop more than its last stage alone
MORE_ALARMS = 0.01


class StageScores(NamedTuple):
    """What one stage says about some rows: raw scores, their scaling, and which rows it has read enough of."""

    scaling: Scaling
    scores: Float[ndarray, "n k"]
    read: Bool[ndarray, " n"]


@dataclass(frozen=True)
class Deferral:
    """A lift with the calibration of the whole cascade, and what it costs.

    `asks` is, for each stage, the share of the pool that reaches it. `false_alarms` is the share of harmless dev
    rows that is stopped.
    """

    lift: float
    calibration: Calibration
    asks: tuple[float, ...]
    false_alarms: float


def compose(axis: Axis, stages: Sequence[StageScores], lift: float) -> list[Float[ndarray, "n k"]]:
    """Probabilities after each stage, all stages asked. Rows that no stage has read are those of the last."""
    after: list[ndarray] = []
    heard = np.zeros(len(stages[0].scores), dtype=bool)
    for number, stage in enumerate(stages):
        last = number == len(stages) - 1
        own = lifted(axis, stage.scaling, stage.scores.astype(np.float64), 0.0 if last else lift)
        before = after[-1] if after else own
        says = stage.read | (~heard if last else False)
        joined = np.where(heard[:, None], least(axis, before, own), own)
        after.append(np.where(says[:, None], joined, before))
        heard |= says
    return after


def fit(
    axis: Axis,
    targets: Targets,
    dev: Sequence[StageScores],
    pool: Sequence[StageScores],
    settings: Settings,
    groups: Groups = None,
    *,
    last: Calibration,
    lifts: Sequence[float] = LIFTS,
    data: str = "",
) -> Deferral:
    """The lift that asks the last stage least while dev's false alarms stay near those of the last stage alone.

    `pool` is what messages will look like; no labels are needed. `last` is the calibration of the last stage by
    itself. Where no lift keeps the false alarms, the one with the fewest. Raises what `thresholds.fit` raises.
    """
    sure = 1.0 - (1.0 - settings.confidence) / len(lifts)
    goals = replace(settings, scaling="none", confidence=sure)
    harmless = ~targets.values[:, axis.stopped].any(axis=1) & targets.known
    tried = []
    for lift in lifts:
        scores = as_scores(axis, compose(axis, dev, lift)[-1])
        calibration = fit_thresholds(axis, targets, scores, goals, groups, data=data)
        if calibration.promise is not None:
            promise = replace(calibration.promise, confidence=settings.confidence)
            calibration = replace(calibration, promise=promise)
        alarms = float(stopped(axis, calibration, scores)[harmless].mean()) if harmless.any() else 0.0
        tried.append(Deferral(lift, calibration, asks(axis, calibration, pool, lift), alarms))
    alone = stopped(axis, last, dev[-1].scores)[harmless]
    allowed = (float(alone.mean()) if len(alone) else 0.0) + MORE_ALARMS
    near = [one for one in tried if one.false_alarms <= allowed]
    return min(near, key=lambda one: one.asks[-1]) if near else min(tried, key=lambda one: one.false_alarms)


def asks(
    axis: Axis, calibration: Calibration, stages: Sequence[StageScores], lift: float
) -> tuple[float, ...]:
    """The share of rows that reaches each stage; the first is always asked."""
    reached = reach(axis, calibration, stages, lift)
    return tuple(float((reached >= number).mean()) for number in range(1, len(stages) + 1))


def reach(
    axis: Axis, calibration: Calibration, stages: Sequence[StageScores], lift: float
) -> Int[ndarray, " n"]:
    """How many stages each row asks: on until one that has read it leaves it under every threshold."""
    reached = np.full(len(stages[0].scores), len(stages))
    heard = np.zeros(len(reached), dtype=bool)
    for number, probabilities in enumerate(compose(axis, stages, lift)[:-1], start=1):
        heard |= stages[number - 1].read
        clear = ~stopped(axis, calibration, as_scores(axis, probabilities)) & heard
        reached = np.where(clear & (reached == len(stages)), number, reached)
    return reached

"""What other thresholds would do, and whether probabilities mean what they say. All of the first run."""

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.calibrate.cutoffs import Cuts
from mindrail.evaluate.estimates import share, shares
from mindrail.evaluate.results import Bin, Choice, Point
from mindrail.stats.bootstrap import Draws

BINS = 10
#: a curve has so many points at most
_POINTS = 200
_USUAL = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def precision_recall(truth: Bool[ndarray, " n"], chance: Float[ndarray, " n"]) -> tuple[Point, ...]:
    """Precision and recall from the strictest threshold down; empty where nothing is positive."""
    if not truth.any():
        return ()
    cuts = Cuts.of(truth, chance)
    chosen = np.unique(np.linspace(0, len(cuts.at) - 1, _POINTS).round().astype(int))
    recall, precision = cuts.hits / cuts.positives, cuts.hits / (cuts.hits + cuts.alarms)
    return tuple(Point(float(cuts.at[i]), float(recall[i]), float(precision[i])) for i in chosen)


def reliability(truth: Bool[ndarray, " n"], chance: Float[ndarray, " n"]) -> tuple[Bin, ...]:
    """Said against seen in bins of equal width; bins without rows are left out."""
    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    made = []
    for i in np.unique(place):
        inside = place == i
        seen = share(int(truth[inside].sum()), int(inside.sum()))
        made.append(Bin(i / BINS, (i + 1) / BINS, int(inside.sum()), float(chance[inside].mean()), seen))
    return tuple(made)


def choices(
    truth: Bool[ndarray, " n"], chance: Float[ndarray, " n"], roles: dict[float, str], draws: Draws
) -> tuple[Choice, ...]:
    """What the usual thresholds and the chosen ones (`roles`) would cost, from low to high."""
    limits = sorted({*_USUAL, *roles})
    flags = chance[:, None] >= np.array(limits)
    positive = np.repeat(truth[:, None], len(limits), axis=1)
    recall = shares(flags & positive, positive, draws)
    alarms = shares(flags & ~positive, ~positive, draws)
    return tuple(
        Choice(
            limit,
            roles.get(limit, ""),
            recall[i],
            _precision(truth, flags[:, i]),
            alarms[i],
            stopped=float(flags[:, i].mean()),
            misses=1000 * float((truth & ~flags[:, i]).mean()),
            false_alarms=1000 * float((flags[:, i] & ~truth).mean()),
        )
        for i, limit in enumerate(limits)
    )


def _precision(truth: Bool[ndarray, " n"], flags: Bool[ndarray, " n"]) -> float | None:
    return float(truth[flags].mean()) if flags.any() else None

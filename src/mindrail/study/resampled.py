"""Measures of judged rows in many resamples at once, as products with how often each row was drawn.

The same numbers as `mindrail.metrics` gives for the drawn rows, a hundred times faster: a study has thousands.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mindrail.arrays import Bool, Float, Int, ndarray
from mindrail.stats.bootstrap import combine, percentile, resamples
from mindrail.study.numbers import plain, rounded
from mindrail.study.rows import Judged

ROUNDS = 500


def summed_up(seeds: Sequence[Judged], rounds: int = ROUNDS) -> dict[str, dict[str, Any]]:
    """Every measure's mean over seeds, which judged the same rows, with its interval and each seed's value.

    Names are `accuracy`, `macro-f1`, and `f1/LABEL`, `auroc/LABEL`, `fpr-at-95-tpr/LABEL` for each label that is true
    of any row. The interval is for other rows and other seeds at once. Undefined values are None.
    """
    drawn = weights(seeds[0], rounds)
    found = [dict(measures(one, drawn)) for one in seeds]
    return {name: _interval([one[name] for one in found]) for name in found[0]}


def weights(judged: Judged, rounds: int, seed: int = 0) -> Float[ndarray, "draws n"]:
    """How often each row counts: once in the first line, as often as it was drawn in those of the rounds."""
    size = len(judged)
    drawn = resamples([str(group) for group in judged.groups], size, seed, rounds)
    return np.stack([np.ones(size), *(np.bincount(rows, minlength=size).astype(float) for rows in drawn)])


def measures(
    judged: Judged, drawn: Float[ndarray, "draws n"]
) -> Iterator[tuple[str, Float[ndarray, " draws"]]]:
    """Each measure in every draw; NaN where a draw leaves it undefined."""
    truth, picks = judged.truth, judged.picks
    with np.errstate(invalid="ignore", divide="ignore"):
        yield "accuracy", drawn @ (truth == picks).all(axis=1) / drawn.sum(axis=1)
        f1 = 2 * drawn @ (truth & picks) / (drawn @ truth + drawn @ picks)
        yield (
            "macro-f1",
            f1[:, judged.present].mean(axis=1) if judged.present else np.full(len(drawn), np.nan),
        )
        for column in judged.present:
            label = judged.columns[column]
            auroc, fpr = ranking(truth[:, column], judged.ranks[:, column], drawn)
            yield f"f1/{label}", f1[:, column]
            yield f"auroc/{label}", auroc
            yield f"fpr-at-95-tpr/{label}", fpr


def ranking(
    truth: Bool[ndarray, " n"], ranks: Int[ndarray, " n"], drawn: Float[ndarray, "draws n"], tpr: float = 0.95
) -> tuple[Float[ndarray, " draws"], Float[ndarray, " draws"]]:
    """AUROC, and the smallest false positive rate that catches at least `tpr` of the positives."""
    order = np.argsort(-ranks, kind="stable")
    starts = np.flatnonzero(np.diff(ranks[order], prepend=ranks.max() + 1))
    ordered, true = drawn[:, order], truth[order]
    more_hits = np.add.reduceat(ordered * true, starts, axis=1)
    more_alarms = np.add.reduceat(ordered * ~true, starts, axis=1)
    hits, alarms = more_hits.cumsum(axis=1), more_alarms.cumsum(axis=1)
    positives, negatives = hits[:, -1], alarms[:, -1]
    ahead = (more_alarms * (hits - more_hits / 2)).sum(axis=1)
    enough = (hits >= tpr * positives[:, None] - 1e-9).argmax(axis=1)
    rate = alarms[np.arange(len(alarms)), enough] / negatives
    return ahead / (positives * negatives), np.where(positives > 0, rate, np.nan)


def _interval(values: Sequence[Float[ndarray, " draws"]]) -> dict[str, Any]:
    single, rounds = np.array([one[0] for one in values]), np.mean([one[1:] for one in values], axis=0)
    found = (
        combine(single, rounds, limits=(0.0, 1.0))
        if len(values) > 1
        else percentile(float(single[0]), rounds)
    )
    return plain(found) | {"each": [rounded(float(value)) for value in single]}

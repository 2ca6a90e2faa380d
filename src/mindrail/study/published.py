"""A study's printed table beside the same numbers computed from the predictions that its authors released."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from mindrail.study.picks import Rows, Runs, pairs, table

#: a column of the printed table, and what we call it
COLUMNS = {
    "accuracy": "accuracy",
    "precision": "weighted-precision",
    "recall": "weighted-recall",
    "f1": "weighted-f1",
}
FIGURES = ("mean", "sd")
#: a printed figure may lie exactly halfway between two
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Checkpoints:
    """Test accuracy by seed after the epoch that was reported, the best one on the test set, and after the last."""

    best: Mapping[str, float]
    last: Mapping[str, float]


@dataclass(frozen=True)
class Expected:
    """What was printed, in per cent: mean and standard deviation per model and column, and how exactly.

    `logs` holds what the authors' training logs say, for models whose checkpoint was chosen on the test set.
    """

    source: str
    tolerance: float  # in points: half of the last printed digit
    digits: int  # of each run's figures, which the authors' script rounds before the table averages them
    table: Mapping[str, Mapping[str, tuple[float, float]]]
    logs: Mapping[str, Checkpoints] = field(default_factory=dict)


def beside(rows: Rows, models: Mapping[str, Runs], expected: Expected) -> dict[str, Any]:
    """The table again, how far each figure is from print, and what the printed table leaves out."""
    found = table(rows, models)
    figures = [
        {"model": model, "column": column, "figure": figure, "printed": printed, "computed": 100 * computed}
        for model, columns in expected.table.items()
        for column, both in columns.items()
        for runs in [[round(value, expected.digits) for value in found[model][COLUMNS[column]]["values"]]]
        for figure, printed, computed in zip(FIGURES, both, (fmean(runs), stdev(runs)), strict=True)
    ]
    apart = {
        name: max(abs(f["printed"] - f["computed"]) for f in figures if f["figure"] == name)
        for name in FIGURES
    }
    return {
        "source": expected.source,
        "tolerance_points": expected.tolerance,
        "max_abs_difference_points": apart["mean"],
        "max_abs_difference_points_sd": apart["sd"],
        "figures": figures,
        "models": found,
        "pairs": pairs(rows, models),
        "checkpoints": {model: _chosen(log) for model, log in expected.logs.items()},
        "worst_run": {model: worst(rows, runs) for model, runs in models.items() if len(runs) > 2},
    }


def _chosen(log: Checkpoints) -> dict[str, Any]:
    """What choosing the epoch on the test set added, against taking the last one."""
    gains = [log.best[seed] - log.last[seed] for seed in log.best]
    return {
        "best": {"mean": fmean(log.best.values()), "sd": stdev(log.best.values())},
        "last": {"mean": fmean(log.last.values()), "sd": stdev(log.last.values())},
        "gain": fmean(gains),
        "gain_by_seed": dict(zip(log.best, gains, strict=True)),
    }


def worst(rows: Rows, runs: Runs) -> dict[str, Any]:
    """The run with the lowest accuracy of three or more: how far below the others it lies, and what it never says.

    `distance` is in standard deviations of the others; a collapsed run lies many of them below.
    """
    right = {run: float(rows.truth[range(len(picked)), picked].mean()) for run, picked in runs.items()}
    name = min(right, key=right.__getitem__)
    others = [value for run, value in right.items() if run != name]
    never = [
        label
        for i, label in enumerate(rows.axis.names)
        if rows.truth[:, i].any() and not (runs[name] == i).any()
    ]
    mean, sd = fmean(others), stdev(others)
    return {
        "run": name,
        "accuracy": right[name],
        "others": {"mean": mean, "sd": sd},
        "distance": (mean - right[name]) / (sd * sqrt(1 + 1 / len(others))) if sd else None,
        "never_says": never,
    }


def sentence(found: Mapping[str, Any]) -> str:
    """What came of it, in a line."""
    apart, sd = found["max_abs_difference_points"], found["max_abs_difference_points_sd"]
    held = "reproduced" if max(apart, sd) <= found["tolerance_points"] + _ROUNDING else "NOT reproduced"
    return (
        f"{found['source']}: {held}; {len(found['figures'])} figures, the farthest mean is {apart:.3f} points "
        f"from print, the farthest standard deviation {sd:.3f} (printed to {2 * found['tolerance_points']:g})"
    )

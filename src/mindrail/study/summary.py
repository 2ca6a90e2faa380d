"""Finished cells to numbers: means over seeds with intervals, gains over the supervised twin, paired tests.

Everything is computed from the small result files, so that a study can be summed up without data or models.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from mindrail import files, metrics
from mindrail.arrays import ndarray
from mindrail.metrics import Metric
from mindrail.stats.bootstrap import bootstrap_over_seeds, combine, resamples
from mindrail.stats.compare import compare
from mindrail.stats.measure import Output, statistic
from mindrail.study import curves, label_tables, readme
from mindrail.study.cell import unpacked, unpacked_numbers
from mindrail.study.numbers import plain, points, rounded
from mindrail.study.plan import SUPERVISED, Cell, Plan

Result = Mapping[str, Any]
ROUNDS = 1000
#: what cells of one group share; their seeds differ
SHARED = ("task", "labels", "family", "algorithm", "views", "arm")


def write(plan: Plan, cells: Sequence[Cell], results: Path, folder: Path) -> dict[str, Any]:
    """Sum up the finished ones of `cells` into `folder`, and return the summary.

    Written are `summary.json`, a drawing per task, and the tables in README.md, if one is there.
    """
    done = _finished(cells, results)
    groups: dict[tuple[Any, ...], list[Cell]] = defaultdict(list)
    for cell in done:
        groups[tuple(getattr(cell, name) for name in SHARED)].append(cell)
    rows = []
    for shared, group in groups.items():
        found = [files.read_json(results / f"{cell.key}.json") for cell in group]
        twins = [_twin(cell, results) for cell in group]
        rows.append(dict(zip(SHARED, shared, strict=True)) | _row(found, twins))
    summary = {"study": plan.name, "cells": len(cells), "finished": len(done), "groups": rows}
    files.write_json(folder / "summary.json", summary)
    for task in plan.tasks:
        drawn = curves.learning_curve([row for row in rows if row["task"] == task], task)
        if drawn is not None:
            files.write_text(folder / f"{task}.svg", drawn)
    readme.into(folder / "README.md", label_tables.tables(summary))
    return summary


def as_text(summary: Mapping[str, Any], left: int) -> str:
    """The summary as a table for a terminal."""
    lines = [f"{'cells':54} {'seeds':>5} {'dev':>5}  {'test F1':24} gain over supervised"]
    for row in summary["groups"]:
        name = f"{row['task']} {row['labels']} {row['family']} {row['algorithm']} {row['views']} {row['arm']}"
        gain = "" if row["gain"] is None else points(row["gain"], signed=True)
        lines.append(
            f"{name:54} {len(row['seeds']):5} {100 * row['dev']:5.1f}  {points(row['test']):24} {gain}"
        )
    lines.append(f"{summary['finished']} of {summary['cells']} cells are done")
    if left:
        lines.append(f"{left} are not: start the same command again")
    return "\n".join(lines)


def outputs(results: Sequence[Result], part: str = "test", *, clean: bool = False) -> list[Output]:
    """What each seed decided about every row of a set; with `clean` only rows whose group was never seen."""
    picks = [unpacked(result["sets"][part]["picks"]) for result in results]
    if clean:
        kept = unpacked(results[0]["sets"][part]["clean"])
        picks = [pick[kept] for pick in picks]
    return [Output(pick.astype(float), pick) for pick in picks]


def truth_of(result: Result, part: str = "test", *, clean: bool = False) -> tuple[ndarray, list[str] | None]:
    """The answers of a set and which rows belong together."""
    about = result["sets"][part]
    groups = (
        None if about["groups"] is None else [str(number) for number in unpacked_numbers(about["groups"])]
    )
    kept = unpacked(about["clean"]) if clean else None
    true = unpacked(about["truth"])
    if kept is None:
        return true, groups
    return true[kept], None if groups is None else [g for g, there in zip(groups, kept, strict=True) if there]


def mean(results: Sequence[Result], part: str = "test", *, clean: bool = False) -> dict[str, Any]:
    """The steering metric's mean over seeds with its interval, and each seed's value."""
    _refuse_other_rows(results, part)
    true, groups = truth_of(results[0], part, clean=clean)
    metric = _metric(true)
    computes = [statistic(metric, true, output) for output in outputs(results, part, clean=clean)]
    draws = resamples(groups, len(true), 0, ROUNDS)
    found = bootstrap_over_seeds(computes, len(true), groups, draws=draws, limits=metric.range)
    each = [_value(metric, true, output) for output in outputs(results, part, clean=clean)]
    return plain(found) | {"each": [rounded(value) for value in each]}


def difference(a: Sequence[Result], b: Sequence[Result], part: str = "test") -> dict[str, Any]:
    """How much better `a` is than `b`, seed by seed on the same rows.

    The interval is for other rows and other seeds, `p_rows` for other rows of these very runs.
    """
    _refuse_other_rows([*a, *b], part)
    true, groups = truth_of(a[0], part)
    found = compare(_metric(true), true, outputs(a, part), outputs(b, part), groups)
    return plain(found.difference) | {"p_rows": found.p}


def _refuse_other_rows(results: Sequence[Result], part: str) -> None:
    if len({result["sets"][part]["ids"] for result in results}) > 1:
        raise ValueError(f"found results on different rows of '{part}', expected the same ones")


def _row(results: Sequence[Result], twins: Sequence[Result | None]) -> dict[str, Any]:
    pairs = [(own, twin) for own, twin in zip(results, twins, strict=True) if twin is not None]
    sets = results[0]["sets"]
    clean = sets["test"]["clean"] is not None
    sure = [result["course"]["sure"][-1] for result in results if result["course"].get("sure")]
    return {
        "labelled": results[0]["rows"]["labelled"],
        "seeds": [result["cell"]["seed"] for result in results],
        "dev": next(iter(_means(results, "dev").values())),
        "test": mean(results),
        "clean": mean(results, clean=True) if clean else None,
        "measures": _means(results, "test"),
        "transfer": {name: mean(results, name) for name in sets if name not in ("dev", "test")},
        "sure": fmean(sure) if sure else None,
        "seconds": fmean(result["seconds"] for result in results),
    } | _gained(*zip(*pairs, strict=True))


def _gained(own: Sequence[Result] = (), twins: Sequence[Result] = ()) -> dict[str, Any]:
    """What was gained over the supervised twins, on test and on dev, and what a point of it cost.

    Dev is of the same source as the unlabelled texts, so the two tell a poor algorithm from a pool that is unlike
    the test. `seconds_per_point`: of training beyond the twin's, for each F1 point on test; None where none was
    gained.
    """
    if not own:
        return dict.fromkeys(("gain", "gain_dev", "auroc_gain", "more_seconds", "seconds_per_point"))
    gain = difference(own, twins)
    more = fmean(a["seconds"] - b["seconds"] for a, b in zip(own, twins, strict=True))
    won = gain["value"] is not None and gain["value"] > 0
    return {
        "gain": gain,
        "gain_dev": difference(own, twins, "dev"),
        "auroc_gain": {part: _auroc_gain(own, twins, part) for part in ("test", "dev")},
        "more_seconds": more,
        "seconds_per_point": more / (100 * gain["value"]) if won else None,
    }


def _auroc_gain(own: Sequence[Result], twins: Sequence[Result], part: str) -> dict[str, Any] | None:
    """How much better rows are ordered, whatever the threshold. No scores are kept, so its interval is for other
    seeds alone, and one seed has none; None where labels do not exclude each other."""
    ours, theirs = ([of["sets"][part]["measures"].get("auroc") for of in side] for side in (own, twins))
    if None in [*ours, *theirs]:
        return None
    each = np.array(ours) - np.array(theirs)
    if len(each) == 1:
        return {"value": rounded(float(each[0])), "interval": [None, None]}
    return plain(combine(each, np.zeros(2)))


def _means(results: Sequence[Result], part: str) -> dict[str, float | None]:
    """Each measure's mean over seeds; None where it is undefined for one of them."""
    found = [result["sets"][part]["measures"] for result in results]
    columns = {name: [measures[name] for measures in found] for name in found[0]}
    return {name: None if None in values else fmean(values) for name, values in columns.items()}


def _twin(cell: Cell, results: Path) -> Result | None:
    path = results / f"{cell.twin.key}.json"
    return files.read_json(path) if cell.algorithm != SUPERVISED and path.is_file() else None


def _finished(cells: Sequence[Cell], results: Path) -> list[Cell]:
    return [cell for cell in cells if (results / f"{cell.key}.json").is_file()]


def _metric(true: ndarray) -> Metric:
    return metrics.get("f1" if true.ndim == 1 else "macro-f1")


def _value(metric: Metric, true: ndarray, output: Output) -> float:
    return metric.compute(true, output.probability, output.chosen)

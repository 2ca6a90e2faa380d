"""Finished cells of a study of sizes to numbers: measures with intervals, per label and source, and costs.

Everything is computed from the small result files, so that a study can be summed up without data or models.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from mindrail import files, metrics
from mindrail.errors import BadConfig
from mindrail.stats.compare import compare
from mindrail.study import readme, resampled, scatter, size_tables
from mindrail.study.numbers import plain, points, rounded
from mindrail.study.plan import Cell, Plan
from mindrail.study.rows import Judged, unpacked

Result = Mapping[str, Any]
Group = Mapping[str, Any]
#: what is told of a source or an outside set; labels are told apart for the whole test part
HEAD = ("accuracy", "macro-f1")


def write(plan: Plan, cells: Sequence[Cell], results: Path, folder: Path) -> dict[str, Any]:
    """Sum up into `folder`: `summary.json`, drawings, and the tables in README.md, if one is there."""
    summary = summed_up(plan, cells, results)
    files.write_json(folder / "summary.json", summary)
    for task in plan.tasks:
        for cost in scatter.COSTS:
            drawn = scatter.quality(summary["groups"], task, cost)
            if drawn is not None:
                files.write_text(folder / f"{task}-{cost}.svg", drawn)
    readme.into(folder / "README.md", size_tables.tables(summary, plan.honest))
    return summary


def summed_up(plan: Plan, cells: Sequence[Cell], results: Path) -> dict[str, Any]:
    """The finished ones of `cells` as numbers: each group of seeds, and the plan's gains between groups."""
    done = finished(cells, results)
    return {
        "study": plan.name,
        "cells": len(cells),
        "finished": sum(map(len, done.values())),
        "groups": [_group(plan, name, own) for name, own in done.items()],
        "gains": {name: gain(done[a], done[b]) | {"of": a, "over": b} for name, (a, b) in _pairs(plan, done)},
    }


def finished(cells: Sequence[Cell], results: Path) -> dict[str, list[Result]]:
    """The results there are, by group of cells that only differ in their seed, in the order of the plan."""
    found: dict[str, list[Result]] = {}
    for cell in cells:
        path = results / f"{cell.key}.json"
        if path.is_file():
            found.setdefault(cell.group, []).append(files.read_json(path) | {"named": cell})
    return found


def gain(a: Sequence[Result], b: Sequence[Result]) -> dict[str, Any]:
    """How much better `a` is than `b` in macro F1 of the test part, seed by seed, on the rows that both judged.

    The interval is for other rows and other seeds, `p_rows` for other rows of these very runs.
    """
    seeds = sorted({of["named"].seed for of in a} & {of["named"].seed for of in b})
    pairs = [(_of(a, seed), _of(b, seed)) for seed in seeds]
    size = min(len(one) for pair in pairs for one in pair)
    pairs = [(x.first(size), y.first(size)) for x, y in pairs]
    first = pairs[0][0]
    _refuse_other_rows([one for pair in pairs for one in pair])
    groups = [str(group) for group in first.groups]
    outputs = ([x.output() for x, _ in pairs], [y.output() for _, y in pairs])
    found = compare(metrics.get("macro-f1"), first.truth, *outputs, groups)
    return plain(found.difference) | {"p_rows": rounded(found.p), "seeds": seeds, "rows": size}


def as_text(summary: Mapping[str, Any], left: int) -> str:
    """The summary as a table for a terminal."""
    lines = [f"{'cells':64} {'seeds':>5}  {'macro F1':22} {'honest':>6} {'peak MB':>8} {'ms each':>8}"]
    for row in summary["groups"]:
        honest, costs = row["honest"], row["costs"]
        value = "" if honest is None else f"{100 * honest['macro-f1']['value']:6.1f}"
        said = points(row["test"]["macro-f1"])
        memory, each = costs["peak_rss_mb"], costs["single_ms"]
        lines.append(
            f"{row['name']:64} {len(row['seeds']):5}  {said:22} {value:>6} {memory:8.0f} {each:8.1f}"
        )
    for name, found in summary["gains"].items():
        lines.append(f"{name}: {points(found, signed=True)}, p of rows = {found['p_rows']:.3f}")
    lines.append(f"{summary['finished']} of {summary['cells']} cells are done")
    if left:
        lines.append(f"{left} are not: start the same command again")
    return "\n".join(lines)


def _group(plan: Plan, name: str, results: Sequence[Result]) -> dict[str, Any]:
    cell: Cell = results[0]["named"]
    judged = {part: [unpacked(of["sets"][part]) for of in results] for part in results[0]["sets"]}
    for seeds in judged.values():
        _refuse_other_rows(seeds)
    test = judged.pop("test")
    sources = sorted(set(test[0].sources))
    honest = [source for source in sources if source in plan.honest]
    return {
        "name": name,
        "task": cell.task,
        "model": cell.model or cell.family,
        "labels": cell.labels,
        "labelled": results[0]["rows"]["labelled"],
        "arm": cell.arm,
        "seeds": [of["named"].seed for of in results],
        "rows": len(test[0]),
        "of": test[0].of,
        "test": resampled.summed_up(test),
        "honest": _of_sources(test, honest) if honest else None,
        "sources": {source: _head(_of_sources(test, [source])) for source in sources if len(sources) > 1},
        "outside": {part: resampled.summed_up(seeds) for part, seeds in judged.items()},
        "costs": _costs(results),
        "training_s": round(median(of["seconds"] for of in results), 1),
    }


def _of_sources(seeds: Sequence[Judged], sources: Sequence[str]) -> dict[str, Any]:
    chosen = np.isin(seeds[0].sources, sources)
    return {"rows": int(chosen.sum())} | resampled.summed_up([one.rows(chosen) for one in seeds])


def _head(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("rows", *HEAD)}


def _costs(results: Sequence[Result]) -> dict[str, Any]:
    """The median over seeds of each number, what each seed gave for memory, and the machine it was measured on."""
    found = [of["costs"] for of in results]
    said = ("accelerator", "answers")
    numbers = {name: [one[name] for one in found] for name in found[0] if name not in said}
    middle = {name: None if None in values else median(values) for name, values in numbers.items()}
    machine = results[0]["machine"]
    return middle | {
        "each_peak_rss_mb": numbers["peak_rss_mb"],
        **{name: found[0].get(name) for name in said},
        "processor": machine["processor"],
    }


def _pairs(plan: Plan, done: Mapping[str, Sequence[Result]]) -> list[tuple[str, tuple[str, str]]]:
    """The gains whose two groups share a seed."""
    known = {cell.group for small in (False, True) for cell in plan.cells(small=small)}
    pairs = []
    for name, groups in plan.gains.items():
        if len(groups) != 2 or not set(groups) <= known:
            raise BadConfig(
                f"gain '{name}' names {groups}; expected two groups of cells, as --list shows them"
            )
        seeds = [{of["named"].seed for of in done.get(group, ())} for group in groups]
        if seeds[0] & seeds[1]:
            pairs.append((name, (groups[0], groups[1])))
    return pairs


def _of(results: Sequence[Result], seed: int) -> Judged:
    return unpacked(next(of for of in results if of["named"].seed == seed)["sets"]["test"])


def _refuse_other_rows(seeds: Sequence[Judged]) -> None:
    if len({(one.order, len(one)) for one in seeds}) > 1:
        raise BadConfig(
            "found results on different rows of one set, expected the same ones in the same order. Do: compare "
            "groups whose data hold out the same texts, and delete cells that were run before the data changed"
        )

"""What unlabelled messages are worth on prompt-harm with 200 labels, from the finished cells of the study.

    python benchmarks/label_budget.py

The best way of learning is chosen by its mean dev F1 among those with three seeds, and reported on test. Reads the
result files alone, no data.
"""

from pathlib import Path
from typing import Any

from _result import measure, write

from mindrail import files
from mindrail.study import plan as plans
from mindrail.study import runner, summary
from mindrail.study.plan import Cell

STUDY = Path("studies/label-budget")
POINTS = "F1 points of harmful"

Group = list[tuple[Cell, dict[str, Any]]]


def groups(cells: list[Cell]) -> dict[str, Group]:
    """Finished cells by what their seeds share."""
    found: dict[str, Group] = {}
    for cell in cells:
        path = STUDY / "cells" / f"{cell.key}.json"
        if path.is_file():
            found.setdefault(cell.name.replace(f", seed {cell.seed}", ""), []).append(
                (cell, files.read_json(path))
            )
    return found


def points(found: dict[str, Any], unit: str = POINTS) -> dict[str, Any]:
    """A measure in points, with what each seed gave."""
    low, high = found["interval"]
    told = measure(100 * found["value"], (100 * low, 100 * high), unit)
    return told | {name: found[name] for name in ("each", "p_rows") if name in found}


def dev(group: Group) -> float:
    return sum(result["sets"]["dev"]["measures"]["f1"] for _, result in group) / len(group)


def results(group: Group) -> list[dict[str, Any]]:
    return [result for _, result in group]


def main() -> None:
    plan = plans.load(STUDY / "plan.yaml")
    cells = plan.cells()
    known = groups([cell for cell in cells if cell.task == "prompt-harm"])
    seeds = {name: len(group) for name, group in known.items()}
    twin, full = known["prompt-harm 200: supervised"], known.get("prompt-harm all: supervised")
    several = {
        name: group
        for name, group in known.items()
        if group[0][0].labels == 200 and not group[0][0].supervised and len(group) == len(twin)
    }
    best = max(several, key=lambda name: dev(several[name]))
    gain = summary.difference(results(several[best]), results(twin))
    more = sum(
        a["seconds"] - b["seconds"] for a, b in zip(results(several[best]), results(twin), strict=True)
    )
    measures = {
        "gain_200_f1": points(gain) | {"of": best},
        "gain_200_f1_dev": points(summary.difference(results(several[best]), results(twin), "dev"))
        | {"of": best},
        "more_minutes": measure(more / len(twin) / 60, None, "minutes of training beyond the labels alone"),
        "f1_200_supervised": points(summary.mean(results(twin))),
        "f1_200_semi_supervised": points(summary.mean(results(several[best]))) | {"of": best},
    }
    if full is not None:
        gap = summary.difference(results(full), results(several[best]))
        measures["gap_to_full_f1"] = points(gap) | {"of": best}
        measures["f1_full_supervised"] = points(summary.mean(results(full)))
    for name, group in several.items():
        key = name.removeprefix("prompt-harm 200: ").replace(", ", "_").replace(" ", "_")
        measures[f"gain/{key}"] = points(summary.difference(results(group), results(twin)))
    left = runner.pending(cells, STUDY / "cells")
    print(
        write(
            "label_budget",
            measures,
            chosen_on="mean dev F1",
            dev={name: round(dev(group), 4) for name, group in known.items()},
            seeds=seeds,
            cells=len(cells),
            missing_cells=[cell.name for cell in left],
        )
    )


if __name__ == "__main__":
    main()

"""What size is worth: every model of the study of sizes, from its finished cells.

    python benchmarks/model_size.py

Quality in points over seeds with intervals, memory and time as measured in a fresh process per cell. Reads the result
files alone, no data. Which rows were judged, and how, stands in studies/model-size/README.md.
"""

from pathlib import Path
from typing import Any

from _result import measure, write

from mindrail.study import plan as plans
from mindrail.study import runner, size_summary

STUDY = Path("studies/model-size")
TASKS = {"emotional-risk": "", "harm-six": "_harm_six"}


def points(found: dict[str, Any], unit: str) -> dict[str, Any]:
    """A share in points, with what each seed gave or how sure a difference is."""
    low, high = found["interval"]
    told = measure(100 * found["value"], None if low is None else (100 * low, 100 * high), unit)
    return told | {name: found[name] for name in ("each", "p_rows", "rows", "of", "over") if name in found}


def of_group(group: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The measures of one model, by the last part of their name."""
    test, costs = group["test"], group["costs"]
    found = {
        "macro_f1": points(test["macro-f1"], "macro F1 points, test"),
        "accuracy": points(test["accuracy"], "points of accuracy, test"),
    }
    if group["honest"] is not None:
        found["honest_macro_f1"] = points(
            group["honest"]["macro-f1"], "macro F1 points, sources with all labels"
        )
    for name, value in test.items():
        kind, _, label = name.partition("/")
        if label and value["value"] is not None:
            found[f"{kind.replace('-', '_')}/{label}"] = points(value, f"points of {kind}, test")
    for name, value in group["outside"].items():
        if value["macro-f1"]["value"] is not None:
            found[f"outside/{name}/macro_f1"] = points(value["macro-f1"], "macro F1 points")
    each = costs["each_peak_rss_mb"]
    found["peak_rss_mb"] = measure(
        costs["peak_rss_mb"], (min(each), max(each)), "MB, smallest and largest seed"
    )
    for name, unit in (("single_ms", "ms"), ("cpu_s_per_1000", "CPU seconds"), ("parameters", "numbers")):
        if costs[name] is not None:
            found[name] = measure(costs[name], None, unit)
    if costs["cuda_peak_mb"] is not None:
        found["cuda_peak_mb"] = measure(costs["cuda_peak_mb"], None, f"MB on {costs['accelerator']}")
    return found


def main() -> None:
    plan = plans.load(STUDY / "plan.yaml")
    cells = plan.cells()
    summary = size_summary.summed_up(plan, cells, STUDY / "cells")
    measures = {}
    for task, suffix in TASKS.items():
        gain = summary["gains"].get(f"{task}, LoRA over zero-shot")
        if gain is not None:
            measures[f"lora_vs_zero_shot_macro_f1_gain{suffix}"] = points(gain, "macro F1 points")
    for group in summary["groups"]:
        measures |= {f"{group['name']}/{name}": found for name, found in of_group(group).items()}
    gains = {name: points(gain, "macro F1 points") for name, gain in summary["gains"].items()}
    left = runner.pending(cells, STUDY / "cells")
    seeds = {group["name"]: group["seeds"] for group in summary["groups"]}
    rows = {group["name"]: group["rows"] for group in summary["groups"]}
    missing = [cell.name for cell in left]
    told = {"gains": gains, "seeds": seeds, "rows": rows, "cells": len(cells), "missing_cells": missing}
    print(write("model_size", measures, **told))


if __name__ == "__main__":
    main()

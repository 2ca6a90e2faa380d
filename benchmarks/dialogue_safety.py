"""The numbers of the study of dialogue safety, from its finished jobs and the authors' released predictions.

    mindrail study dialogue-safety
    python benchmarks/dialogue_safety.py [--released CHECKOUT]

Writes `table2.json` (the printed table again, and what it left out), `ordered_vs_flat.json` (ordered labels learned
node by node against flat, paired) and `language_transfer.json` (what a model of one language says on the other).
Seeds: 0 for training and resampling, 13 for folds; the authors' runs have their own.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from _result import measure, write

from mindrail import config
from mindrail.study import dialogue_summary
from mindrail.study.ordered import OrderedPlan
from mindrail.study.picks import COMPARED

STUDY = Path(__file__).parents[1] / "studies" / "dialogue-safety"
NUMBERS = ("macro-f1", "stop recall", "stop f1", "accuracy", "weighted-f1")


def table2(found: dict[str, Any]) -> None:
    measures = {
        "max_abs_difference_points": measure(found["max_abs_difference_points"], None, "points, 24 means"),
        "max_abs_difference_points_sd": measure(
            found["max_abs_difference_points_sd"], None, "points, 24 standard deviations"
        ),
    }
    for model, numbers in found["models"].items():
        for name in NUMBERS:
            line = numbers[name]
            measures[f"{model} {name}"] = measure(
                line["mean"], line["interval"], "mean of five runs, share of 1"
            )
    for model, log in found["checkpoints"].items():
        measures[f"{model} gain of the best epoch on test"] = measure(
            100 * log["gain"], None, "points of accuracy"
        )
    for model, run in found["worst_run"].items():
        unit = f"standard deviations of the other runs that run {run['run']} lies below their mean"
        measures[f"{model} worst run"] = measure(run["distance"], None, unit)
    print(write("table2", measures, source=found["source"], figures=found["figures"], pairs=found["pairs"]))


def ordered_vs_flat(tests: dict[str, Any]) -> None:
    pairs = [(test, pair) for test in tests for pair in tests[test]["node_by_node_minus_flat"]]
    measures = {
        f"{test}: {pair['a']} minus flat, {pair['number']}": measure(
            100 * pair["difference"],
            [100 * end for end in pair["interval"]],
            f"points, p {pair['p']:.3f} (Holm)",
        )
        for test, pair in pairs
    }
    if measures:
        print(write("ordered_vs_flat", measures))


def language_transfer(tests: dict[str, Any]) -> None:
    measures = {}
    for test, found in tests.items():
        for model, numbers in found["models"].items():
            for name in COMPARED:
                line = numbers[name]
                measures[f"{test}: {model}, {name}"] = measure(line["mean"], line["interval"], "share of 1")
            auroc = float(np.mean(numbers["stop_auroc"]))
            measures[f"{test}: {model}, AUROC of stopping"] = measure(auroc, None, "0.5 is a coin")
    said = {test: {model: row["said"] for model, row in tests[test]["models"].items()} for test in tests}
    if measures:
        print(write("language_transfer", measures, said=said))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--released", type=Path, help="a checkout of the authors' repository")
    options = parser.parse_args()
    summary = dialogue_summary.write(config.load(OrderedPlan, STUDY / "plan.yaml"), STUDY, options.released)
    found = dialogue_summary.rounded(summary)
    if found["released"] is not None:
        table2(found["released"])
    ordered_vs_flat(found["tests"])
    language_transfer(found["tests"])


if __name__ == "__main__":
    main()

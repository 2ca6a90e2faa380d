"""prompt-harm with 200 labels and with all: F1 per family over three seeds, and false alarms on minimal pairs.

    python benchmarks/baseline.py [--work out/study]

The runs are the supervised cells of studies/label-budget (`mindrail study label-budget --only supervised` makes
them); those that are missing are named in the result. A run that is no longer in the work folder is trained again for
the minimal pairs.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from _result import measure, write

from mindrail import files
from mindrail.calibrate.decide import stopped
from mindrail.calibrate.settings import Settings
from mindrail.cli import _progress
from mindrail.data import corpus
from mindrail.recipes import calibrate
from mindrail.recipes.predict import predict, predict_part
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split
from mindrail.stats.bootstrap import bootstrap_over_seeds
from mindrail.study import cell as cells
from mindrail.study import plan as plans
from mindrail.study import runner, summary
from mindrail.study.plan import Cell

STUDY = Path("studies/label-budget")


def pairs_stopped(cell: Cell, work: Path) -> tuple[np.ndarray, list[str]]:
    """Which harmless sides of the minimal pairs the calibrated run stops, and which pairs they belong to."""
    place = cells.place_of(cell, work)
    if not (place / "run.json").is_file():
        _progress.show(cells.run(cell, work, STUDY / "cells"), cell.name)
    run = Run.load(place)
    splits = (Split.load(folder) for folder in sorted(work.glob("split-*")))
    split = next(split for split in splits if split.digest == run.about["split"])
    scorer = run.scorer()
    calibration = calibrate.calibrate(split, predict_part(run, split, "dev", scorer=scorer), Settings())
    examples = corpus.read("minimal-pairs", split.taxonomy, split.axis)
    talks = [example for example in examples if example.tags["side"] == "talks"]
    scores = predict(scorer, talks, made_by=run.about["identity"], data="minimal-pairs").scores
    return stopped(split.axis, calibration, scores), [str(example.group) for example in talks]


def false_alarms(group: list[Cell], work: Path) -> dict[str, object]:
    """Share of the harmless sides of the minimal pairs that are not allowed, mean over seeds."""
    alarms, groups = zip(*(pairs_stopped(cell, work) for cell in group), strict=True)
    statistics = [lambda rows, own=own: float(own[rows].mean()) for own in alarms]
    interval = bootstrap_over_seeds(statistics, len(groups[0]), list(groups[0]), seed=0, limits=(0.0, 1.0))
    return measure(interval.value, (interval.low, interval.high), "share of harmless messages stopped")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("out/study"))
    options = parser.parse_args()
    plan, results = plans.load(STUDY / "plan.yaml"), STUDY / "cells"
    wanted = [
        cell
        for cell in plan.cells()
        if cell.task == "prompt-harm"
        and cell.supervised
        and cell.arm == "main"
        and cell.labels in (200, "all")
    ]
    missing = runner.pending(wanted, results)
    done = [cell for cell in wanted if cell not in missing]
    measures: dict[str, object] = {}
    dev: dict[str, object] = {}
    for family, labels in {(cell.family, cell.labels): None for cell in done}:
        group = [cell for cell in done if (cell.family, cell.labels) == (family, labels)]
        known = [files.read_json(results / f"{cell.key}.json") for cell in group]
        name = f"{'full' if labels == 'all' else labels}_{family}"
        for kept, part in ((measures, "test"), (dev, "dev")):
            found = summary.mean(known, part)
            told = measure(found["value"], tuple(found["interval"]), "F1 of harmful")
            kept[f"f1_{name}"] = told | {"seeds": found["each"]}
        if family == "encoder":
            key = "fpr_minimal_pairs" if labels == 200 else "fpr_minimal_pairs_full"
            measures[key] = false_alarms(group, options.work)
    print(write("baseline", measures, dev=dev, missing_cells=[cell.name for cell in missing]))


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()

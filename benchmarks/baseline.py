"""prompt-harm with 200 labels and with all: F1 per family over three seeds, and false alarms on minimal pairs.

    python benchmarks/baseline.py [--work out/baseline] [--only FAMILY:LABELS:SEED]

Every cell (family, labels, seed) is trained once and kept in the work folder; the command goes on where it
stopped. The test set is read once per cell, for the scores that the result is made of.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from _result import measure, write

from mindrail import metrics
from mindrail.calibrate.decide import stopped
from mindrail.calibrate.settings import Settings
from mindrail.cli import _progress
from mindrail.data import corpus
from mindrail.recipes import calibrate
from mindrail.recipes.predict import predict, predict_part
from mindrail.recipes.prepare import Prepare, Split, prepare
from mindrail.recipes.run import Run
from mindrail.recipes.train import Train, train
from mindrail.records import Predictions
from mindrail.records.targets import targets_of
from mindrail.stats.bootstrap import bootstrap_over_seeds

SEEDS = (0, 1, 2)
#: cells that the sessions so far had no time for; their values are means over the other seeds, and say so
MISSING = {("encoder", None, 2)}
#: settings chosen on dev; with all labels two epochs take the place of six
CELLS = {
    ("majority", 200): {},
    ("linear", 200): {},
    ("static", 200): {},
    ("encoder", 200): {},
    ("linear", None): {},
    ("static", None): {},
    ("encoder", None): {"epochs": 2},
}


def split_for(work: Path, labels: int | None, seed: int) -> Split:
    place = work / f"split-{labels or 'all'}-{seed}"
    if (place / "split.json").is_file():
        return Split.load(place)
    settings = Prepare(
        "prompt-harm",
        train=("guardreasoner-prompts-5k",),
        test=("wildguardtest-prompts",),
        exclude=("toxicchat-test",),
        labels=labels,
        seed=seed,
        allow_leaks=("train/dev",),  # 3 pairs of 4,308 × 500; the published split keeps them
    )
    return prepare(settings, place)


def seeds_of(family: str, labels: int | None) -> list[int]:
    return [seed for seed in SEEDS if (family, labels, seed) not in MISSING]


def run_cell(work: Path, family: str, labels: int | None, seed: int) -> Path:
    split = split_for(work, labels, seed)
    folder = work / f"{family}-{labels or 'all'}-{seed}"
    settings = Train(family, CELLS[family, labels], seed=seed)
    _progress.show(train(split, settings, folder), folder.name)
    run = Run.load(folder, axis=split.axis)
    pairs = folder / "predictions" / "pairs"
    if not all((folder / "predictions" / part).is_dir() for part in ("dev", "test", "pairs")):
        scorer = run.scorer()
        for part in ("dev", "test"):
            predict_part(run, split, part, scorer=scorer)
        examples = corpus.read("minimal-pairs", split.taxonomy, split.axis)
        predict(scorer, examples, made_by=run.about["identity"], data="minimal-pairs").save(pairs)
    return folder


def f1_over_seeds(split: Split, folders: list[Path], part: str) -> dict[str, object]:
    """F1 of the harmful label at the neutral threshold, the mean over seeds."""
    examples = split.part(part)
    truth = targets_of(split.axis, examples).values[:, 1]
    flagged = [
        (lambda scores: scores[:, 1] > scores[:, 0])(Predictions.load(folder / "predictions" / part).scores)
        for folder in folders
    ]
    f1 = metrics.get("f1").compute
    statistics = [
        lambda rows, own=own: f1(truth[rows], own[rows].astype(float), own[rows]) for own in flagged
    ]
    interval = bootstrap_over_seeds(statistics, len(truth), seed=0, limits=(0.0, 1.0))
    each = [round(float(statistic(np.arange(len(truth)))), 4) for statistic in statistics]
    return measure(interval.value, (interval.low, interval.high), "F1 of harmful") | {"seeds": each}


def false_alarms(split: Split, folders: list[Path]) -> dict[str, object]:
    """Share of the harmless sides of the minimal pairs that are not allowed, mean over seeds."""
    examples = corpus.read("minimal-pairs", split.taxonomy, split.axis)
    talks = np.array([example.tags["side"] == "talks" for example in examples])
    groups = [example.group for example, talk in zip(examples, talks, strict=True) if talk]
    alarms = []
    for folder in folders:
        dev = Predictions.load(folder / "predictions" / "dev")
        calibration = calibrate.calibrate(split, dev, Settings())
        scores = Predictions.load(folder / "predictions" / "pairs").scores
        alarms.append(stopped(split.axis, calibration, scores)[talks])
    statistics = [lambda rows, own=own: float(own[rows].mean()) for own in alarms]
    interval = bootstrap_over_seeds(statistics, int(talks.sum()), groups, seed=0, limits=(0.0, 1.0))
    return measure(interval.value, (interval.low, interval.high), "share of harmless messages stopped")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("out/baseline"))
    parser.add_argument("--only", action="append", default=[], help="FAMILY:LABELS:SEED, labels 200 or all")
    options = parser.parse_args()
    cells = [(family, labels, seed) for family, labels in CELLS for seed in seeds_of(family, labels)]
    if options.only:
        wanted = set(options.only)
        cells = [cell for cell in cells if f"{cell[0]}:{cell[1] or 'all'}:{cell[2]}" in wanted]
    for cell in cells:
        run_cell(options.work, *cell)
    if options.only:
        return
    measures: dict[str, object] = {}
    dev: dict[str, object] = {}
    for family, labels in CELLS:
        seeds = seeds_of(family, labels)
        folders = [options.work / f"{family}-{labels or 'all'}-{seed}" for seed in seeds]
        split = split_for(options.work, labels, 0)
        name = f"{labels or 'full'}_{family}"
        measures[f"f1_{name}"] = f1_over_seeds(split, folders, "test")
        dev[f"f1_{name}"] = f1_over_seeds(split, folders, "dev")
        if family == "encoder":
            key = "fpr_minimal_pairs" if labels == 200 else "fpr_minimal_pairs_full"
            measures[key] = false_alarms(split, folders)
    missing = [f"{family}:{labels or 'all'}:{seed}" for family, labels, seed in MISSING]
    print(write("baseline", measures, dev=dev, seeds=list(SEEDS), missing_cells=missing))


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()

"""Does the promise hold? Over many random re-splits of real scores into calibration and test.

    python benchmarks/promise.py --run out/baseline/encoder-200-0 --split out/baseline/split-200-0 [--rounds 2000]

The scores are those of a trained run on labelled rows that it never saw, the dev and the test part together.
In every round `--calibration` positives
are drawn for calibration and all others are the test. Two promises are made from them: about the next messages
(exactly as many as the test has positives; judged on the test), and about the long run (judged on all positives
together, which are the population that both parts were drawn from).
"""

import argparse
from pathlib import Path

import numpy as np
from _result import measure, write

from mindrail import seeds
from mindrail.calibrate.promise import promise
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split
from mindrail.records import Predictions
from mindrail.records.targets import targets_of
from mindrail.stats.intervals import wilson


def positives(run: Run, split: Split) -> np.ndarray:
    """Probabilities of harmful of every harmful row of dev and test."""
    found = []
    for part in ("dev", "test"):
        examples = split.part(part)
        scores = Predictions.load(run.folder / "predictions" / part, axis=run.axis).scores
        truth = targets_of(split.axis, examples).values[:, 1]
        found.append(split.axis.probabilities(scores)[truth, 1])
    return np.concatenate(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--split", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--calibration", type=int, default=242, help="positives to calibrate on")
    parser.add_argument("--recall", type=float, nargs="+", default=[0.8, 0.9, 0.95])
    options = parser.parse_args()
    split = Split.load(options.split)
    scores = positives(Run.load(options.run, axis=split.axis), split)
    measures: dict[str, object] = {}
    for recall in options.recall:
        held_next, held_long = 0, 0
        for number in range(options.rounds):
            order = seeds.stream(0, "re-split", number).permutation(len(scores))
            mine, test = scores[order[: options.calibration]], scores[order[options.calibration :]]
            near = promise(mine, recall, 0.95, event="harmful", next=len(test))
            long = promise(mine, recall, 0.95, event="harmful")
            held_next += float((test >= near.threshold).mean()) >= recall
            held_long += float((scores >= long.threshold).mean()) >= recall
        for name, held in (("", held_next), ("_long_run", held_long)):
            rate = wilson(held, options.rounds)
            measures[f"promise_held_rate{name}_{recall:g}"] = measure(
                rate.value,
                (rate.low, rate.high),
                f"share of {options.rounds} re-splits with recall >= {recall:g}",
            )
    worst = min((v["value"], k) for k, v in measures.items() if "long_run" not in k)  # type: ignore[index]
    measures["promise_held_rate"] = measures[worst[1]]
    sizes = {"positives": len(scores), "calibration": options.calibration}
    print(write("promise", measures, **sizes))


if __name__ == "__main__":
    main()

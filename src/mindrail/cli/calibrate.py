"""`mindrail calibrate`: probabilities, thresholds, and the promise where the data carry one."""

import argparse
from pathlib import Path

from mindrail.calibrate.settings import Settings
from mindrail.cli import _options
from mindrail.cli._command import Command, Result
from mindrail.recipes import calibrate
from mindrail.recipes.build import promise_of
from mindrail.recipes.predict import predict_part
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", type=Path, required=True, help="folder made by train")
    parser.add_argument("--split", type=Path, required=True, help="folder made by prepare")
    parser.add_argument("--recall", type=float, help="the recall to promise, e.g. 0.9")
    parser.add_argument("--confidence", type=float, help="how sure the promise should be (default 0.95)")
    parser.add_argument("--event", help="which label the promise is about (default: the worst)")
    _options.add_settings(parser, "the goals")


def _run(options: argparse.Namespace) -> Result:
    goals = _options.settings(
        Settings, options, recall=options.recall, confidence=options.confidence, event=options.event
    )
    split = Split.load(options.split)
    run = Run.load(options.run, axis=split.axis)
    calibration = calibrate.calibrate(split, predict_part(run, split, "dev"), goals)
    place = calibrate.save(calibration, run.folder)
    lines = [promise_of(calibration.promise, calibration.no_promise)]
    for threshold in calibration.thresholds:
        marks = [
            f"{what} from {at:.3f}"
            for what, at in (("review", threshold.review), ("block", threshold.block))
            if at is not None
        ]
        lines.append(f"{threshold.event}: {', '.join(marks)}")
    return Result(calibration.to_dict(), "\n".join([*lines, *calibration.notes, f"calibration {place}"]))


COMMAND = Command("dev scores to probabilities, thresholds and a promised recall", _configure, _run)

"""`mindrail export`: a calibrated run to a guard folder, eight bits only if they pass the gate."""

import argparse
import tempfile
from pathlib import Path

from mindrail.calibrate.settings import Settings
from mindrail.cli import _options
from mindrail.cli._command import Command, Result
from mindrail.recipes import calibrate, evaluate
from mindrail.recipes import export as recipes
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", type=Path, required=True, help="folder made by train and calibrated")
    parser.add_argument("--split", type=Path, required=True, help="folder made by prepare")
    parser.add_argument("--out", type=Path, required=True, help="folder of the guard")
    parser.add_argument("--recall", type=float, help="the recall to promise, as in calibrate")
    parser.add_argument("--float", action="store_true", help="do not try eight bits")
    parser.add_argument("--slim", action="store_true", help="leave out the files for plain transformers")
    _options.add_settings(parser, "the goals of the calibration")


def _run(options: argparse.Namespace) -> Result:
    split = Split.load(options.split)
    run = Run.load(options.run, axis=split.axis)
    calibration = calibrate.load(run.folder, split.axis)
    settings = recipes.Export(int8=not options.float, transformers=not options.slim)
    goals = _options.settings(Settings, options, recall=options.recall)
    with tempfile.TemporaryDirectory(prefix="mindrail-export-") as place:
        chosen = recipes.choose(run, split, calibration, goals, settings, Path(place))
        evaluation = evaluate.evaluate_scorer(
            chosen.as_read(settings.reading),
            chosen.calibration,
            split,
            run.folder / "report-as-shipped",
            name=f"{run.name}, {chosen.name}",
            made_by=run.about["identity"],
        )
        guard = recipes.export(run, split, chosen, evaluation, settings, options.out)
    told = [tried["says"] for tried in chosen.parity.get("tried", [])]
    lines = [
        *told,
        f"ships: {chosen.name}",
        f"promise: {guard.promise}",
        f"guard {options.out} (id {guard.id})",
    ]
    data = {"id": guard.id, "folder": str(options.out), "shipped": chosen.name, "parity": chosen.parity}
    return Result(data, "\n".join(lines))


COMMAND = Command("a calibrated run to a guard folder that runs without torch", _configure, _run)

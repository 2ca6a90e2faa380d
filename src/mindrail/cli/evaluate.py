"""`mindrail evaluate`: a report on the test part, as a page, as Markdown and as JSON."""

import argparse
from pathlib import Path

from mindrail import config
from mindrail.cli._command import Command, Result
from mindrail.cli._headline import headline
from mindrail.recipes.evaluate import evaluate_runs
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--run",
        type=Path,
        action="append",
        required=True,
        help="folder made by train; give several seeds for means",
    )
    parser.add_argument("--split", type=Path, required=True, help="folder made by prepare")
    parser.add_argument("--out", type=Path, required=True, help="folder of the report")


def _run(options: argparse.Namespace) -> Result:
    split = Split.load(options.split)
    runs = [Run.load(folder, axis=split.axis) for folder in options.run]
    evaluation = evaluate_runs(runs, split, options.out)
    return Result(config.plain(evaluation), f"{headline(evaluation)}\nreport {options.out / 'report.html'}")


COMMAND = Command("test scores to a report with an interval on every number", _configure, _run)

"""`mindrail crossvalidate`: out-of-fold predictions of every labelled example of one or more sets."""

import argparse
from pathlib import Path

from mindrail import config, files, plugins
from mindrail.cli import _options, _progress
from mindrail.cli._command import Command, Result
from mindrail.evaluate import steering
from mindrail.recipes.crossvalidate import CrossValidate, OutOfFold, crossvalidate


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--taxonomy", help="what is asked: a taxonomy's id, or your own .yaml")
    parser.add_argument(
        "--examples",
        action="append",
        metavar="SET",
        help="a set, or the .yaml card of your own table; repeatable",
    )
    parser.add_argument("--folds", type=int, help="how many parts (default: 5)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the folds and their predictions")
    _options.add_settings(
        parser, f"the settings; of training under train (train.family: {', '.join(plugins.names('family'))})"
    )


def _run(options: argparse.Namespace) -> Result:
    settings = _options.settings(
        CrossValidate, options, taxonomy=options.taxonomy, sets=options.examples, folds=options.folds
    )
    _progress.show(crossvalidate(settings, options.out), "crossvalidate")
    found = OutOfFold.load(settings, options.out)
    measures = steering.measures(found.axis, found.examples, found.predictions.scores)
    about = files.read_json(options.out / "crossvalidate.json")
    told = ", ".join(f"{name} {value:.3f}" for name, value in measures.items())
    lines = [
        f"{about['rows']} examples in {settings.folds} folds ({about['groups']} groups), out of fold: {told}"
    ]
    lines += [f"fold {i} never saw: {', '.join(names)}" for i, names in enumerate(about["missing"]) if names]
    return Result(about | {"measures": config.plain(measures)}, "\n".join([*lines, f"folder {options.out}"]))


COMMAND = Command(
    "every labelled example judged by a model that has not seen it; resumable", _configure, _run
)

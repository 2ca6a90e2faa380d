"""`mindrail train`: a split to a run. Started again, it goes on where it stopped."""

import argparse
from pathlib import Path

from mindrail import config, plugins
from mindrail.cli import _options, _progress
from mindrail.cli._command import Command, Result
from mindrail.errors import BadConfig
from mindrail.prompts.preview import as_text
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split
from mindrail.recipes.train import Train, show, train
from mindrail.records.views import Views


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", type=Path, required=True, help="folder made by prepare")
    parser.add_argument(
        "--family", help=f"what learns: {', '.join(plugins.names('family'))} (default: encoder)"
    )
    parser.add_argument("--algorithm", help=f"how it learns: {', '.join(plugins.names('algorithm'))}")
    parser.add_argument(
        "--views",
        type=Path,
        action="append",
        default=[],
        help="folder made by augment: other wordings of the unlabelled texts; may be given several times",
    )
    parser.add_argument(
        "--twin",
        type=Path,
        help="finished supervised run on the same labels to compare with (default: trained first)",
    )
    parser.add_argument("--seed", type=int)
    parser.add_argument("--out", type=Path, help="folder of the run")
    parser.add_argument(
        "--show-prompt",
        action="store_true",
        help="print what a language model would be asked, and what it would cost; train nothing",
    )
    parser.add_argument(
        "--show-text", action="store_true", help="with --show-prompt: the words of the examples in it, too"
    )
    _options.add_settings(parser, "the settings of the run; those of the family under settings")


def _run(options: argparse.Namespace) -> Result:
    settings = _options.settings(
        Train, options, family=options.family, algorithm=options.algorithm, seed=options.seed
    )
    split = Split.load(options.split)
    if options.show_prompt:
        shown = show(split, settings, show_text=options.show_text)
        return Result(config.plain(shown), "\n".join(as_text(shown)))
    if options.out is None:
        raise BadConfig("--out is missing: the folder of the run")
    views = [Views.load(place) for place in options.views]
    twin = None if options.twin is None else Run.load(options.twin, axis=split.axis)
    _progress.show(train(split, settings, options.out, views=views, twin=twin), "train")
    run = Run.load(options.out, axis=split.axis)
    verdict = "" if run.verdict is None else f"{run.verdict}\n"
    return Result(
        run.about | {"folder": str(options.out)},
        f"trained {run.name} on {run.about['rows']} labels in {run.about['seconds']:.0f} s\n{verdict}"
        f"run {options.out}",
    )


COMMAND = Command("a split to a trained run; resumable", _configure, _run)

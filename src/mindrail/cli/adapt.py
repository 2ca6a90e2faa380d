"""`mindrail adapt`: an encoder reads a split's texts before any label. Started again, it goes on."""

import argparse
from pathlib import Path

from mindrail import files
from mindrail.cli import _options, _progress
from mindrail.cli._command import Command, Result
from mindrail.recipes.split import Split
from mindrail.train import environment


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", type=Path, required=True, help="folder made by prepare")
    parser.add_argument("--model", help="the encoder to start from (default: minilm)")
    parser.add_argument("--epochs", type=int, help="how often every text is read (default: 3)")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--out", type=Path, required=True, help="folder of the adapted encoder")
    _options.add_settings(parser, "how it reads")


def _run(options: argparse.Namespace) -> Result:
    environment.prepare()
    from mindrail.models._masked import Adapt  # loads torch
    from mindrail.recipes.adapt import ABOUT, adapt

    settings = _options.settings(
        Adapt, options, model=options.model, epochs=options.epochs, seed=options.seed
    )
    split = Split.load(options.split)
    _progress.show(adapt(split, settings, options.out), "adapt")
    about = files.read_json(options.out / ABOUT)
    return Result(
        about | {"model": str(options.out / "model")},
        f"read {about['texts']} texts in {about['seconds']:.0f} s\nmodel {options.out / 'model'}  "
        "(for --set settings.model=)",
    )


COMMAND = Command("an encoder reads unlabelled texts before it learns labels; resumable", _configure, _run)

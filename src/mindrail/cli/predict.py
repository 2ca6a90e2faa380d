"""`mindrail predict`: raw scores of a run on a part of its split."""

import argparse
from pathlib import Path

from mindrail.cli._command import Command, Result
from mindrail.recipes.predict import predict_part
from mindrail.recipes.run import Run
from mindrail.recipes.split import PARTS, Split


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", type=Path, required=True, help="folder made by train")
    parser.add_argument("--split", type=Path, required=True, help="folder made by prepare")
    parser.add_argument("--part", choices=PARTS, action="append", help="default: dev and test")


def _run(options: argparse.Namespace) -> Result:
    split = Split.load(options.split)
    run = Run.load(options.run, axis=split.axis)
    scorer = run.scorer()
    done = {part: predict_part(run, split, part, scorer=scorer) for part in options.part or ("dev", "test")}
    folder = options.run / "predictions"
    data = {part: {"rows": len(scores.ids), "folder": str(folder / part)} for part, scores in done.items()}
    return Result(
        data, "\n".join(f"{part}: {len(s.ids)} rows scored, {folder / part}" for part, s in done.items())
    )


COMMAND = Command("raw scores of a run on dev, test or any part", _configure, _run)

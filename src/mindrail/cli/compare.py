"""`mindrail compare`: is A better than B, or is that chance?"""

import argparse
from pathlib import Path

from mindrail import config
from mindrail.cli._command import Command, Result
from mindrail.errors import BadConfig
from mindrail.evaluate.comparison import as_text
from mindrail.recipes.compare import compare
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--split", type=Path, required=True, help="folder made by prepare; its test part is used"
    )
    parser.add_argument("--a", type=Path, nargs="+", required=True, metavar="RUN", help="a run, or its seeds")
    parser.add_argument(
        "--b", type=Path, nargs="+", required=True, metavar="RUN", help="as many runs as A has"
    )
    parser.add_argument("--interesting", type=float, help="the smallest difference worth having, e.g. 0.02")


def _run(options: argparse.Namespace) -> Result:
    if len(options.a) != len(options.b):
        raise BadConfig(f"A has {len(options.a)} runs and B {len(options.b)}; they are compared in pairs")
    split = Split.load(options.split)
    a, b = ([Run.load(folder, axis=split.axis) for folder in side] for side in (options.a, options.b))
    found = compare(a, b, split, interesting=options.interesting)
    return Result(config.plain(found), as_text(found))


COMMAND = Command(
    "two runs on the same test rows: which is better, or how much data would tell", _configure, _run
)

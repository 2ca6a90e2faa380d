"""`mindrail build`: the whole loop from one recipe."""

import argparse
from pathlib import Path
from typing import Any

from mindrail import config
from mindrail.cli import _progress
from mindrail.cli._command import Command, Result
from mindrail.cli._headline import headline
from mindrail.recipes import build as recipes
from mindrail.train.progress import Stepped


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", type=Path, help="a recipe file (YAML)")
    parser.add_argument(
        "--out", type=Path, default=Path("out"), help="folder for what is made (default: out)"
    )


def _run(options: argparse.Namespace) -> Result:
    steps = _progress.Bar("train")

    def tell(happened: str | Stepped) -> None:
        if isinstance(happened, Stepped):
            steps.show(happened)
        else:
            _progress.say(happened)

    return _result(_progress.exhaust(recipes.build(options.recipe, options.out), tell))


def _result(built: recipes.Built) -> Result:
    answer = built.checked
    lines = [
        "",
        headline(built.evaluation),
        f"promise      {built.guard.promise}",
        f"report       {built.report}",
        f"guard        {built.guard_folder}  (id {built.guard.id}, {built.parity})",
        f"one check    {answer.decision}: {answer.label} {answer.probability:.2f} ({answer.reason})",
    ]
    if built.recipe.caution:
        lines += ["", f"CAUTION: {built.recipe.caution}"]
    data: dict[str, Any] = {
        "recipe": built.recipe.name,
        "headline": config.plain(built.evaluation.headline),
        "promise": built.guard.promise,
        "report": str(built.report),
        "guard": str(built.guard_folder),
        "id": built.guard.id,
        "shipped": built.parity,
        "check": answer.to_dict(),
        "caution": built.recipe.caution,
    }
    return Result(data, "\n".join(lines))


COMMAND = Command("the whole loop from one recipe file: labels in, a calibrated guard out", _configure, _run)

"""`mindrail augment`: other wordings of a split's texts, or reappraisals of them as a labelled set. Resumable."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mindrail import config, plugins
from mindrail.augment import human
from mindrail.augment.preview import as_text
from mindrail.cli import _options, _progress
from mindrail.cli._command import Command, Result
from mindrail.data import made
from mindrail.errors import BadConfig
from mindrail.recipes import reappraise as reappraising
from mindrail.recipes.augment import Augment, augment, show
from mindrail.recipes.split import Split
from mindrail.records.views import Views


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", nargs="?", help="the method, as with --method")
    parser.add_argument("--split", type=Path, help="folder made by prepare")
    parser.add_argument(
        "--method", help=f"how texts are reworded: {', '.join(plugins.names('augmentation'))} (default: edit)"
    )
    parser.add_argument("--views", type=int, help="wordings wanted per text (default: 2)")
    parser.add_argument(
        "--parts",
        type=lambda names: names.split(","),
        help="labelled, unlabelled (default) or both, with a comma",
    )
    parser.add_argument("--judge", metavar="DIR", help="a guard or a run that tells whether labels survive")
    parser.add_argument(
        "--human",
        type=lambda names: tuple(names.split(",")),
        nargs="?",
        const=tuple(human.SETS),
        metavar="SETS",
        help=f"reappraise: texts that people wrote, of these sets (default: {', '.join(human.SETS)})",
    )
    parser.add_argument("--limit", type=int, help="only so many texts, drawn by the seed")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--out", type=Path, help="folder of the views")
    parser.add_argument(
        "--show-prompt",
        action="store_true",
        help="print what a language model would be asked, and how much of it; make nothing",
    )
    _options.add_settings(parser, "the settings of the views; those of the method under settings")


def _run(options: argparse.Namespace) -> Result:
    if options.kind is not None:
        if options.method not in (None, options.kind):
            raise BadConfig(f"two methods are named: {options.kind} and {options.method}. Do: name one")
        options.method = options.kind
    if options.method == "reappraise":
        return _reappraise(options)
    if options.split is None:
        raise BadConfig("--split is missing: the texts that are reworded")
    if options.human is not None:
        raise BadConfig("--human goes with reappraise")
    given = {name: getattr(options, name) for name in ("method", "views", "parts", "judge", "limit", "seed")}
    settings = _options.settings(Augment, options, **given)
    split = Split.load(options.split)
    if options.show_prompt:
        shown = show(split, settings)
        return Result(config.plain(shown), "\n".join(as_text(shown)))
    if options.out is None:
        raise BadConfig("--out is missing: the folder of the views")
    _progress.show(augment(split, settings, options.out), "augment")
    made = Views.load(options.out)
    return Result(
        {"folder": str(options.out), "report": str(options.out / "report.html"), **made.about},
        _text(made.about["counts"], options.out),
    )


def _reappraise(options: argparse.Namespace) -> Result:
    """A labelled set in place of views."""
    if options.views is not None:
        raise BadConfig("--views does not go with reappraise: there is one variant of each level")
    given = {name: getattr(options, name) for name in ("parts", "judge", "limit", "seed", "human")}
    settings = _options.settings(reappraising.Reappraise, options, **given)
    split = None if options.split is None else Split.load(options.split)
    if options.show_prompt:
        shown = reappraising.show(split, settings)
        return Result(config.plain(shown), "\n".join(as_text(shown)))
    if options.out is None:
        raise BadConfig("--out is missing: the folder of the set")
    _progress.show(reappraising.reappraise(split, settings, options.out), "augment")
    _, about = made.load(options.out)
    lines = list(_levels(about["levels"]))
    told = {"folder": str(options.out), "report": str(options.out / "report.html"), **about}
    return Result(
        told, "\n".join([*lines, f"report      {options.out / 'report.html'}", f"set         {options.out}"])
    )


def _levels(levels: list[dict[str, Any]]) -> Iterator[str]:
    """What a terminal shows of each level."""
    for one in levels:
        yield f"{one['name']:<11} {one['kept']} of {one['wanted']} kept"
        for reason, count in one["reasons"].items():
            yield f"  rejected  {count:>6}  {reason}"
        if one["agreed"]:
            yield f"  the judge agrees with {one['agreed']['value']:.1%}"
        if one["style"]:
            yield f"  told from their posts by style with AUROC {one['style']['value']:.3f} ({one['pairs']} pairs)"


def _text(counts: dict[str, Any], folder: Path) -> str:
    """What a terminal shows."""
    lines = [f"kept      {counts['kept']} of {counts['wanted']} views, {counts['per_text']:.2f} per text"]
    lines += [f"rejected  {count:>6}  {reason}" for reason, count in counts["reasons"].items()]
    for rows, found in counts["survival"].items():
        lines.append(f"survival  {rows}: {found['value']:.1%} ({found['low']:.1%} to {found['high']:.1%})")
    if counts["style"]:
        lines.append(f"style     views told from texts with AUROC {counts['style']['value']:.3f}")
    return "\n".join([*lines, f"report    {folder / 'report.html'}", f"views     {folder}"])


COMMAND = Command("other wordings of a split's texts, or reappraisals as a set; resumable", _configure, _run)

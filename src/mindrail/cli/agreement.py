"""`mindrail agreement`: how far people agree, in a project or in files of labels."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mindrail import plugins
from mindrail.cli._command import Command, Result
from mindrail.errors import BadFile, UsageError


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="+", type=Path, metavar="PROJECT|FILE", help="a project's folder, or files of labels"
    )
    parser.add_argument("--format", default="jsonl", choices=plugins.names("format"), help="of the files")
    parser.add_argument("--taxonomy", help="which labels there are, and in which order (files only)")
    parser.add_argument("--part", choices=("pool", "test"), help="of a project: only these items")
    parser.add_argument(
        "--below", type=float, help="kappa under which people should meet and label again; default 0.4"
    )
    parser.add_argument("--every", type=int, help="over how many shared items that is looked at; default 200")
    parser.add_argument("--rounds", type=int, default=1000, help="resamples behind each interval")


def _run(options: argparse.Namespace) -> Result:
    from mindrail.annotate import measured

    if options.every is not None and options.every < 1:
        raise UsageError(f"--every takes 1 or more items, found {options.every}")
    asked, items, rule = _project(options) if options.file[0].is_dir() else _files(options)
    chosen = measured.Rule(
        rule.below if options.below is None else options.below, options.every or rule.every
    )
    try:
        found = measured.report(asked, items, chosen, rounds=options.rounds)
    except ValueError as error:
        raise BadFile(options.file[0], str(error)) from None
    return Result(found, "\n\n".join(_told(name, told) for name, told in found.items()))


def _project(options: argparse.Namespace) -> Any:
    from mindrail.annotate import measured, results
    from mindrail.annotate.project import Project

    if len(options.file) > 1:
        raise UsageError("found several arguments and the first is a folder; expected one project, or files")
    project = Project(options.file[0])
    with project.database.reading() as db:
        labelled = [one for one in results.read(db) if options.part in (None, one.item.part)]
    rule = measured.Rule(project.settings.relabel_below, project.settings.relabel_every)
    return measured.questions(project.taxonomy), measured.spoken(labelled, project.taxonomy), rule


def _files(options: argparse.Namespace) -> Any:
    from mindrail import taxonomy
    from mindrail.annotate import measured

    foreign = [row for path in options.file for row in plugins.get("format", options.format).read(path)]
    asked, items = measured.of_files(foreign)
    if options.taxonomy is not None:
        asked = measured.questions(taxonomy.load(options.taxonomy))
        items = measured.named(items, asked)
    return asked, items, measured.Rule()


def _told(name: str, told: Mapping[str, Any]) -> str:
    """One question as lines of text."""
    lines = [f"{name} ({told['kind']})"]
    if "overall" in told:
        overall = told["overall"]
        lines += [f"  {overall['shared']} items judged by two people or more, {overall['people']} people"]
        lines += [f"  {measure:<8} {_value(value)}" for measure, value in overall["coefficients"].items()]
        lines += [f"  ! {note}" for note in overall["notes"]]
        if told["rule"]["discuss"]:
            lines.append(f"  ! kappa is below {told['rule']['below']}: meet, discuss, and label again")
    for section, title in (
        ("nodes", "test by test"),
        ("labels", "label by label"),
        ("pairs", "pair by pair"),
    ):
        if told.get(section):
            lines.append(f"  {title}: alpha, and AC1")
            lines += [_row(label, one) for label, one in told[section].items()]
    if len(told.get("over_time", ())) > 1:
        lines.append("  over time: alpha, and AC1")
        lines += [_row(f"run {place}", one) for place, one in enumerate(told["over_time"], start=1)]
    lines += [
        f"  {who}: agrees with the consensus of all in {one['with_consensus']:.0%} of {one['judged']} items"
        for who, one in told.get("people", {}).items()
    ]
    return "\n".join(lines)


def _row(name: str, one: Mapping[str, Any]) -> str:
    alpha, ac1 = one["coefficients"]["alpha"], one["coefficients"]["ac1"]
    return f"    {name:<28} {_value(alpha)}   {_value(ac1)}   ({one['shared']} items)"


def _value(found: Mapping[str, float | None]) -> str:
    if found["value"] is None:
        return "undefined".ljust(22)
    if found["low"] is None:
        return f"{found['value']:.2f}".ljust(22)
    return f"{found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})".ljust(22)


COMMAND = Command("how far people who label agree", _configure, _run)

"""The verbs of `mindrail annotate` that read and write files."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mindrail import config, plugins
from mindrail.cli._command import Result
from mindrail.errors import UsageError

if TYPE_CHECKING:
    from mindrail.annotate.project import Project

#: what it is for, its options, and what it does
Verb = tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], Result]]


def opened(options: argparse.Namespace) -> "Project":
    """The project that was named."""
    from mindrail.annotate.project import Project

    return Project(options.project)


def _pairs(given: Sequence[str]) -> list[tuple[str, str]]:
    for pair in given:
        if "=" not in pair:
            raise UsageError(f"--map takes two names with = between them, found '{pair}'")
    return [(left, right) for left, _, right in (pair.partition("=") for pair in given)]


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="NAME", help="how the files' names begin")
    parser.add_argument("--format", default="jsonl", choices=plugins.names("format"))
    parser.add_argument("--all", action="store_true", help="items that nobody has labelled, too")


def _export(options: argparse.Namespace) -> Result:
    from mindrail.annotate import transfer

    written = transfer.write(opened(options), options.format, options.out, everything=options.all)
    return Result({"files": list(map(str, written))}, "\n".join(map(str, written)))


def _import_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--format", default="jsonl", choices=plugins.names("format"))
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="THEIRS=OURS",
        help="their label as ours; nothing after = drops it",
    )
    parser.add_argument("--as", dest="who", metavar="NAME", help="whose labels they are")


def _take_in(options: argparse.Namespace) -> Result:
    from mindrail.annotate import transfer

    mapping = {theirs: ours or None for theirs, ours in _pairs(options.map)}
    read = transfer.read(opened(options), options.format, options.file, mapping, who=options.who)
    text = (
        f"{read.labels} labels and {read.notes} notes of {', '.join(read.people) or 'nobody'}; "
        f"{read.kept} stood there before and are kept; {read.new_items} items are new"
    )
    return Result(config.plain(read), text)


def _backup_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the copy; an older one there is replaced")


def _backup(options: argparse.Namespace) -> Result:
    from mindrail.annotate import database

    database.copy(opened(options).database, options.file)
    return Result({"file": str(options.file)}, f"{options.file}: read back page by page, and whole")


def _restore(options: argparse.Namespace) -> Result:
    from mindrail.annotate import database
    from mindrail.annotate.project import FILE

    database.restore(options.file, options.project / FILE)
    return Result(
        {"project": str(options.project)}, f"{options.project} is as it was at the time of the back-up"
    )


def _migrate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--taxonomy", required=True, help="the new wording")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="a label that is renamed; LABEL=LABEL for one that is reworded and means the same",
    )


def _migrate(options: argparse.Namespace) -> Result:
    from mindrail.annotate import migrate

    done = migrate.migrate(opened(options), options.taxonomy, dict(_pairs(options.map)))
    text = f"{done.carried} labels count in the new words, {done.asked_again} were taken back and are asked again"
    return Result(config.plain(done), text)


def _erase_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="of a message, as an export has it")
    parser.add_argument(
        "--group", action="append", default=[], metavar="GROUP", help="all of a person or conversation"
    )
    parser.add_argument("--yes", action="store_true", help="do it; without it, only say what would go")


def _erase(options: argparse.Namespace) -> Result:
    from mindrail.annotate.erasure import erase

    if not (options.ids or options.group):
        raise UsageError("nothing is named. Do: give ids of messages, or --group")
    found = erase(opened(options), options.ids, options.group, only_count=not options.yes)
    what = f"{found.items} messages, {found.labels} labels, {found.notes} notes"
    told = (
        f"erased, and overwritten on disk: {what}. Back-ups, exports, splits and guards made before still know them"
        if options.yes
        else f"would be erased for good: {what}. Do: the same with --yes"
    )
    return Result(config.plain(found) | {"erased": options.yes}, told)


VERBS: dict[str, Verb] = {
    "export": ("labels to files", _export_options, _export),
    "import": ("labels from files, of this or other tools", _import_options, _take_in),
    "migrate": ("go on under another wording of the taxonomy", _migrate_options, _migrate),
    "erase": ("take messages out for good, with all that was said of them", _erase_options, _erase),
    "backup": ("copy everything into one file, checked", _backup_options, _backup),
    "restore": ("a project from a back-up, into an empty place", _backup_options, _restore),
}

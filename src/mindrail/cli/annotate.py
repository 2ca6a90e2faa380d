"""`mindrail annotate`: a project to label in the browser, on this machine alone."""

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from mindrail import config, plugins
from mindrail.annotate.settings import Ask, Settings
from mindrail.cli import _options
from mindrail.cli._command import Command, Result
from mindrail.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from mindrail.annotate.project import Project

#: where the page is, unless told otherwise
PORT = 8765


def _configure(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (help_text, configure, run) in VERBS.items():
        verb = verbs.add_parser(name, help=help_text, description=help_text)
        verb.add_argument("project", type=Path, metavar="PROJECT", help="the project's folder")
        verb.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        configure(verb)
        verb.set_defaults(act=run)
    whole = parser.parse_args

    def parse(words: Sequence[str]) -> argparse.Namespace:
        """`annotate PROJECT` is `annotate serve PROJECT`."""
        bare = bool(words) and not words[0].startswith("-") and words[0] not in VERBS
        return whole(["serve", *words] if bare else words)

    parser.parse_args = parse  # type: ignore[assignment,method-assign]


def _run(options: argparse.Namespace) -> Result:
    os.umask(0o077)  # whatever is written here holds people's words
    result: Result = options.act(options)
    return result


def _init_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--taxonomy", required=True, help="what is asked: a taxonomy's id, or your own .yaml")
    parser.add_argument(
        "--data",
        action="append",
        required=True,
        metavar="SET|FILE",
        help="a set, a card (.yaml), a split's part or messages (.jsonl), a table (.csv, .tsv), lines (.txt)",
    )
    parser.add_argument(
        "--pinned-test", dest="test", type=int, metavar="N", help="label N random ones for testing"
    )
    parser.add_argument(
        "--annotator", action="append", metavar="NAME", help="somebody who labels; repeatable"
    )
    parser.add_argument("--lead", action="append", metavar="NAME", help="somebody who also adjudicates")
    _add_order(parser)
    _options.add_settings(parser, "the settings of the project")


def _init(options: argparse.Namespace) -> Result:
    from mindrail.annotate import setup

    settings = _options.settings(Settings, options, test=options.test, ask=options.ask)
    made = setup.create(options.project, options.taxonomy, options.data, settings, options.guard)
    leads = options.lead or ([] if options.annotator else [_login()])
    people = dict.fromkeys([*leads, *(options.annotator or ())])
    links = {name: _link(made.project.link(name, lead=name in leads), PORT) for name in people}
    data = {
        "project": str(options.project),
        "pool": made.pool,
        "test": made.test,
        "repeated": made.repeated,
        "settings": config.plain(settings),
        "links": links,
    }
    lines = [
        f"{made.pool} messages to label, {made.test} more in the pinned test sample",
        f"{made.repeated} were left out because they stood there before",
        *(f"link of {name}: {link}" for name, link in links.items()),
        "Keep links private: each signs its owner in. `mindrail annotate link` makes a new one.",
        f"next: mindrail annotate {options.project}",
    ]
    return Result(data, "\n".join(lines))


def _serve_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=PORT, help=f"0 takes a free one; default {PORT}")


def _serve(options: argparse.Namespace) -> Result:
    try:
        from mindrail.annotate.app import LIMITS, build
        from mindrail.web.listening import listen
        from mindrail.web.running import run
    except ImportError as error:
        raise MissingExtra(error.name or "starlette", "serve", "the page") from None
    project = _opened(options)
    project.check_source()
    if not project.annotators():
        raise UsageError(
            f"nobody may label in {options.project} yet. Do: mindrail annotate link {options.project} NAME --lead"
        )
    run(
        build(project),
        listen("127.0.0.1", options.port),
        limits=LIMITS,
        lame_duck=0.0,
        announce=lambda url: print(
            f"the page is at {url}; people sign in with their own links", file=sys.stderr
        ),
    )
    project.close()
    return Result({"project": str(options.project)}, "")


def _link_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="who labels; added if new")
    parser.add_argument("--lead", action="store_true", help="may also adjudicate and see agreement")
    parser.add_argument("--port", type=int, default=PORT, help="of the page")


def _new_link(options: argparse.Namespace) -> Result:
    link = _link(_opened(options).link(options.name, lead=options.lead), options.port)
    return Result(
        {"name": options.name, "link": link}, f"{link}\n(the link before, if any, has stopped working)"
    )


def _rank_options(parser: argparse.ArgumentParser) -> None:
    _add_order(parser)


def _rank(options: argparse.Namespace) -> Result:
    from mindrail.annotate import setup

    project = _opened(options)
    ask = options.ask or project.settings.ask
    again = setup.rank(project, ask, options.guard)
    more = f"; {again} labels that the guard contests are asked once more, of somebody else" if again else ""
    return Result({"ask": ask, "asked_again": again}, f"from now on by {ask}{more}")


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="NAME", help="how the files' names begin")
    parser.add_argument("--format", default="jsonl", choices=plugins.names("format"))
    parser.add_argument("--all", action="store_true", help="items that nobody has labelled, too")


def _export(options: argparse.Namespace) -> Result:
    from mindrail.annotate import transfer

    written = transfer.write(_opened(options), options.format, options.out, everything=options.all)
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


def _import(options: argparse.Namespace) -> Result:
    from mindrail.annotate import transfer

    mapping = {theirs: ours or None for theirs, ours in _pairs(options.map)}
    read = transfer.read(_opened(options), options.format, options.file, mapping, who=options.who)
    text = (
        f"{read.labels} labels and {read.notes} notes of {', '.join(read.people) or 'nobody'}; "
        f"{read.kept} stood there before and are kept; {read.new_items} items are new"
    )
    return Result(config.plain(read), text)


def _backup_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the copy; an older one there is replaced")


def _backup(options: argparse.Namespace) -> Result:
    from mindrail.annotate import database

    database.copy(_opened(options).database, options.file)
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

    done = migrate.migrate(_opened(options), options.taxonomy, dict(_pairs(options.map)))
    text = f"{done.carried} labels count in the new words, {done.asked_again} were taken back and are asked again"
    return Result(config.plain(done), text)


def _status(options: argparse.Namespace) -> Result:
    from mindrail.annotate import adjudication, progress

    project = _opened(options)
    told = progress.of_all(project) | {"disputes": adjudication.count(project), "ask": project.settings.ask}
    lines = [
        f"{part:<6} {n['done']:>6} of {n['items']} done; by several people {n['several_done']} of {n['several']}"
        for part, n in told["parts"].items()
    ]
    lines += [f"{p['name']:<16} {p['labels']:>6} labelled, {p['skips']} skipped" for p in told["people"]]
    return Result(told, "\n".join([*lines, f"{told['disputes']} disagreements wait for a decision"]))


def _none(_parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


#: what it is for, its options, and what it does
VERBS: dict[
    str, tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], Result]]
] = {
    "init": ("make a project from messages and a taxonomy", _init_options, _init),
    "serve": ("open the page on 127.0.0.1 (also: mindrail annotate PROJECT)", _serve_options, _serve),
    "link": ("a new private link for somebody", _link_options, _new_link),
    "rank": ("ask in another order from now on", _rank_options, _rank),
    "status": ("how far everybody is", _none, _status),
    "export": ("labels to files", _export_options, _export),
    "import": ("labels from files, of this or other tools", _import_options, _import),
    "migrate": ("go on under another wording of the taxonomy", _migrate_options, _migrate),
    "backup": ("copy everything into one file, checked", _backup_options, _backup),
    "restore": ("a project from a back-up, into an empty place", _backup_options, _restore),
}


def _add_order(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ask", choices=get_args(Ask), help="what to ask first; default random")
    parser.add_argument("--guard", type=Path, metavar="DIR", help="for uncertainty and disagreement")


def _opened(options: argparse.Namespace) -> "Project":
    from mindrail.annotate.project import Project

    return Project(options.project)


def _pairs(given: Sequence[str]) -> list[tuple[str, str]]:
    for pair in given:
        if "=" not in pair:
            raise UsageError(f"--map takes two names with = between them, found '{pair}'")
    return [(left, right) for left, _, right in (pair.partition("=") for pair in given)]


def _link(secret: str, port: int) -> str:
    return f"http://127.0.0.1:{port}/#{secret}"


def _login() -> str:
    """Who sits here; leads, for want of anybody else."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "me"


COMMAND = Command("label messages in the browser, on this machine alone", _configure, _run)

"""`mindrail annotate`: a project to label in the browser, on this machine alone."""

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from mindrail import config
from mindrail.annotate.settings import Ask, Settings
from mindrail.cli import _annotate_files, _options
from mindrail.cli._annotate_files import Verb, opened
from mindrail.cli._command import Command, Result
from mindrail.errors import MissingExtra, UsageError

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
    before = os.umask(0o077)  # whatever is written here holds people's words
    try:
        result: Result = options.act(options)
    finally:
        os.umask(before)
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
    project = opened(options)
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
    link = _link(opened(options).link(options.name, lead=options.lead), options.port)
    return Result(
        {"name": options.name, "link": link}, f"{link}\n(the link before, if any, has stopped working)"
    )


def _rank_options(parser: argparse.ArgumentParser) -> None:
    _add_order(parser)


def _rank(options: argparse.Namespace) -> Result:
    from mindrail.annotate import setup

    project = opened(options)
    ask = options.ask or project.settings.ask
    again = setup.rank(project, ask, options.guard)
    more = f"; {again} labels that the guard contests are asked once more, of somebody else" if again else ""
    return Result({"ask": ask, "asked_again": again}, f"from now on by {ask}{more}")


def _status(options: argparse.Namespace) -> Result:
    from mindrail.annotate import adjudication, progress

    project = opened(options)
    told = progress.of_all(project) | {"disputes": adjudication.count(project), "ask": project.settings.ask}
    lines = [
        f"{part:<6} {n['done']:>6} of {n['items']} done; by several people {n['several_done']} of {n['several']}"
        for part, n in told["parts"].items()
    ]
    lines += [f"{p['name']:<16} {p['labels']:>6} labelled, {p['skips']} skipped" for p in told["people"]]
    return Result(told, "\n".join([*lines, f"{told['disputes']} disagreements wait for a decision"]))


def _none(_parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


VERBS: dict[str, Verb] = {
    "init": ("make a project from messages and a taxonomy", _init_options, _init),
    "serve": ("open the page on 127.0.0.1 (also: mindrail annotate PROJECT)", _serve_options, _serve),
    "link": ("a new private link for somebody", _link_options, _new_link),
    "rank": ("ask in another order from now on", _rank_options, _rank),
    "status": ("how far everybody is", _none, _status),
    **_annotate_files.VERBS,
}


def _add_order(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ask", choices=get_args(Ask), help="what to ask first; default random")
    parser.add_argument("--guard", type=Path, metavar="DIR", help="for uncertainty and disagreement")


def _link(secret: str, port: int) -> str:
    return f"http://127.0.0.1:{port}/#{secret}"


def _login() -> str:
    """Who sits here; leads, for want of anybody else."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "me"


COMMAND = Command("label messages in the browser, on this machine alone", _configure, _run)

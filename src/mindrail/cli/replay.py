"""`mindrail replay`: decisions of an audit made again, from the texts somebody has kept."""

import argparse
from pathlib import Path

import mindrail
from mindrail.cli import _input
from mindrail.cli._command import Command, Result


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `replay`."""
    parser.add_argument(
        "--audit", type=Path, required=True, metavar="DIR", help="the folder that serve --audit wrote"
    )
    parser.add_argument("--guard", type=Path, required=True, metavar="DIR", help="the guard that decided")
    parser.add_argument(
        "--file", type=Path, metavar="F", help="one message per line; default: standard input"
    )
    parser.add_argument(
        "--messages", action="store_true", help="the input is JSON: conversations, one per line"
    )


def run(options: argparse.Namespace) -> Result:
    """Exit code 4 where a decision comes out otherwise: then the guard, or what it runs on, is not what it was."""
    from mindrail.serve.replay import replay

    guard = mindrail.Guard.load(options.guard, self_test=True)
    numbered = _input.read([], options.file, chat=options.messages)
    found = replay(options.audit, guard, [example for _, example in numbered])
    data = {"guard": guard.id, **vars(found)}
    text = (
        f"{found.same} decisions made again, bit for bit\n{len(found.differing)} came out otherwise\n"
        f"{found.unknown} lines of texts that were not given, {found.other} of another guard, "
        f"{found.parts} of replies that were stopped half-way"
    )
    lines = [f"differs: request {request}" for request in found.differing]
    return Result(data, "\n".join([text, *lines]), 4 if found.differing else 0)


COMMAND = Command("decisions of an audit made again, bit for bit", configure, run)

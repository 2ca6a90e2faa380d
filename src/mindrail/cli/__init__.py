"""The command line: one file per command, found by its name and loaded when asked for."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from mindrail import plugins
from mindrail.cli._command import Command, Result
from mindrail.errors import MindrailError
from mindrail.train import environment

__all__ = ["Command", "Result", "main"]

#: In the order in which a newcomer meets them; whatever else the folder holds follows.
ORDER = (
    "build",
    "sets",
    "prepare",
    "augment",
    "adapt",
    "train",
    "crossvalidate",
    "predict",
    "calibrate",
    "evaluate",
    "compare",
    "export",
    "merge",
    "check",
    "scan",
    "serve",
    "replay",
    "annotate",
    "agreement",
    "study",
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit code (docs/command-line.md)."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except MindrailError as error:
        print(f"error[{error.code}]: {error}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        print(
            "error[interrupted]: stopped by hand; a run goes on where it was when started again",
            file=sys.stderr,
        )
        code = 130
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    name = next((word for word in arguments if not word.startswith("-")), None)
    known = sorted(plugins.names("command"), key=lambda n: (ORDER.index(n) if n in ORDER else len(ORDER), n))
    if name is None or name not in known:
        _overview(known).parse_args(arguments)
        if name is None:
            _overview(known).print_help()
        return 0
    command: Command = plugins.get("command", name).COMMAND
    arguments.remove(name)
    parser = argparse.ArgumentParser(prog=f"mindrail {name}", description=command.help)
    command.configure(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    result = command.run(options)
    if not environment.main():  # of several processes launched together one speaks
        return result.exit_code
    if options.json:
        print(json.dumps(result.data, ensure_ascii=False, indent=2))
    elif result.text:
        print(result.text)
    return result.exit_code


def _overview(known: list[str]) -> argparse.ArgumentParser:
    """The help of `mindrail` itself. Listing the commands loads none of their parts."""
    from mindrail import __version__

    parser = argparse.ArgumentParser(
        prog="mindrail",
        description="From a few labelled messages to a small private safety guard whose recall you can state.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Every command takes --help and --json. Exit codes: 0 done, 1 flagged, 2 usage, 3 bad data, "
        "4 artefact refused, 5 stopped, 6 partial.",
    )
    parser.add_argument("--version", action="version", version=f"mindrail {__version__}")
    lines = [f"  {name:<10} {plugins.get('command', name).COMMAND.help}" for name in known]
    parser.add_argument(
        "command", choices=known, nargs="?", metavar="COMMAND", help="\n".join(["one of", *lines])
    )
    parser.formatter_class = argparse.RawTextHelpFormatter
    return parser


def _terminated(_signal: int, _frame: object) -> NoReturn:
    """SIGTERM: checkpoints are atomic, so leaving at once loses at most the steps since the last one."""
    sys.exit(143)

"""`mindrail check`: ask a guard about messages, one answer a line, never with the text."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import mindrail
from mindrail.cli import _input
from mindrail.cli._command import Command, Result

if TYPE_CHECKING:
    from mindrail.guard import Answer, Guard


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `check`."""
    parser.add_argument("--guard", type=Path, required=True, metavar="DIR", help="the guard folder")
    parser.add_argument("text", nargs="*", metavar="TEXT", help="messages (safer: on standard input)")
    parser.add_argument(
        "--file", type=Path, metavar="F", help="one message per line; default: standard input"
    )
    parser.add_argument(
        "--messages",
        action="store_true",
        help='the input is JSON: one conversation [{"role": "user", "content": "…"}, …], or one per line',
    )
    parser.add_argument(
        "--fail-on-flag", action="store_true", help="exit with 1 unless everything is allowed"
    )
    parser.add_argument(
        "--verify", action="store_true", help="check every file of the guard and its golden scores first"
    )


def run(options: argparse.Namespace) -> Result:
    """Answers in the order of the input. The guard is opened first, so a broken one never waits for input."""
    guard = mindrail.Guard.load(options.guard, self_test=options.verify, thorough=options.verify)
    numbered = _input.read(options.text, options.file, chat=options.messages, may_be_none=options.verify)
    answers = guard.many([example for _, example in numbered])
    rows = [
        {"number": number, **answer.to_dict()} for (number, _), answer in zip(numbered, answers, strict=True)
    ]
    flagged = any(answer.decision != "allow" for answer in answers)
    data = {"guard": guard.id, "promise": guard.promise, "verified": options.verify, "answers": rows}
    code = 1 if flagged and options.fail_on_flag else 0
    return Result(data, _text(guard, [n for n, _ in numbered], answers, options.verify), code)


def _text(guard: "Guard", numbers: Sequence[int], answers: Sequence["Answer"], verified: bool) -> str:
    """One line per message."""
    lines = [
        f"{number}\t{answer.decision}\t{answer.label}\t{answer.probability:.3f}\t{answer.reason}\t{guard.id}"
        for number, answer in zip(numbers, answers, strict=True)
    ]
    if verified:
        lines.insert(
            0, f"guard {guard.id}: every file and the golden scores are as they were when it was made"
        )
    return "\n".join(lines)


COMMAND = Command("ask a guard about messages", configure, run)

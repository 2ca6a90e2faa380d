"""Messages from arguments, a file or standard input. Errors name a line, never a text."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mindrail import files
from mindrail.errors import BadFile, UsageError

if TYPE_CHECKING:
    from mindrail.records import Example

#: a message with the number of its line or argument
Numbered = tuple[int, "Example"]

_STDIN = "standard input"
_WARNING = (
    "warning: other users of this machine can read a program's arguments. "
    "Do: send the text on standard input, or name a --file"
)


def read(
    arguments: Sequence[str], file: Path | None, *, chat: bool = False, may_be_none: bool = False
) -> list[Numbered]:
    """The messages to judge: arguments, or the lines of a file or of standard input that are not blank.

    With `chat` the input is JSON: one conversation, or one per line. Raises BadFile for what is no message,
    UsageError where nothing is given, unless it `may_be_none`.
    """
    if arguments:
        if file:
            raise UsageError("found both TEXT and --file, expected one of them")
        print(_WARNING, file=sys.stderr)
        return _messages(list(enumerate(arguments, start=1)), "arguments", chat)
    place, text = _text(file, may_be_none)
    lines = [(n, line.removesuffix("\r")) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines and not may_be_none:
        raise BadFile(place, "found no message, expected one per line")
    return _messages([(1, text)] if chat and _is_json(text) else lines, place, chat)


def _text(file: Path | None, may_be_none: bool) -> tuple[Path | str, str]:
    """Where the input comes from, and all of it."""
    if file:
        return file, files.read_text(file)
    if not sys.stdin.isatty():
        return _STDIN, files.decode(sys.stdin.buffer.read(), _STDIN)
    if may_be_none:
        return _STDIN, ""
    raise UsageError("nothing to check. Do: send messages on standard input, one per line, or name a --file")


def _messages(lines: list[tuple[int, str]], place: Path | str, chat: bool) -> list[Numbered]:
    from mindrail.guard.messages import example_of

    if chat:
        return [(number, _conversation(line, place, number)) for number, line in lines]
    return [(number, example_of(line)) for number, line in lines]


def _conversation(line: str, place: Path | str, number: int) -> "Example":
    """One conversation: a list of messages, or `{"messages": […]}`."""
    from mindrail.guard.messages import example_of

    try:
        value = json.loads(line)
        return example_of(value["messages"] if isinstance(value, dict) else value)
    except UsageError as error:
        raise BadFile(place, str(error), line=number) from None
    except (ValueError, KeyError, RecursionError):
        raise BadFile(place, "not a conversation in JSON; is the line cut off?", line=number) from None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True

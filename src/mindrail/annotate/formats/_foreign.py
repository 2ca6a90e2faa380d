"""What every format reads into, and what they share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mindrail import files
from mindrail.errors import BadFile
from mindrail.records import Example, Turn


@dataclass(frozen=True)
class Foreign:
    """One person's labels of one item, as a file has them.

    `row` counts lines, or objects in a list, from 1. `id` is the item's where the file names it, `example` its
    words where the file has them. `answers` maps the name of a question (or "" where the file names none) to
    its own labels. `when` is empty or in ISO 8601.
    """

    row: int
    id: str
    example: Example | None = field(repr=False)
    who: str
    answers: Mapping[str, tuple[str, ...]]
    note: str = field(default="", repr=False)
    when: str = ""


class BadRow(Exception):
    """Why a row cannot be used, in words of ours."""


def from_list(
    path: Path, what: str, each: Callable[[int, Mapping[str, Any]], list[Foreign]]
) -> list[Foreign]:
    """What `each` reads from every object of a JSON list; `what` says what one is. Raises BadFile with its number."""
    objects = files.read_json(path)
    if not isinstance(objects, list):
        raise BadFile(path, f"found {type(objects).__name__}, expected a list, each a {what}")
    found = []
    for row, value in enumerate(objects, start=1):
        with naming(path, row, what):
            found += each(row, value)
    return found


@contextmanager
def naming(path: Path, row: int, what: str) -> Iterator[None]:
    """Turn whatever is wrong with a row into BadFile, with the number and without the words."""
    try:
        yield
    except BadRow as error:
        raise BadFile(path, str(error), line=row) from None
    except (KeyError, TypeError, AttributeError):
        raise BadFile(path, f"not a {what}", line=row) from None


def iso(at: float) -> str:
    """Seconds since 1970 as a moment in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def messages(example: Example) -> list[dict[str, str]]:
    """The conversation up to the judged turn, in the usual chat form."""
    return [{"role": turn.speaker, "content": turn.text} for turn in example.turns[: example.focus + 1]]


def from_messages(value: Any, name: str = "") -> Example:
    """The reverse; the last message is judged. Raises BadRow."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise BadRow("no list of messages")
    turns = []
    for message in value:
        said = message.get("content") if isinstance(message, Mapping) else None
        role = message.get("role") if isinstance(message, Mapping) else None
        if not isinstance(said, str) or not isinstance(role, str):
            raise BadRow("a message without role and content")
        turns.append(Turn(role, said))
    return Example(tuple(turns), id=name)


def text_of(example: Example) -> str:
    """The conversation as one text, for tools that know nothing else; a lone message stays as it is."""
    before, judged = example.rendered()
    return f"{before}\n{judged}" if before else judged


def words(value: Any) -> tuple[str, ...]:
    """A label or a list of labels as words. Raises BadRow."""
    given = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(word, str | int | bool) for word in given):
        raise BadRow("a label that is no word")
    return tuple(str(word).lower() if isinstance(word, bool) else str(word).strip() for word in given)

"""Examples as JSON lines: the format of every split on disk."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mindrail import files
from mindrail.errors import BadFile
from mindrail.records.example import Example, Turn
from mindrail.taxonomy.axis import Answer


def to_dict(example: Example) -> dict[str, Any]:
    """One example as plain values."""
    row: dict[str, Any] = {
        "id": example.id,
        "turns": [{"speaker": turn.speaker, "text": turn.text} for turn in example.turns],
        "focus": example.focus,
        "answers": {axis: a if isinstance(a, str) else list(a) for axis, a in example.answers.items()},
        "source": example.source,
    }
    if example.group is not None:
        row["group"] = example.group
    if example.tags:
        row["tags"] = dict(example.tags)
    return row


def from_dict(row: dict[str, Any]) -> Example:
    """The reverse. Raises KeyError, TypeError or ValueError for a row that is not an example."""
    answers: dict[str, Answer] = {
        axis: a if isinstance(a, str) else tuple(a) for axis, a in row.get("answers", {}).items()
    }
    turns = tuple(Turn(str(turn["speaker"]), str(turn["text"])) for turn in row["turns"])
    return Example(
        turns,
        focus=int(row["focus"]),
        answers=answers,
        group=row.get("group"),
        source=str(row.get("source", "")),
        tags=row.get("tags", {}),
        id=str(row["id"]),
    )


def write(path: Path, examples: Iterable[Example]) -> None:
    """Write examples atomically, one per line."""
    files.write_jsonl(path, map(to_dict, examples))


def read(path: Path) -> list[Example]:
    """Read examples; a row that is not one is refused by line number, without its text."""
    examples = []
    for line, row in files.read_jsonl(path):
        try:
            examples.append(from_dict(row))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problem = f"missing {error}" if isinstance(error, KeyError) else type(error).__name__
            raise BadFile(path, f"not an example: {problem}", line=line) from None
    return examples

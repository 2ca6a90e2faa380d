"""doccano's JSON lines for text classification: one file for each annotator, named after them, as it exports.

Labels of several questions are told apart by `question:label`. Loses turns, times and which turn was judged:
the conversation is one text.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mindrail import files
from mindrail.annotate.answers import Answers
from mindrail.annotate.formats._foreign import BadRow, Foreign, naming, text_of, words
from mindrail.annotate.results import Labelled
from mindrail.records import Example
from mindrail.taxonomy import Taxonomy, labels_in


def write(labelled: Sequence[Labelled], asked: Taxonomy) -> dict[str, str]:
    """One file for each person."""
    people = sorted({said.who for one in labelled for said in one.labels})
    several = len(asked.axes) > 1
    return {f"--{who}.jsonl": _lines(labelled, who, several) for who in people}


def read(path: Path) -> list[Foreign]:
    """One item a line; the annotator is the file's name, or what follows `--` in it. Raises BadFile with the line."""
    who = path.stem.rpartition("--")[2]
    found = []
    for line, row in files.read_jsonl(path):
        with naming(path, line, "row as doccano exports it"):
            found.append(_label(line, row, who))
    return found


def _lines(labelled: Sequence[Labelled], who: str, several: bool) -> str:
    rows = [
        {
            "id": number,
            "text": text_of(one.item.example),
            "label": _tagged(said.answers, several),
            "Comments": [note.text for note in one.notes if note.who == who],
            "item": one.item.example.id,
        }
        for number, one in enumerate(labelled, start=1)
        for said in one.labels
        if said.who == who
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _tagged(answers: Answers, several: bool) -> list[str]:
    """Labels; with several questions each after its own, and nothing after one that no label answers."""
    if not several:
        return [name for answer in answers.values() for name in labels_in(answer)]
    return [f"{axis}:{name}" for axis, answer in answers.items() for name in labels_in(answer) or ("",)]


def _label(line: int, row: Mapping[str, Any], who: str) -> Foreign:
    text = row.get("text", row.get("data"))
    if not isinstance(text, str) or not text.strip():
        raise BadRow("no text")
    answers: dict[str, tuple[str, ...]] = {}
    for label in words(row.get("label", row.get("labels", []))):
        axis, colon, name = label.partition(":")
        key, word = (axis, name) if colon else ("", label)
        answers[key] = (*answers.get(key, ()), *([word] if word else []))
    name = str(row.get("item", ""))
    comments = row.get("Comments") or []
    note = "\n".join(str(comment) for comment in comments)
    return Foreign(line, name, Example.of(text, id=name), who, answers or {"": ()}, note)

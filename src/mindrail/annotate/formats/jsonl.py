"""Our own: one item a line with everything said of it, and a card so that `mindrail prepare --train` reads it.

Loses nothing but the times of skips.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mindrail import files
from mindrail.annotate import answers
from mindrail.annotate.formats._foreign import Foreign, from_messages, iso, messages, naming, words
from mindrail.annotate.results import Labelled
from mindrail.taxonomy import Axis, Taxonomy

#: stands in a card for the name that the rows get
FILE = "{file}"


def write(labelled: Sequence[Labelled], asked: Taxonomy) -> dict[str, str]:
    """The rows, and one card for each question."""
    rows = "".join(json.dumps(_row(one, asked), ensure_ascii=False) + "\n" for one in labelled)
    several = len(asked.axes) > 1
    cards = {f".{axis.name}.yaml" if several else ".yaml": _card(axis, asked) for axis in asked.axes}
    return {".jsonl": rows, **cards}


def read(path: Path) -> list[Foreign]:
    """Every label of every row. Raises BadFile with the line."""
    found = []
    for line, row in files.read_jsonl(path):
        with naming(path, line, "row of this format"):
            found += _labels(line, row)
    return found


def _row(one: Labelled, asked: Taxonomy) -> dict[str, Any]:
    example = one.item.example
    row: dict[str, Any] = {
        "id": example.id,
        "messages": messages(example),
        "split": one.item.part,
        "group": example.group,
        "picked": one.picked,
    }
    if example.turns[example.focus + 1 :]:
        row["after"] = [{"role": t.speaker, "content": t.text} for t in example.turns[example.focus + 1 :]]
    agreed = answers.plain(one.agreed_answers(asked))
    row |= {f"label_{axis.name}": agreed.get(axis.name) for axis in asked.axes}
    row["soft"] = {axis.name: soft for axis in asked.axes if (soft := one.soft(axis))}
    row["labels"] = [
        {
            "annotator": said.who,
            "answers": answers.plain(said.answers),
            "at": iso(said.at),
            "seconds": said.seconds,
        }
        for said in one.labels
    ]
    if one.decision is not None:
        row["decision"] = {"annotator": one.decision.who, "answers": answers.plain(one.decision.answers)}
    row["skipped"] = list(one.skipped)
    row["notes"] = [{"annotator": note.who, "text": note.text} for note in one.notes]
    row["source"] = example.source
    return row


def _labels(line: int, row: dict[str, Any]) -> list[Foreign]:
    example = from_messages(row["messages"], str(row.get("id", "")))
    if row.get("picked"):
        example = replace(example, tags={"picked": str(row["picked"])})
    notes = {note["annotator"]: str(note["text"]) for note in row.get("notes", ())}
    return [
        Foreign(
            line,
            example.id,
            example,
            str(said["annotator"]),
            {axis: words(label) for axis, label in said["answers"].items()},
            notes.get(said["annotator"], ""),
            str(said.get("at", "")),
        )
        for said in row.get("labels", ())
    ]


def _card(axis: Axis, asked: Taxonomy) -> str:
    """The card of the table for one question: its labels are already those of the taxonomy."""
    labels = "".join(f"  {name}: {name}\n" for name in map(json.dumps, axis.names))
    return (
        f"file: {FILE}\nmessages: messages\nlabel: label_{axis.name}\naxis: {asked.id}\n"
        f"labels:\n{labels}id: id\ngroup: group\nsplit: split\npicked: picked\n"
    )

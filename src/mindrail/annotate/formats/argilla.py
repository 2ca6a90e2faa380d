"""Argilla's records as `dataset.records.to_json` writes them (docs.argilla.io, version 2).

Each question is a label or multi-label question, the conversation a chat field. Loses groups and times.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mindrail.annotate.formats._foreign import BadRow, Foreign, from_list, from_messages, messages, words
from mindrail.annotate.results import Labelled
from mindrail.records import Example
from mindrail.taxonomy import Taxonomy, labels_in

FIELD = "conversation"


def write(labelled: Sequence[Labelled], asked: Taxonomy) -> dict[str, str]:
    """One list of records."""
    records = [_record(one, asked) for one in labelled]
    return {".json": json.dumps(records, ensure_ascii=False, indent=1)}


def read(path: Path) -> list[Foreign]:
    """Every submitted response. Raises BadFile with the number of the record."""
    return from_list(path, "record as Argilla exports it", _responses)


def _record(one: Labelled, asked: Taxonomy) -> dict[str, Any]:
    responses: dict[str, list[dict[str, Any]]] = {}
    for axis in asked.axes:
        for who, answer in one.said(axis).items():
            value = answer if isinstance(answer, str) else list(labels_in(answer))
            responses.setdefault(axis.name, []).append(
                {"value": value, "user_id": who, "status": "submitted"}
            )
    return {
        "id": one.item.example.id,
        "status": "completed" if len(one.labels) >= one.item.want else "pending",
        "fields": {FIELD: messages(one.item.example)},
        "metadata": {"split": one.item.part},
        "suggestions": {},
        "responses": responses,
        "vectors": {},
    }


def _responses(row: int, record: Mapping[str, Any]) -> list[Foreign]:
    name = str(record.get("id", ""))
    example = _example(record["fields"], name)
    by_person: dict[str, dict[str, tuple[str, ...]]] = {}
    for question, responses in (record.get("responses") or {}).items():
        for response in responses:
            if response.get("status") in (None, "submitted"):
                by_person.setdefault(str(response["user_id"]), {})[question] = words(response["value"])
    return [Foreign(row, name, example, who, answers) for who, answers in by_person.items()]


def _example(fields: Mapping[str, Any], name: str) -> Example:
    """The chat field; or, in somebody else's project, the only text field there is."""
    for value in fields.values():
        if isinstance(value, list):
            return from_messages(value, name)
    texts = [value for value in fields.values() if isinstance(value, str)]
    if len(texts) != 1:
        raise BadRow(f"found {len(texts)} text fields and no chat field, expected one")
    return Example.of(texts[0], id=name)

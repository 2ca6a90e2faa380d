"""Argilla's records as `dataset.records.to_json` writes them, and settings that fit (docs.argilla.io, version 2).

Each question is a label or multi-label question, the conversation a chat field. Argilla knows people by UUID, so
names stand in the metadata `people` and `user_id` makes the UUID; it takes no empty answer, so "(none)" stands for
one. Loses groups, notes and times. Tried with the client of 2.8 and against its server's checks, not its server.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mindrail.annotate.formats._foreign import BadRow, Foreign, from_list, from_messages, messages, words
from mindrail.annotate.results import Labelled
from mindrail.records import Example
from mindrail.taxonomy import Answer, Axis, Taxonomy, labels_in

FIELD, PEOPLE = "conversation", "people"
NOTHING = "(none)"


def user_id(name: str) -> str:
    """The UUID under which somebody is to be an Argilla user; one that is a UUID already stays."""
    try:
        return str(uuid.UUID(name))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"mindrail:{name}"))


def write(labelled: Sequence[Labelled], asked: Taxonomy) -> dict[str, str]:
    """One list of records, and the settings of a dataset that takes them, for `rg.Settings.from_json`."""
    written = {
        ".json": [_record(one, asked) for one in labelled],
        "-settings.json": _settings(labelled, asked),
    }
    return {end: json.dumps(value, ensure_ascii=False, indent=1) for end, value in written.items()}


def read(path: Path) -> list[Foreign]:
    """Every submitted response. Raises BadFile with the number of the record."""
    return from_list(path, "record as Argilla exports it", _responses)


def _record(one: Labelled, asked: Taxonomy) -> dict[str, Any]:
    responses: dict[str, list[dict[str, Any]]] = {}
    for axis in asked.axes:
        for who, answer in one.said(axis).items():
            responses.setdefault(axis.name, []).append(
                {"value": _value(answer), "user_id": user_id(who), "status": "submitted"}
            )
    return {
        "id": one.item.example.id,
        "status": "completed" if len(one.labels) >= one.item.want else "pending",
        "fields": {FIELD: messages(one.item.example)},
        "metadata": {"split": one.item.part, PEOPLE: [said.who for said in one.labels]},
        "suggestions": {},
        "responses": responses,
        "vectors": {},
    }


def _value(answer: Answer) -> str | list[str]:
    return answer if isinstance(answer, str) else list(labels_in(answer)) or [NOTHING]


def _settings(labelled: Iterable[Labelled], asked: Taxonomy) -> dict[str, Any]:
    meanings = "\n".join(
        f"- {axis.name}, {label.name}: {label.means}" for axis in asked.axes for label in axis.labels
    )
    return {
        "guidelines": f"{asked.asks}\n\n{meanings}",
        "fields": [{"name": FIELD, "title": FIELD, "required": True, "settings": {"type": "chat"}}],
        "questions": [_question(axis) for axis in asked.axes],
        "metadata": [
            {
                "name": name,
                "title": name,
                "visible_for_annotators": False,  # nobody is to know what will be tested on
                "settings": {"type": "terms"},
            }
            for name in ("split", PEOPLE)
        ],
        "vectors": [],
        "allow_extra_metadata": False,
        "distribution": {
            "strategy": "overlap",
            "min_submitted": max((one.item.want for one in labelled), default=1),
        },
    }


def _question(axis: Axis) -> dict[str, Any]:
    names = axis.names if axis.exclusive else (*axis.names, NOTHING)
    return {
        "name": axis.name,
        "title": axis.name,
        "required": not axis.only_if,
        "settings": {
            "type": "label_selection" if axis.exclusive else "multi_label_selection",
            "options": [{"text": name, "value": name} for name in names],
        },
    }


def _responses(row: int, record: Mapping[str, Any]) -> list[Foreign]:
    name = str(record.get("id", ""))
    example = _example(record["fields"], name)
    people = {user_id(person): person for person in (record.get("metadata") or {}).get(PEOPLE) or ()}
    by_person: dict[str, dict[str, tuple[str, ...]]] = {}
    for question, responses in (record.get("responses") or {}).items():
        for response in responses:
            if response.get("status") in (None, "submitted"):
                who = str(response["user_id"])
                said = tuple(word for word in words(response["value"]) if word != NOTHING)
                by_person.setdefault(people.get(who, who), {})[question] = said
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

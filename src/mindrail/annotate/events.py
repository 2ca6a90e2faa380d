"""What people did, one row each, only ever added. Asking twice with the same uid counts once."""

import json
import sqlite3
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mindrail.errors import DataError

Kind = Literal["assignment", "label", "skip", "undo", "note", "adjudication", "migration"]


class Conflict(DataError):
    """The store has moved on since the page was loaded; nothing was written."""


class Stale(Conflict):
    """The taxonomy's wording has changed since the item was handed out."""


@dataclass(frozen=True)
class Event:
    """One thing that somebody did. `body` never reaches a log: notes are about people."""

    kind: Kind
    who: str | None
    item: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    target: str | None = None
    uid: str = field(default_factory=lambda: uuid.uuid4().hex)


def append(db: sqlite3.Connection, event: Event, at: float | None = None) -> int:
    """Add an event and return its number; one that is there already is left alone.

    Raises Conflict where the uid stands for something else.
    """
    there = find(db, event.uid)
    if there is not None:
        if (there["who"], there["kind"], there["item"]) != (event.who, event.kind, event.item):
            raise Conflict("this uid was used for something else. Do: make a new one for each action")
        return int(there["seq"])
    row = db.execute(
        "INSERT INTO event (uid, at, who, kind, item, target, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            event.uid,
            time.time() if at is None else at,
            event.who,
            event.kind,
            event.item,
            event.target,
            json.dumps(event.body, ensure_ascii=False, allow_nan=False),
        ),
    )
    assert row.lastrowid is not None
    return row.lastrowid


def find(db: sqlite3.Connection, uid: str) -> sqlite3.Row | None:
    """The event with that uid."""
    row: sqlite3.Row | None = db.execute("SELECT * FROM event WHERE uid = ?", (uid,)).fetchone()
    return row

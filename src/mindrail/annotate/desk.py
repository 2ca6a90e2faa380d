"""One annotator at work. Every action is one transaction: when it returns, the disk has it."""

import json
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mindrail.annotate import answers as answer
from mindrail.annotate import events
from mindrail.annotate.answers import BadAnswer
from mindrail.annotate.events import Conflict, Event
from mindrail.annotate.project import Item, Project, item
from mindrail.annotate.queue import hand_out
from mindrail.taxonomy import Answer

#: characters of a note
LONGEST_NOTE = 4000


@dataclass(frozen=True)
class Asked:
    """What somebody is to judge. `standing` is the uid of their own last word on it, `answers` what it was."""

    item: Item
    notes: tuple[str, ...]
    standing: str | None
    answers: Mapping[str, Any] | None


class Desk:
    """What `who` does in a project. Other people's answers never come out of here."""

    def __init__(self, project: Project, who: str, clock: Callable[[], float] = time.time) -> None:
        self.project, self.who, self.clock = project, who, clock

    def next(self) -> Asked | None:
        """The item to judge now; None when nothing is left for this person."""
        with self.project.writing() as db:
            row = hand_out(db, self.who, self.clock(), self.project.settings.lease * 60)
            return None if row is None else self._asked(db, row)

    def label(
        self, uid: str, name: str, said: object, *, expects: str | None = None, seconds: float | None = None
    ) -> int:
        """Say what an item is, and return the number of the event.

        `uid` makes asking twice count once. `expects` is the uid of one's own last word on the item, None for
        none. Raises BadAnswer; Conflict where another tab has answered or the item was never handed out to
        this person; Stale where the taxonomy has changed.
        """
        given: dict[str, Answer] = answer.parse(self.project.taxonomy, said)
        body = {"answers": answer.plain(given), "seconds": seconds}
        return self._answered(Event("label", self.who, name, body, uid=uid), expects)

    def skip(self, uid: str, name: str, reason: str = "", *, expects: str | None = None) -> int:
        """Leave an item to others. Raises as `label` does."""
        return self._answered(Event("skip", self.who, name, {"reason": _short(reason)}, uid=uid), expects)

    def note(self, uid: str, name: str, text: str) -> int:
        """Write something down about an item, for oneself and whoever adjudicates. Raises Conflict."""
        with self.project.writing() as db:
            self._check_handed(db, name)
            return events.append(
                db, Event("note", self.who, name, {"text": _short(text)}, uid=uid), self.clock()
            )

    def undo(self, uid: str) -> Asked | None:
        """Take back one's last label or skip and have its item again; None where there is nothing to undo."""
        with self.project.writing() as db:
            if (there := events.find(db, uid)) is not None:
                return self._asked(db, _row(db, there["item"]))
            last = db.execute(
                "SELECT uid, item FROM valid WHERE who = ? AND kind IN ('label', 'skip') ORDER BY seq DESC LIMIT 1",
                (self.who,),
            ).fetchone()
            if last is None:
                return None
            said = self._own_answers(db, last["item"])
            now = self.clock()
            events.append(db, Event("undo", self.who, last["item"], target=last["uid"], uid=uid), now)
            events.append(db, Event("assignment", self.who, last["item"]), now)
            asked = self._asked(db, _row(db, last["item"]))
            return Asked(asked.item, asked.notes, asked.standing, said)

    def _answered(self, event: Event, expects: str | None) -> int:
        assert event.item is not None
        with self.project.writing() as db:
            if events.find(db, event.uid) is None:
                self._check_handed(db, event.item)
                if self._standing(db, event.item) != expects:
                    raise Conflict("you have answered this in another window. Do: go on with the next")
            return events.append(db, event, self.clock())

    def _check_handed(self, db: sqlite3.Connection, name: str) -> None:
        """Nobody answers what nobody asked them: which items a person judges is not theirs to choose."""
        handed = db.execute(
            "SELECT 1 FROM event WHERE item = ? AND who = ? AND kind = 'assignment'", (name, self.who)
        ).fetchone()
        if handed is None:
            raise Conflict("this item was not handed to you. Do: go on with the next")

    def _standing(self, db: sqlite3.Connection, name: str) -> str | None:
        row = db.execute("SELECT uid FROM standing WHERE item = ? AND who = ?", (name, self.who)).fetchone()
        return None if row is None else str(row["uid"])

    def _own_answers(self, db: sqlite3.Connection, name: str) -> Any:
        row = db.execute(
            "SELECT json_extract(body, '$.answers') AS said FROM standing WHERE item = ? AND who = ?",
            (name, self.who),
        ).fetchone()
        return json.loads(row["said"]) if row and row["said"] else None

    def _asked(self, db: sqlite3.Connection, row: sqlite3.Row) -> Asked:
        notes = db.execute(
            "SELECT json_extract(body, '$.text') FROM event WHERE item = ? AND who = ? AND kind = 'note' "
            "ORDER BY seq",
            (row["id"], self.who),
        ).fetchall()
        said = self._own_answers(db, row["id"])
        return Asked(item(row), tuple(note[0] for note in notes), self._standing(db, row["id"]), said)


def _row(db: sqlite3.Connection, name: str) -> sqlite3.Row:
    row: sqlite3.Row = db.execute("SELECT * FROM item WHERE id = ?", (name,)).fetchone()
    return row


def _short(text: str) -> str:
    if len(text) > LONGEST_NOTE:
        raise BadAnswer(f"the note has {len(text)} characters, at most {LONGEST_NOTE} are kept")
    return text.strip()

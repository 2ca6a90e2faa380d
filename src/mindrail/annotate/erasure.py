"""Messages whose people want them gone: taken out of the store with all that was said of them, and off the disk."""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from mindrail import config
from mindrail.annotate import results
from mindrail.annotate.project import Project, meta, put
from mindrail.annotate.results import Labelled
from mindrail.errors import UsageError


@dataclass(frozen=True)
class Erased:
    """How much was erased, or would be: all that the store remembers of it."""

    items: int
    labels: int
    notes: int


def erase(
    project: Project,
    ids: Collection[str] = (),
    groups: Collection[str] = (),
    *,
    only_count: bool = False,
    clock: Callable[[], float] = time.time,
) -> Erased:
    """Take out items by their ids, and by their group all of a person or conversation; people may go on working.

    What they held is overwritten in the database, and its log emptied. Back-ups, exports and guards made before
    still know them. Raises UsageError where nothing has that name, and then erases nothing; Busy where the items
    are gone but others read the log for so long that it could not be emptied.
    """
    with project.writing() as db:
        going = _named(results.read(db), ids, groups)
        found = Erased(
            len(going), sum(len(one.labels) for one in going), sum(len(one.notes) for one in going)
        )
        if only_count:
            return found
        _delete(db, [one.item.example.id for one in going])
        put(db, "erased", [*meta(db, "erased", []), {"at": clock(), **config.plain(found)}])
    project.database.settle()
    return found


def _named(known: Iterable[Labelled], ids: Collection[str], groups: Collection[str]) -> list[Labelled]:
    going = [one for one in known if one.item.example.id in ids or one.item.example.group in groups]
    for kind, asked, there in (
        ("message with the id", ids, {one.item.example.id for one in going}),
        ("message of the group", groups, {one.item.example.group for one in going}),
    ):
        for name in asked:
            if name not in there:
                raise UsageError(f"no {kind} '{name}' is in this project. Nothing was erased")
    return going


def _delete(db: sqlite3.Connection, ids: Iterable[str]) -> None:
    """The one place where events go: the trigger that forbids it is put aside within the transaction."""
    (keeper,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'event_stays'").fetchone()
    rows = [(name,) for name in ids]
    db.execute("DROP TRIGGER event_stays")
    db.executemany("DELETE FROM event WHERE item = ?", rows)
    db.executemany("DELETE FROM item WHERE id = ?", rows)
    db.execute(keeper)

"""Messages whose people want them gone: taken out of the store with all that was said of them, and off the disk."""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator
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

    A group is named as the data name it, or whole: `SOURCE:NAME`.

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
    asked = {("id", name) for name in ids} | {("group", name) for name in groups}
    going, found = [], set[tuple[str, str]]()
    for one in known:
        if names := asked & set(_names(one)):
            going.append(one)
            found |= names
    for kind, name in sorted(asked - found):
        raise UsageError(f"no message with the {kind} '{name}' is in this project. Nothing was erased")
    return going


def _names(one: Labelled) -> Iterator[tuple[str, str]]:
    """What a message can be asked for by; tables put their own name before that of a group."""
    yield "id", one.item.example.id
    if group := one.item.example.group:
        yield "group", group
        yield "group", group.partition(":")[2]


def _delete(db: sqlite3.Connection, ids: Iterable[str]) -> None:
    """The one place where events go: the trigger that forbids it is put aside within the transaction."""
    (keeper,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'event_stays'").fetchone()
    rows = [(name,) for name in ids]
    db.execute("DROP TRIGGER event_stays")
    db.executemany("DELETE FROM event WHERE item = ?", rows)
    db.executemany("DELETE FROM item WHERE id = ?", rows)
    db.execute(keeper)

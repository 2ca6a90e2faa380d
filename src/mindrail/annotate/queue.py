"""What an annotator is asked next. An item in somebody's hands is not handed to anybody it is not meant for."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from mindrail.annotate.events import Event, append
from mindrail.annotate.project import meta

# People who labelled an item, or hold it now, fill it up; an assignment from the far future (a clock that
# was set back) has run out as one from the past has.
_NEXT = """
SELECT i.* FROM item AS i
WHERE i.open
  AND NOT EXISTS (SELECT 1 FROM valid AS v WHERE v.item = i.id AND v.who = :who AND v.kind IN ('label', 'skip'))
  AND (SELECT count(*) FROM standing AS s WHERE s.item = i.id AND s.kind = 'label')
    + (SELECT count(*) FROM held AS h WHERE h.item = i.id AND h.who <> :who AND abs(:now - h.at) < :lease)
    < i.want
ORDER BY i.place LIMIT 1
"""
_LAST = """
SELECT i.*, a.at FROM event AS a JOIN item AS i ON i.id = a.item
WHERE a.seq = (SELECT max(seq) FROM event WHERE who = :who AND kind = 'assignment')
  AND NOT EXISTS (SELECT 1 FROM event AS l WHERE l.item = a.item AND l.who = a.who AND l.seq > a.seq
                  AND l.kind IN ('label', 'skip'))
"""


def hand_out(db: sqlite3.Connection, who: str, now: float, lease: float) -> sqlite3.Row | None:
    """The row of the item that `who` is to judge now, in their hands from now on; None when all is done.

    An item that they hold already comes again: a second tab or a reload sees the same. `lease` is in
    seconds.
    """
    asked: Mapping[str, Any] = {"who": who, "now": now, "lease": lease}
    last: sqlite3.Row | None = db.execute(_LAST, asked).fetchone()
    if last is not None and abs(now - last["at"]) < lease:
        return last
    row: sqlite3.Row | None = db.execute(_NEXT, asked).fetchone()
    if row is not None:
        append(db, Event("assignment", who, row["id"], _reason(db, row)), now)
    return row


def _reason(db: sqlite3.Connection, row: sqlite3.Row) -> Mapping[str, str]:
    """By what the item was picked; nothing where chance alone brought it up."""
    ask = meta(db, "settings")["ask"]
    return {} if ask == "random" or row["part"] == "test" else {"ask": ask}

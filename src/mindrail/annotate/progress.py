"""How far a project is, in numbers."""

import sqlite3
from typing import Any

from mindrail.annotate.project import Project

_PARTS = """
SELECT part, count(*) AS items, sum(NOT open) AS done, sum(want > 1) AS several,
       sum(want > 1 AND NOT open) AS several_done
FROM item GROUP BY part
"""
_PEOPLE = """
SELECT a.name, a.lead, a.token IS NOT NULL AS invited,
       (SELECT count(*) FROM standing AS s WHERE s.who = a.name AND s.kind = 'label') AS labels,
       (SELECT count(*) FROM standing AS s WHERE s.who = a.name AND s.kind = 'skip') AS skips
FROM annotator AS a ORDER BY a.name
"""


def of_all(project: Project) -> dict[str, Any]:
    """Items and people: for whoever leads."""
    with project.database.reading() as db:
        people = [
            {
                "name": row["name"],
                "lead": bool(row["lead"]),
                "invited": bool(row["invited"]),
                "labels": row["labels"],
                "skips": row["skips"],
            }
            for row in db.execute(_PEOPLE)
        ]
        return {"parts": _parts(db), "people": people}


def of_one(project: Project, who: str) -> dict[str, Any]:
    """One's own labels and the whole's state. Which part an item belongs to is not told: nobody is to know."""
    with project.database.reading() as db:
        (mine,) = db.execute(
            "SELECT count(*) FROM standing WHERE who = ? AND kind = 'label'", (who,)
        ).fetchone()
        parts = _parts(db).values()
        return {
            "mine": mine,
            "items": sum(part["items"] for part in parts),
            "done": sum(part["done"] for part in parts),
        }


def _parts(db: sqlite3.Connection) -> dict[str, dict[str, int]]:
    keys = ("items", "done", "several", "several_done")
    return {row["part"]: {key: row[key] for key in keys} for row in db.execute(_PARTS)}

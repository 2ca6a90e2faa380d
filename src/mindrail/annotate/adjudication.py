"""Where people differ: their answers side by side, without names until somebody has decided."""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from mindrail.annotate import answers as answer
from mindrail.annotate import events, results
from mindrail.annotate.answers import Answers
from mindrail.annotate.events import Conflict, Event
from mindrail.annotate.order import share
from mindrail.annotate.project import Project
from mindrail.annotate.results import Labelled

# Only items that nobody is asked any more: whoever adjudicates may label too, and must not see others first.
_DISPUTED = """
SELECT DISTINCT s.item, i.place
FROM standing AS s JOIN item AS i ON i.id = s.item, json_each(s.body, '$.answers') AS a
WHERE s.kind = 'label' AND NOT i.open
  AND NOT EXISTS (SELECT 1 FROM decided AS d WHERE d.item = s.item)
GROUP BY s.item, a.key HAVING count(DISTINCT a.value) > 1
ORDER BY i.place
"""


@dataclass(frozen=True)
class Dispute:
    """One item in dispute. `opinions` come in an order that does not tell who is who."""

    labelled: Labelled
    opinions: tuple[Answers, ...]
    notes: tuple[str, ...]
    left: int


def next_dispute(project: Project, after: str | None = None) -> Dispute | None:
    """The first open dispute, or the one that follows item `after`; None where there is none."""
    with project.database.reading() as db:
        waiting = _waiting(db)
        if not waiting:
            return None
        place = (waiting.index(after) + 1) % len(waiting) if after in waiting else 0
        (found,) = results.read(db, waiting[place])
    return _dispute(project, found, len(waiting))


def count(project: Project) -> int:
    """How many items wait for a decision."""
    with project.database.reading() as db:
        return len(_waiting(db))


def decide(
    project: Project,
    who: str,
    uid: str,
    name: str,
    said: object,
    why: str = "",
    clock: Callable[[], float] = time.time,
) -> Labelled:
    """Settle an item, and learn who said what. Raises BadAnswer, Stale, Conflict where it is no dispute."""
    given = answer.parse(project.taxonomy, said)
    body = {"answers": answer.plain(given), "why": why.strip()}
    with project.writing() as db:
        if events.find(db, uid) is None and name not in _waiting(db):
            raise Conflict("this item is not in dispute any more. Do: go on with the next")
        events.append(db, Event("adjudication", who, name, body, uid=uid), clock())
        (settled,) = results.read(db, name)
    return settled


def _waiting(db: sqlite3.Connection) -> list[str]:
    return [row["item"] for row in db.execute(_DISPUTED)]


def _dispute(project: Project, one: Labelled, left: int) -> Dispute:
    seed, name = project.settings.seed, one.item.example.id
    shuffled = sorted(one.labels, key=lambda said: share(said.who, seed, name))
    return Dispute(one, tuple(said.answers for said in shuffled), tuple(n.text for n in one.notes), left)

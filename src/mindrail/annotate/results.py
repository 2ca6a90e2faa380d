"""What people said of each item, and what follows from it: one answer, or how opinions are divided."""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mindrail.annotate.answers import Answers
from mindrail.annotate.project import Item, item
from mindrail.taxonomy import Answer, Axis, Taxonomy, labels_in


@dataclass(frozen=True)
class Labelling:
    """One person's answers to one item. `at` is in seconds since 1970, `seq` the order in which things happened."""

    who: str
    answers: Answers
    at: float = 0.0
    seq: int = 0
    seconds: float | None = None


@dataclass(frozen=True)
class Note:
    """What somebody wrote down about an item."""

    who: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class Labelled:
    """An item with all that was said of it. `decision` is the adjudicator's word, if there was need for one.

    `picked` is why it was asked about, such as `uncertainty`; empty where chance alone brought it up.
    """

    item: Item
    labels: tuple[Labelling, ...] = ()
    decision: Labelling | None = None
    skipped: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    picked: str = ""

    def said(self, axis: Axis) -> dict[str, Answer]:
        """Who answered the question, and how."""
        return {label.who: label.answers[axis.name] for label in self.labels if axis.name in label.answers}

    def agreed(self, axis: Axis) -> Answer | None:
        """The decision; else what more than half of the people said; else None."""
        if self.decision is not None and axis.name in self.decision.answers:
            return self.decision.answers[axis.name]
        counts = Counter(map(_key, self.said(axis).values()))
        if not counts:
            return None
        (key, most), *_ = counts.most_common(1)
        if 2 * most <= counts.total():
            return None
        return key[0] if axis.exclusive else key

    def agreed_answers(self, asked: Taxonomy) -> dict[str, Answer]:
        """The agreed answers to all questions that have one."""
        found = {axis.name: self.agreed(axis) for axis in asked.axes}
        return {name: answer for name, answer in found.items() if answer is not None}

    def soft(self, axis: Axis) -> dict[str, float]:
        """The share of people who gave each label: a distribution, except for `any_of`. Empty where nobody did."""
        said = self.said(axis)
        return {
            name: sum(name in labels_in(answer) for answer in said.values()) / len(said)
            for name in axis.names
            if said
        }


def read(db: sqlite3.Connection, only: str | None = None) -> list[Labelled]:
    """Every item in the order of asking, with what is said of it now; or the one of that id."""
    where = "WHERE {} = :only" if only is not None else ""
    asked = {"only": only}

    def by_item(view: str) -> dict[str, list[sqlite3.Row]]:
        found: dict[str, list[sqlite3.Row]] = {}
        for row in db.execute(f"SELECT * FROM {view} {where.format('item')} ORDER BY seq", asked):  # noqa: S608
            found.setdefault(row["item"], []).append(row)
        return found

    standing, decided = by_item("standing"), by_item("decided")
    notes = by_item("(SELECT * FROM event WHERE kind = 'note')")
    first = by_item("(SELECT min(seq) AS seq, item, body FROM event WHERE kind = 'assignment' GROUP BY item)")
    rows = db.execute(f"SELECT * FROM item {where.format('id')} ORDER BY place", asked)  # noqa: S608
    return [
        Labelled(
            found := item(row),
            tuple(_labelling(said) for said in standing.get(row["id"], ()) if said["kind"] == "label"),
            next(map(_labelling, decided.get(row["id"], ())), None),
            tuple(said["who"] for said in standing.get(row["id"], ()) if said["kind"] == "skip"),
            tuple(Note(note["who"], json.loads(note["body"])["text"]) for note in notes.get(row["id"], ())),
            found.example.tags.get("picked") or _picked(first.get(row["id"], ())),
        )
        for row in rows
    ]


def _labelling(row: sqlite3.Row) -> Labelling:
    body: Mapping[str, Any] = json.loads(row["body"])
    answers = {axis: a if isinstance(a, str) else tuple(a) for axis, a in body["answers"].items()}
    seconds = body.get("seconds")
    return Labelling(row["who"], answers, row["at"], row["seq"], None if seconds is None else float(seconds))


def _picked(assignments: Sequence[sqlite3.Row]) -> str:
    return next((json.loads(row["body"]).get("ask", "") for row in assignments), "")


def _key(answer: Answer) -> tuple[str, ...]:
    return labels_in(answer)

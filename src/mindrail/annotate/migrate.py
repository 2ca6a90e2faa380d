"""Another wording of the taxonomy half way: what means the same is kept in the new words, the rest is asked anew."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindrail import taxonomy
from mindrail.annotate import answers as answer
from mindrail.annotate.answers import BadAnswer
from mindrail.annotate.events import Event, append
from mindrail.annotate.project import Project, put, put_taxonomy
from mindrail.errors import UnknownName
from mindrail.taxonomy import Answer, Label, Taxonomy, labels_in

#: (axis, old label) to the new label
Moves = Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class Migrated:
    """Labels that count under the new wording, and labels that were taken back to be asked again."""

    carried: int
    asked_again: int


def migrate(project: Project, source: Path | str, mapping: Mapping[str, str]) -> Migrated:
    """Make another taxonomy the project's question. The old words and labels stay in the event log.

    A label carries over where its meaning is the same word for word, or where `mapping` names it (old to new,
    also to itself for "reworded, means the same"). Answers with any other label are taken back, so that their
    items are asked again. Servers that are open refuse to write from then on. Raises UnknownName for a
    mapping to nothing.
    """
    new = taxonomy.load(source)
    same = _same(project.taxonomy, new, mapping)
    about = {"from": project.taxonomy.to_dict(), "to": new.to_dict(), "mapping": dict(mapping)}
    carried = again = 0
    with project.writing() as db:
        standing = db.execute(
            "SELECT * FROM standing WHERE kind = 'label' UNION ALL SELECT * FROM decided"
        ).fetchall()
        old = db.execute("SELECT uid, item FROM valid WHERE kind != 'skip'").fetchall()
        append(db, Event("migration", None, body=about))
        for row in old:  # all of them: taking back the last word alone would let an older one stand again
            append(db, Event("undo", None, row["item"], target=row["uid"]))
        for row in standing:
            body = json.loads(row["body"])
            said = _carried(new, same, body["answers"])
            if said is None:
                again += 1
                continue
            moved = body | {"answers": answer.plain(said), "migrated": row["uid"]}
            append(db, Event(row["kind"], row["who"], row["item"], moved), row["at"])
            carried += 1
        put_taxonomy(db, new)
        put(db, "taxonomy_source", str(Path(source).resolve()) if Path(source).suffix else None)
    return Migrated(carried, again)


def _same(old: Taxonomy, new: Taxonomy, mapping: Mapping[str, str]) -> Moves:
    """Where each old label goes; labels that are missing here go nowhere. Raises UnknownName."""
    known = {axis.name: {label.name: label for label in axis.labels} for axis in new.axes}
    moves = {}
    for axis in old.axes:
        labels = known.get(axis.name, {})
        for label in axis.labels:
            target = mapping.get(f"{axis.name}:{label.name}", mapping.get(label.name))
            if target is not None and target not in labels:
                raise UnknownName("label", target, list(labels))
            if target is None and _meaning(labels.get(label.name)) == _meaning(label):
                target = label.name
            if target is not None:
                moves[axis.name, label.name] = target
    return moves


def _carried(new: Taxonomy, moves: Moves, said: Mapping[str, Any]) -> dict[str, Answer] | None:
    """The same answers in the new words, or None where one of them has no place there."""
    kept = {axis: labels_in(given) for axis, given in said.items() if axis in {a.name for a in new.axes}}
    moved = {
        axis: [moves[axis, label] for label in labels if (axis, label) in moves]
        for axis, labels in kept.items()
    }
    if any(len(moved[axis]) < len(labels) for axis, labels in kept.items()):
        return None
    try:
        return answer.parse(new, moved)
    except BadAnswer:
        return None


def _meaning(label: Label | None) -> tuple[str, tuple[str, ...]] | None:
    return None if label is None else (label.means, label.does_not_count)

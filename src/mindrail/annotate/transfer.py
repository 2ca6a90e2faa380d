"""Labels out to files and in from files, whatever tool they come from."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mindrail import files, plugins
from mindrail.annotate import answers as answer
from mindrail.annotate import results
from mindrail.annotate.answers import Answers, BadAnswer
from mindrail.annotate.events import Event, append, find
from mindrail.annotate.formats._foreign import Foreign, text_of
from mindrail.annotate.project import Item, Project, add_annotator, add_items
from mindrail.errors import BadFile
from mindrail.records import Example
from mindrail.taxonomy import Taxonomy

#: their label, or `question=label`, to ours; None: it says nothing
Mapped = Mapping[str, str | None]

#: rows named in a refusal
_SHOWN = 20


@dataclass(frozen=True)
class Read:
    """What an import did. `kept`: labels that stood there before, of the same person on the same item."""

    labels: int
    kept: int
    notes: int
    new_items: int
    people: tuple[str, ...]


def write(project: Project, kind: str, out: Path, *, everything: bool = False) -> list[Path]:
    """Write labels as files whose names begin with `out`; with `everything`, items without a label too.

    Only their owner may read them. Raises UnknownName for the format, OutOfSpace.
    """
    with project.database.reading() as db:
        labelled = [one for one in results.read(db) if everything or one.labels or one.decision]
    paths = []
    for end, content in plugins.get("format", kind).write(labelled, project.taxonomy).items():
        path = out.with_name(out.name + end)
        text = content.replace("{file}", f"{out.name}.jsonl", 1) if end.endswith(".yaml") else content
        files.write_bytes(path, text.encode())
        paths.append(path)
    return paths


def read(project: Project, kind: str, path: Path, mapping: Mapped, *, who: str | None = None) -> Read:
    """Take in labels that were made elsewhere; doing it again changes nothing.

    Labels that are neither mapped nor ours are refused with the numbers of their rows, and nothing is written.
    Items are found by their id, else by their words; new ones join the end of the pool. `who` replaces the
    annotators' names. Raises BadFile, UnknownName, UsageError for a name that cannot be one.
    """
    foreign: list[Foreign] = plugins.get("format", kind).read(path)
    wanted = _understood(
        [replace(one, who=who or one.who) for one in foreign], project.taxonomy, mapping, path
    )
    people = tuple(sorted({one.who for one, _ in wanted}))
    with project.writing() as db:
        there = [one.item.example for one in results.read(db)]
        found, fresh = _found([one for one, _ in wanted], there, path)
        add_items(db, [Item(example, "pool", 1, len(there) + n) for n, example in enumerate(fresh)])
        for person in people:
            add_annotator(db, person)
        labels = sum(
            _label(db, one, said, name, kind) for (one, said), name in zip(wanted, found, strict=True)
        )
        notes = sum(_note(db, one, name) for (one, _), name in zip(wanted, found, strict=True))
    return Read(labels, len(wanted) - labels, notes, len(fresh), people)


def _understood(
    foreign: Sequence[Foreign], asked: Taxonomy, mapping: Mapped, path: Path
) -> list[tuple[Foreign, Answers]]:
    """Labels in our words; rows that say nothing of our questions are left out. Raises BadFile."""
    understood: list[tuple[Foreign, Answers]] = []
    unknown, wrong = [], []
    for one in foreign:
        try:
            if said := _mapped(one, asked, mapping):
                understood.append((one, answer.parse(asked, said, whole=False)))
        except KeyError:
            unknown.append(one.row)
        except BadAnswer:
            wrong.append(one.row)
    if unknown or wrong:
        known = "; ".join(f"{axis.name}: {', '.join(axis.names)}" for axis in asked.axes)
        raise BadFile(
            path,
            f"{len(unknown)} rows have labels or questions that are not ours ({_rows(unknown)}), {len(wrong)} "
            f"answer a question as it cannot be answered ({_rows(wrong)}). Ours are {known}. "
            "Do: --map THEIRS=OURS for each, or --map THEIRS= for one that says nothing",
        )
    return understood


def _mapped(one: Foreign, asked: Taxonomy, mapping: Mapped) -> dict[str, list[str]]:
    """Raises KeyError for a label that is neither mapped nor ours."""
    axes = {axis.name: axis for axis in asked.axes}
    said = {}
    for question, labels in one.answers.items():
        axis = axes[question] if question in axes or len(asked.axes) > 1 else asked.axes[0]
        ours = []
        for label in labels:
            told = mapping.get(f"{question}:{label}", mapping.get(label, label))
            if told is not None and told not in axis.names:
                raise KeyError(label)
            ours += [told] if told is not None else []
        if ours or not (labels or axis.exclusive):
            said[axis.name] = ours
    return said


def _found(
    wanted: Sequence[Foreign], there: Sequence[Example], path: Path
) -> tuple[list[str], list[Example]]:
    """The item's id for each label, and the examples that are new."""
    ids = {example.id for example in there}
    by_words = {_words(example): example.id for example in there}
    names, fresh = [], []
    for one in wanted:
        if one.id in ids:
            names.append(one.id)
            continue
        if one.example is None:
            raise BadFile(path, "an item that is not in the project, and without a text", line=one.row)
        key = _words(one.example)
        if key not in by_words:
            made = replace(one.example, id="", source=path.stem)
            by_words[key] = made.id
            fresh.append(made)
        names.append(by_words[key])
    return names, fresh


def _label(db: sqlite3.Connection, one: Foreign, said: Answers, name: str, kind: str) -> bool:
    """Add a label unless the person has said something of the item before; whether it was added."""
    if db.execute("SELECT 1 FROM standing WHERE item = ? AND who = ?", (name, one.who)).fetchone():
        return False
    body = {"answers": answer.plain(said), "imported": kind}
    append(db, Event("label", one.who, name, body), _seconds(one.when))
    return True


def _note(db: sqlite3.Connection, one: Foreign, name: str) -> bool:
    """Add a note unless it is there; whether it was added."""
    uid = files.digest([name, one.who, one.note])
    if not one.note or find(db, uid):
        return False
    append(db, Event("note", one.who, name, {"text": one.note}, uid=uid), _seconds(one.when))
    return True


def _words(example: Example) -> str:
    return Example.of(text_of(example)).normalised()


def _seconds(when: str) -> float | None:
    """Seconds since 1970; None, and so now, where the file does not tell."""
    try:
        return datetime.fromisoformat(when).timestamp()
    except ValueError:
        return None


def _rows(numbers: Sequence[int]) -> str:
    if not numbers:
        return "none"
    shown = ", ".join(map(str, numbers[:_SHOWN]))
    return f"rows {shown}, …" if len(numbers) > _SHOWN else f"rows {shown}"

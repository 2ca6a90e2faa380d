"""Erased messages are gone from the store and from the disk; everything else stays as it was."""

import sqlite3
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.annotating import RISK, examples, project
from mindrail.annotate import database, results
from mindrail.annotate.database import Busy, intact
from mindrail.annotate.desk import Desk
from mindrail.annotate.erasure import Erased, erase
from mindrail.annotate.events import Conflict
from mindrail.annotate.project import FILE, Item, Project
from mindrail.annotate.settings import Settings
from mindrail.errors import UsageError

NOTE = "kept between ourselves"


def label_all(made: Project, who: str) -> list[str]:
    """Labels everything, with a note each; the ids in the order of asking."""
    desk, ids = Desk(made, who), []
    while (asked := desk.next()) is not None:
        ids.append(asked.item.example.id)
        desk.note(uuid.uuid4().hex, ids[-1], f"{NOTE} {ids[-1]}")
        desk.label(uuid.uuid4().hex, ids[-1], {"risk": "safe"})
    return ids


def left(made: Project) -> dict[str, int]:
    """Item to how many labels it has."""
    with made.database.reading() as db:
        return {one.item.example.id: len(one.labels) for one in results.read(db)}


def on_disk(folder: Path, words: str) -> list[str]:
    """Names of the files that hold them."""
    return sorted(path.name for path in folder.iterdir() if words.encode() in path.read_bytes())


def test_a_message_its_labels_and_notes_leave_the_store_and_the_disk(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 40, want=2)
    ids = label_all(made, "ana")
    label_all(made, "ben")
    gone, kept = ids[:3], ids[3:]
    with made.database.reading() as db:
        texts = {one.item.example.id: one.item.example.text for one in results.read(db)}
    assert all(on_disk(tmp_path / "p", texts[name]) for name in ids)
    assert erase(made, gone) == Erased(items=3, labels=6, notes=6)
    assert left(made) == dict.fromkeys(kept, 2)
    for name in gone:
        assert on_disk(tmp_path / "p", texts[name]) == []
        assert on_disk(tmp_path / "p", f"{NOTE} {name}") == []
    assert all(on_disk(tmp_path / "p", texts[name]) for name in kept)
    made.close()
    intact(tmp_path / "p" / FILE)


def test_a_group_goes_as_a_whole(tmp_path: Path) -> None:
    grouped = [replace(one, id="", group=f"posts:person {n % 3}") for n, one in enumerate(examples(12))]
    items = [Item(example, "pool", 1, place) for place, example in enumerate(grouped)]
    made = Project.create(tmp_path / "p", RISK, Settings(), items)
    assert erase(made, groups=["person 1"], only_count=True) == Erased(4, 0, 0)
    assert len(left(made)) == 12
    assert erase(made, groups=["person 1"]) == erase(made, groups=["posts:person 2"]) == Erased(4, 0, 0)
    assert set(left(made)) == {one.id for one in grouped if one.group == "posts:person 0"}


def test_a_log_that_others_read_is_said_and_emptied_by_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    made = project(tmp_path / "p")
    (name, *_) = label_all(made, "ana")
    reader = sqlite3.connect(tmp_path / "p" / FILE)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM item").fetchone()
    impatient = Project(tmp_path / "p")
    with pytest.raises(Busy, match="end the server"):
        erase(impatient, [name])
    assert name not in left(made)
    for one in (reader, impatient, made):
        one.close()
    assert on_disk(tmp_path / "p", f"{NOTE} {name}") == []


def test_events_cannot_be_deleted_before_or_after(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    erase(made, label_all(made, "ana")[:1])
    for change in ("DELETE FROM event", "UPDATE event SET at = 0"):
        with pytest.raises(sqlite3.IntegrityError, match="never"), made.database.writing() as db:
            db.execute(change)


@pytest.mark.parametrize(("ids", "groups"), [(["nobody's"], []), ([], ["nobody's"])])
def test_what_is_not_there_erases_nothing(tmp_path: Path, ids: list[str], groups: list[str]) -> None:
    made = project(tmp_path / "p")
    with pytest.raises(UsageError, match=r"nobody's.*Nothing was erased"):
        erase(made, [*ids, *left(made)], groups)
    assert len(left(made)) == 12


def test_whoever_is_looking_at_it_is_sent_on(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 2)
    desk = Desk(made, "ana")
    asked = desk.next()
    assert asked is not None
    other = Project(tmp_path / "p")
    erase(other, [asked.item.example.id])
    with pytest.raises(Conflict, match="go on with the next"):
        desk.label(uuid.uuid4().hex, asked.item.example.id, {"risk": "safe"})
    following = desk.next()
    assert following is not None and following.item.example.id != asked.item.example.id
    assert desk.undo(uuid.uuid4().hex) is None

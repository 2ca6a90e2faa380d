"""The store: what was acknowledged is there, whatever happens; what was not ours is refused."""

import os
import sqlite3
import stat
import threading
import uuid
from pathlib import Path

import pytest

from helpers.annotating import RISK, examples, project
from helpers.killed_writers import round_of_kills
from mindrail.annotate import database, results
from mindrail.annotate.database import Busy, Database
from mindrail.annotate.desk import Asked, Desk
from mindrail.annotate.events import Conflict, Event, append
from mindrail.annotate.project import FILE, Project
from mindrail.errors import BadFile, OutOfSpace, Refused, UsageError


def uid() -> str:
    return uuid.uuid4().hex


def take(desk: Desk) -> Asked:
    asked = desk.next()
    assert asked is not None
    return asked


def said(made: Project, who: str) -> dict[str, str]:
    """Item to label, as it stands for one person."""
    with made.database.reading() as db:
        return {
            one.item.example.id: str(label.answers["risk"])
            for one in results.read(db)
            for label in one.labels
            if label.who == who
        }


def label(desk: Desk, risk: str = "safe") -> str:
    """Label whatever comes; its id."""
    asked = take(desk)
    desk.label(uid(), asked.item.example.id, {"risk": risk}, expects=asked.standing)
    return asked.item.example.id


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 4000, want=2)
    acknowledged: list[tuple[str, str]] = []
    for seconds in (0.1, 0.4, 0.2):
        acknowledged += round_of_kills(tmp_path / "p", ("ana", "ben"), seconds, tmp_path)
    with made.database.reading() as db:
        there = [tuple(row) for row in db.execute("SELECT uid, item FROM event WHERE kind = 'label'")]
    assert len(acknowledged) > 20
    assert set(acknowledged) <= set(there)
    assert len(there) == len(set(there))
    made.close()
    database.intact(tmp_path / "p" / FILE)


def test_threads_lose_nothing(tmp_path: Path) -> None:
    people = [f"person {n}" for n in range(6)]
    made = project(tmp_path / "p", 30, want=6, people=people)

    def work(who: str) -> None:
        desk = Desk(made, who)
        while (asked := desk.next()) is not None:
            desk.label(uid(), asked.item.example.id, {"risk": "safe"})

    threads = [threading.Thread(target=work, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(said(made, who)) for who in people] == [30] * 6


def test_asking_twice_counts_once(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    desk = Desk(made, "ana")
    name, one = take(desk).item.example.id, uid()
    first = desk.label(one, name, {"risk": "safe"})
    assert desk.label(one, name, {"risk": "safe"}) == first
    with made.database.reading() as db:
        assert db.execute("SELECT count(*) FROM event WHERE kind = 'label'").fetchone()[0] == 1


def test_a_uid_of_something_else_is_refused(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    desk, one = Desk(made, "ana"), uid()
    desk.label(one, take(desk).item.example.id, {"risk": "safe"})
    with pytest.raises(Conflict):
        desk.label(one, take(desk).item.example.id, {"risk": "unsafe"})


def test_two_tabs_see_the_same_item_and_the_second_answer_is_refused(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    one, other = Desk(made, "ana"), Desk(made, "ana")
    seen, again = take(one), take(other)
    assert seen.item.example.id == again.item.example.id
    one.label(uid(), seen.item.example.id, {"risk": "safe"}, expects=seen.standing)
    with pytest.raises(Conflict, match="another window"):
        other.label(uid(), again.item.example.id, {"risk": "unsafe"}, expects=again.standing)
    assert list(said(made, "ana").values()) == ["safe"]


def test_nobody_labels_what_was_not_handed_to_them(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    with pytest.raises(Conflict, match="not handed"):
        Desk(made, "ana").label(uid(), examples(12)[5].id, {"risk": "safe"})


def test_undo_brings_the_item_back_with_its_answer(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    desk = Desk(made, "ana")
    first = label(desk, "safe")
    second = label(desk, "unsafe")
    back = desk.undo(uid())
    assert back is not None
    assert (back.item.example.id, back.answers) == (second, {"risk": "unsafe"})
    assert said(made, "ana") == {first: "safe"}
    assert label(desk, "borderline") == second
    assert said(made, "ana") == {first: "safe", second: "borderline"}


def test_undo_twice_goes_back_two_and_then_nowhere(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    desk = Desk(made, "ana")
    names = [label(desk), label(desk)]
    backs = [desk.undo(uid()), desk.undo(uid())]
    assert [back.item.example.id for back in backs if back] == names[::-1]
    assert desk.undo(uid()) is None
    assert said(made, "ana") == {}


def test_the_same_undo_twice_takes_back_one(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    desk, one = Desk(made, "ana"), uid()
    first = label(desk)
    label(desk)
    desk.undo(one)
    desk.undo(one)
    assert said(made, "ana") == {first: "safe"}


def test_events_can_neither_be_changed_nor_deleted(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    label(Desk(made, "ana"))
    for statement in ("UPDATE event SET who = 'ben'", "DELETE FROM event"):
        with pytest.raises(sqlite3.IntegrityError, match="events are never"), made.database.writing() as db:
            db.execute(statement)
    assert len(said(made, "ana")) == 1


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    name = take(Desk(made, "ana")).item.example.id
    with pytest.raises(RuntimeError), made.writing() as db:
        append(db, Event("label", "ana", name, {"answers": {"risk": "safe"}}))
        raise RuntimeError
    assert said(made, "ana") == {}


def test_a_full_disk_is_said_and_what_was_there_is_safe(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    desk = Desk(made, "ana")
    label(desk)
    with made.database.reading() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
    made.database._connection().execute(f"PRAGMA max_page_count = {pages}")
    name = take(desk).item.example.id
    with pytest.raises(OutOfSpace, match="What was acknowledged before is safe"):
        for _ in range(40):
            desk.note(uid(), name, "x" * 4000)
    assert len(said(made, "ana")) == 1
    made.database._connection().execute("PRAGMA max_page_count = 1000000")
    label(desk)
    assert len(said(made, "ana")) == 2


def test_a_writer_that_waits_too_long_is_told_to_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = project(tmp_path / "p")
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    other = Database(made.database.path)
    with made.database.writing(), pytest.raises(Busy, match="try again"), other.writing():
        pass


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    label(Desk(made, "ana"))
    for path in (tmp_path / "p").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    assert stat.S_IMODE((tmp_path / "p").stat().st_mode) == 0o700


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    made.database._connection().execute(f"PRAGMA user_version = {database.VERSION + 1}")
    made.close()
    with pytest.raises(Refused, match="upgrade mindrail"):
        Project(tmp_path / "p")


def test_what_is_no_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no project is here"):
        Project(tmp_path)
    (tmp_path / FILE).write_bytes(b"something else" * 1000)
    with pytest.raises(BadFile, match="not a whole SQLite file"):
        Project(tmp_path)
    (tmp_path / FILE).unlink()
    other = sqlite3.connect(tmp_path / FILE)
    other.execute("CREATE TABLE t (a)")
    other.close()
    with pytest.raises(BadFile, match="not a mindrail annotation project"):
        Project(tmp_path)


def test_a_project_is_never_overwritten(tmp_path: Path) -> None:
    project(tmp_path / "p")
    with pytest.raises(BadFile, match="already"):
        project(tmp_path / "p")


def test_a_back_up_taken_while_others_write_is_whole(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 400)
    desk = Desk(made, "ana")
    done = threading.Event()
    names: list[str] = []

    def work() -> None:
        while not done.is_set():
            names.append(label(desk))

    thread = threading.Thread(target=work)
    thread.start()
    while len(names) < 20:
        pass
    before = list(names)
    database.copy(made.database, tmp_path / "copy.db")
    done.set()
    thread.join()
    database.restore(tmp_path / "copy.db", tmp_path / "again" / FILE)
    restored = said(Project(tmp_path / "again"), "ana")
    assert set(before) <= set(restored) <= set(names)
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"p", "copy.db", "again"}


def test_a_damaged_back_up_is_refused(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 400)
    database.copy(made.database, tmp_path / "copy.db")
    size = (tmp_path / "copy.db").stat().st_size
    with (tmp_path / "copy.db").open("r+b") as file:
        file.seek(size // 2)
        file.write(os.urandom(8192))
    with pytest.raises(BadFile, match=r"damaged|not a whole"):
        database.restore(tmp_path / "copy.db", tmp_path / "again" / FILE)
    assert not (tmp_path / "again").exists()


def test_links_open_for_their_owner_until_there_is_a_new_one(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    first = made.link("ana")
    found = made.who(first)
    assert found is not None and (found.name, found.lead) == ("ana", False)
    second = made.link("ana", lead=True)
    assert made.who(first) is None
    assert made.who(second) == made.annotator("ana")
    assert made.who("käse") is None
    assert first.encode() not in b"".join(path.read_bytes() for path in (tmp_path / "p").iterdir())


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a\nb", "x" * 65, "=cmd"])
def test_names_that_no_file_could_carry_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="a name is 1 to 64"):
        project(tmp_path / "p").link(name)


def test_settings_and_taxonomy_come_back(tmp_path: Path) -> None:
    project(tmp_path / "p", title="Ours", overlap=0.5)
    again = Project(tmp_path / "p")
    assert (again.settings.title, again.settings.overlap) == ("Ours", 0.5)
    assert again.taxonomy == RISK

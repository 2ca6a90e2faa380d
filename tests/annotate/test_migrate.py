"""Another wording half way: refused until it is migrated; what means the same stays, the rest is asked again."""

import uuid
from pathlib import Path

import pytest

from helpers.annotating import RISK, project
from mindrail import config, files
from mindrail.annotate import adjudication, results
from mindrail.annotate.desk import Desk
from mindrail.annotate.events import Stale
from mindrail.annotate.migrate import migrate
from mindrail.annotate.project import Project, put
from mindrail.errors import UnknownName, WrongTaxonomy


def reworded(folder: Path, **changes: str) -> Path:
    """The risk taxonomy with other meanings; `safe__name` renames."""
    value = config.plain(RISK)
    for label in value["axes"][0]["labels"]:
        own = label["name"]
        label["means"] = changes.get(own, label["means"])
        label["name"] = changes.get(f"{own}__name", own)
    files.write_json(folder / "new.yaml", value)  # JSON is YAML
    return folder / "new.yaml"


def labelled(folder: Path) -> Project:
    made = project(folder, 3)
    for risk in RISK.axes[0].names:
        label(made, risk)
    return made


def label(made: Project, risk: str, who: str = "ana") -> str:
    desk = Desk(made, who)
    asked = desk.next()
    assert asked is not None
    desk.label(uuid.uuid4().hex, asked.item.example.id, {"risk": risk}, expects=asked.standing)
    return asked.item.example.id


def said(folder: Path) -> list[object]:
    with Project(folder).database.reading() as db:
        return [label.answers["risk"] for one in results.read(db) for label in one.labels]


def test_a_changed_file_is_refused_with_the_command_that_helps(tmp_path: Path) -> None:
    made = labelled(tmp_path / "p")
    path = reworded(tmp_path)
    with made.writing() as db:
        put(db, "taxonomy_source", str(path))
    Project(tmp_path / "p").check_source()
    reworded(tmp_path, unsafe="Something else.")
    with pytest.raises(WrongTaxonomy, match=r"mindrail annotate migrate .* --taxonomy .*new\.yaml"):
        Project(tmp_path / "p").check_source()


def test_labels_of_the_same_meaning_stay_and_others_are_asked_again(tmp_path: Path) -> None:
    made = labelled(tmp_path / "p")
    done = migrate(made, reworded(tmp_path, unsafe="Something else."), {})
    assert (done.carried, done.asked_again) == (2, 1)
    assert said(tmp_path / "p") == ["safe", "borderline"]
    again = Project(tmp_path / "p")
    assert again.taxonomy.axes[0].labels[2].means == "Something else."
    label(again, "unsafe")
    assert said(tmp_path / "p") == ["safe", "borderline", "unsafe"]


def test_a_mapping_carries_labels_over(tmp_path: Path) -> None:
    made = labelled(tmp_path / "p")
    path = reworded(tmp_path, unsafe="Something else.", borderline__name="unsure")
    done = migrate(made, path, {"unsafe": "unsafe", "borderline": "unsure"})
    assert (done.carried, done.asked_again) == (3, 0)
    assert said(tmp_path / "p") == ["safe", "unsure", "unsafe"]


def test_a_mapping_to_nothing_is_refused(tmp_path: Path) -> None:
    made = labelled(tmp_path / "p")
    with pytest.raises(UnknownName, match="unknown label 'unsur'"):
        migrate(made, reworded(tmp_path, borderline__name="unsure"), {"borderline": "unsur"})
    assert said(tmp_path / "p") == list(RISK.axes[0].names)


def test_a_server_that_was_open_writes_no_more(tmp_path: Path) -> None:
    made = labelled(tmp_path / "p")
    desk = Desk(made, "ana")
    migrate(Project(tmp_path / "p"), reworded(tmp_path, unsafe="Something else."), {})
    with pytest.raises(Stale):
        desk.next()


def test_nothing_old_comes_back_by_undo(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 1)
    label(made, "unsafe")
    assert Desk(made, "ana").undo(uuid.uuid4().hex) is not None
    label(made, "safe")
    migrate(made, reworded(tmp_path, unsafe="Something else."), {})
    again = Project(tmp_path / "p")
    back = Desk(again, "ana").undo(uuid.uuid4().hex)
    assert back is not None and back.standing is None
    assert said(tmp_path / "p") == []


def test_history_stays(tmp_path: Path) -> None:
    made = labelled(tmp_path / "p")
    migrate(made, reworded(tmp_path, unsafe="Something else."), {})
    with made.database.reading() as db:
        kinds = [row["kind"] for row in db.execute("SELECT kind FROM event ORDER BY seq")]
        before = db.execute("SELECT body FROM event WHERE kind = 'migration'").fetchone()["body"]
    assert kinds.count("label") == 5
    assert RISK.axes[0].labels[2].means in before


def test_decisions_are_carried_over_too(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 1, want=2)
    name = label(made, "safe")
    label(made, "borderline", "ben")
    adjudication.decide(made, "ana", uuid.uuid4().hex, name, {"risk": "borderline"})
    migrate(made, reworded(tmp_path, unsafe="Something else."), {})
    with made.database.reading() as db:
        decision = results.read(db)[0].decision
    assert decision is not None and decision.answers == {"risk": "borderline"}

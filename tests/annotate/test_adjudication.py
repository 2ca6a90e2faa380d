"""Disagreements: who sees them when, and that names come last."""

import uuid
from pathlib import Path

import pytest

from helpers.annotating import RISK, project
from mindrail.annotate import adjudication, measured, results
from mindrail.annotate.answers import BadAnswer
from mindrail.annotate.desk import Desk
from mindrail.annotate.events import Conflict
from mindrail.annotate.project import Project


def label(made: Project, who: str, risk: str) -> str:
    desk = Desk(made, who)
    asked = desk.next()
    assert asked is not None
    desk.label(uuid.uuid4().hex, asked.item.example.id, {"risk": risk})
    return asked.item.example.id


def test_only_what_is_finished_and_differs_is_in_dispute(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 3, want=2)
    first = label(made, "ana", "safe")
    assert adjudication.next_dispute(made) is None  # somebody is still to be asked
    label(made, "ben", "unsafe")
    label(made, "ana", "safe")
    label(made, "ben", "safe")
    dispute = adjudication.next_dispute(made)
    assert dispute is not None
    assert (dispute.labelled.item.example.id, dispute.left) == (first, 1)
    assert sorted(str(said["risk"]) for said in dispute.opinions) == ["safe", "unsafe"]


def test_a_decision_settles_it_and_counts(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 1, want=2)
    name = label(made, "ana", "safe")
    label(made, "ben", "unsafe")
    with made.database.reading() as db:
        assert results.read(db)[0].agreed(RISK.axes[0]) is None
    uid = uuid.uuid4().hex
    settled = adjudication.decide(made, "ana", uid, name, {"risk": "borderline"}, "met in the middle")
    assert settled.agreed(RISK.axes[0]) == "borderline"
    assert [said.who for said in settled.labels] == ["ana", "ben"]
    assert adjudication.next_dispute(made) is None
    adjudication.decide(made, "ana", uid, name, {"risk": "borderline"})  # the same again is no conflict
    with pytest.raises(Conflict):
        adjudication.decide(made, "ana", uuid.uuid4().hex, name, {"risk": "safe"})


def test_a_decision_must_answer_the_question(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 1, want=2)
    name = label(made, "ana", "safe")
    label(made, "ben", "unsafe")
    with pytest.raises(BadAnswer):
        adjudication.decide(made, "ana", uuid.uuid4().hex, name, {"risk": "perhaps"})


def test_later_goes_round(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 3, want=2)
    names = []
    for _ in range(3):
        names.append(label(made, "ana", "safe"))
        label(made, "ben", "unsafe")
    seen, after = [], None
    for _ in range(4):
        dispute = adjudication.next_dispute(made, after)
        assert dispute is not None
        after = dispute.labelled.item.example.id
        seen.append(after)
    assert seen == [*names, names[0]]


def test_the_order_of_opinions_tells_nobody_who_is_who(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 40, want=2)
    firsts = []
    for _ in range(40):
        label(made, "ana", "safe")
        label(made, "ben", "unsafe")
    after = None
    for _ in range(40):
        dispute = adjudication.next_dispute(made, after)
        assert dispute is not None
        after = dispute.labelled.item.example.id
        firsts.append(dispute.opinions[0]["risk"])
    assert 8 < firsts.count("safe") < 32


def test_agreement_of_a_project_is_that_of_its_labels(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 40, want=2)
    for n in range(40):
        label(made, "ana", "safe" if n % 2 else "unsafe")
        label(made, "ben", "safe" if n % 4 else "unsafe")
    with made.database.reading() as db:
        items = measured.spoken(results.read(db), RISK)
    found = measured.report(measured.questions(RISK), items, measured.Rule(below=0.6, every=15), rounds=50)[
        "risk"
    ]
    assert found["overall"]["coefficients"]["percent"]["value"] == 0.75
    assert found["overall"]["coefficients"]["cohen"]["value"] == pytest.approx(0.5)
    assert found["rule"] == {"below": 0.6, "discuss": True}
    assert [run["shared"] for run in found["over_time"]] == [15, 15, 10]
    assert set(found["people"]) == {"ana", "ben"}
    assert "borderline" in str(found["overall"]["notes"])

"""Labels out and in: every format there and back, and what is wrong with a file said by row."""

import csv
import json
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotating import KINDS, RISK, project
from mindrail import plugins, taxonomy
from mindrail.annotate import results, setup, transfer
from mindrail.annotate.desk import Desk
from mindrail.annotate.formats import argilla
from mindrail.annotate.formats import csv as table
from mindrail.annotate.formats._foreign import words
from mindrail.annotate.project import Project
from mindrail.errors import BadFile, MindrailError, UnknownName
from mindrail.recipes.prepare import Prepare, prepare
from mindrail.records import Example
from mindrail.taxonomy import Taxonomy, from_dict

FORMATS = plugins.names("format")

#: two questions, the second only where the first says so
TWO = from_dict(
    {
        "id": "two",
        "version": "1",
        "asks": "How is the <garden> & what of it?",
        "axes": [
            {
                "name": "risk",
                "kind": "scale",
                "labels": [
                    {"name": "safe", "means": "s", "decision": "allow"},
                    {"name": "unsafe", "means": "u"},
                ],
            },
            {
                "name": "kinds",
                "kind": "any_of",
                "only_if": {"risk": ["unsafe"]},
                "labels": [{"name": "rude", "means": "r"}, {"name": "cruel", "means": "c"}],
            },
        ],
    }
)
SECRET = "marmalade-behind-the-clock"


def label_all(made: Project, who: str, answers: Callable[[int], dict[str, object]], count: int = 99) -> None:
    desk = Desk(made, who)
    for n in range(count):
        asked = desk.next()
        if asked is None:
            return
        name = asked.item.example.id
        if n == 1:
            desk.note(f"note-{who}", name, '=SUM(1) "quoted",\nand another line')
        desk.label(f"{who}-{n}", name, answers(n))


def labelled(folder: Path, asked: Taxonomy = RISK) -> Project:
    made = project(folder, 7, want=2, asked=asked)
    if asked is TWO:
        label_all(
            made, "ana", lambda n: {"risk": "safe"} if n % 2 else {"risk": "unsafe", "kinds": ["cruel"]}
        )
        label_all(made, "ben", lambda n: {"risk": "unsafe", "kinds": ["rude", "cruel"] if n % 3 else []}, 5)
    else:
        label_all(made, "ana", lambda n: {"risk": RISK.axes[0].names[n % 3]})
        label_all(made, "ben", lambda n: {"risk": RISK.axes[0].names[n % 2]}, 5)
    return made


def everything(made: Project) -> dict[str, dict[str, object]]:
    """Words to people to answers and notes: what a round trip must keep."""
    with made.database.reading() as db:
        return {
            transfer._words(one.item.example): {
                **{said.who: dict(said.answers) for said in one.labels},
                "notes": sorted(note.text for note in one.notes),
            }
            for one in results.read(db)
            if one.labels
        }


def holds_labels(path: Path) -> bool:
    """Whether a written file is none of those that tell another tool what is asked."""
    return path.suffix not in (".yaml", ".xml") and not path.stem.endswith("-settings")


@pytest.mark.parametrize("asked", [RISK, TWO], ids=["one question", "two questions"])
@pytest.mark.parametrize("kind", FORMATS)
def test_what_goes_out_comes_back_in_an_empty_project(tmp_path: Path, kind: str, asked: Taxonomy) -> None:
    made = labelled(tmp_path / "p", asked)
    paths = transfer.write(made, kind, tmp_path / "out")
    again = project(tmp_path / "again", 0, asked=asked, people=())
    for path in paths:
        if holds_labels(path):
            transfer.read(again, kind, path, {})
    before, after = everything(made), everything(again)
    if kind in ("label-studio", "argilla"):  # which keep no notes
        before = {words: {**said, "notes": []} for words, said in before.items()}
    assert after == before


@pytest.mark.parametrize("kind", FORMATS)
def test_importing_again_or_where_it_came_from_changes_nothing(tmp_path: Path, kind: str) -> None:
    made = labelled(tmp_path / "p")
    before = everything(made)
    for path in transfer.write(made, kind, tmp_path / "out"):
        if holds_labels(path):
            done = transfer.read(made, kind, path, {})
            assert (done.labels, done.new_items) == (0, 0)
            assert done.kept > 0
    assert {
        words: {k: v for k, v in said.items() if k != "notes"} for words, said in everything(made).items()
    } == {words: {k: v for k, v in said.items() if k != "notes"} for words, said in before.items()}


def test_the_exported_rows_train_a_model(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 60)
    label_all(made, "ana", lambda n: {"risk": RISK.axes[0].names[n % 3]}, 45)
    transfer.write(made, "jsonl", tmp_path / "ours", everything=True)
    card = str(tmp_path / "ours.yaml")
    split = prepare(
        Prepare("emotional-risk", train=(card,), test_share=0.2, dev_share=0.2, labels=12, near=0.99),
        tmp_path / "split",
    )
    assert split.about["rows"]["labelled"] == 12
    assert sum(split.about["rows"].values()) == 60
    assert len(split.part("unlabelled")) >= 10


def test_rows_tell_what_is_agreed_and_how_opinions_are_divided(tmp_path: Path) -> None:
    made = labelled(tmp_path / "p")
    transfer.write(made, "jsonl", tmp_path / "out")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["label_risk"] for row in rows[:3]] == ["safe", "borderline", None]
    assert rows[2]["soft"] == {"risk": {"safe": 0.5, "borderline": 0.0, "unsafe": 0.5}}
    assert all(sum(row["soft"]["risk"].values()) == pytest.approx(1) for row in rows)
    assert (tmp_path / "out.jsonl").stat().st_mode & 0o077 == 0


def test_what_was_picked_is_told_from_what_chance_brought_up(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 12)
    label_all(made, "ana", lambda _: {"risk": "safe"}, 3)
    setup.rank(made, "diversity")
    label_all(Project(tmp_path / "p"), "ben", lambda _: {"risk": "unsafe"}, 4)
    (path, _) = transfer.write(made, "jsonl", tmp_path / "out")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted((row["labels"][0]["annotator"], row["picked"]) for row in rows) == [
        *[("ana", "")] * 3,
        *[("ben", "diversity")] * 4,
    ]
    again = project(tmp_path / "again", 0)
    transfer.read(again, "jsonl", path, {})
    with again.database.reading() as db:
        assert sorted(one.picked for one in results.read(db)) == [*[""] * 3, *["diversity"] * 4]


def test_turns_after_the_judged_one_are_not_part_of_the_messages(tmp_path: Path) -> None:
    from mindrail.annotate.project import Item, add_items
    from mindrail.records import Turn

    made = project(tmp_path / "p", 0)
    example = Example((Turn("user", "one"), Turn("assistant", "two"), Turn("user", "three")), focus=1)
    with made.writing() as db:
        add_items(db, [Item(example, "pool", 1, 0)])
    label_all(made, "ana", lambda n: {"risk": "safe"})
    transfer.write(made, "jsonl", tmp_path / "out")
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert [said["content"] for said in row["messages"]] == ["one", "two"]
    assert [said["content"] for said in row["after"]] == ["three"]


def test_spreadsheets_meet_no_formula(tmp_path: Path) -> None:
    made = labelled(tmp_path / "p")
    transfer.write(made, "csv", tmp_path / "out")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert any(cell.startswith("'=SUM") for cell in cells)
    assert not any(cell[:1] in "=+-@\t\r" for cell in cells if cell)


@given(st.text("'=+-@a \t\r\n", max_size=6))
def test_the_apostrophe_comes_off_again(cell: str) -> None:
    assert table._bare(table._harmless(cell)) == cell


LABEL_STUDIO = [
    {
        "id": 1,
        "data": {"text": "Good morning"},
        "annotations": [
            {
                "completed_by": 7,
                "result": [
                    {
                        "from_name": "sentiment",
                        "to_name": "t",
                        "type": "choices",
                        "value": {"choices": ["Fine"]},
                    }
                ],
            },
            {"completed_by": 8, "was_cancelled": True, "result": []},
        ],
    }
]
ARGILLA = [
    {
        "id": "a",
        "fields": {"text": "Good morning"},
        "responses": {
            "sentiment": [
                {"value": "Fine", "user_id": "u1"},
                {"value": "Bad", "user_id": "u2", "status": "discarded"},
            ]
        },
    }
]
THEIRS = {
    "label-studio": ("x.json", json.dumps(LABEL_STUDIO)),
    "argilla": ("x.json", json.dumps(ARGILLA)),
    "doccano": ("admin.jsonl", '{"id": 1, "text": "Good morning", "label": ["Fine"], "Comments": []}\n'),
    "csv": ("x.csv", "annotator,text,sentiment\nu1,Good morning,Fine\n"),
}


@pytest.mark.parametrize("kind", THEIRS)
def test_labels_of_other_tools_are_read_through_a_mapping(tmp_path: Path, kind: str) -> None:
    made = project(tmp_path / "p", 0)
    name, content = THEIRS[kind]
    (tmp_path / name).write_text(content)
    done = transfer.read(made, kind, tmp_path / name, {"Fine": "safe"}, who="guest")
    assert (done.labels, done.new_items, done.people) == (1, 1, ("guest",))
    assert everything(made)["good morning"]["guest"] == {"risk": "safe"}


@pytest.mark.parametrize("kind", THEIRS)
def test_unknown_labels_are_refused_by_row_and_nothing_is_written(tmp_path: Path, kind: str) -> None:
    made = project(tmp_path / "p", 0)
    name, content = THEIRS[kind]
    (tmp_path / name).write_text(content)
    with pytest.raises(BadFile, match=r"1 rows have labels .* not ours \(rows [12]\)"):
        transfer.read(made, kind, tmp_path / name, {})
    assert everything(made) == {}
    dropped = transfer.read(made, kind, tmp_path / name, {"Fine": None})
    assert dropped.labels == 0


def test_many_bad_rows_are_counted_and_the_first_named(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 0)
    rows = "".join(f"u,Message {n},{'odd' if n % 2 else 'safe'}\n" for n in range(60))
    (tmp_path / "x.csv").write_text("annotator,text,risk\n" + rows)
    with pytest.raises(BadFile, match=r"30 rows .*rows 3, 5, .*, 41, …"):
        transfer.read(made, "csv", tmp_path / "x.csv", {})


BROKEN = {
    "half a line": ("jsonl", "x.jsonl", '{"id": "1", "messages": [{"role": "user", "content": "' + SECRET),
    "no object": ("jsonl", "x.jsonl", "[1]\n"),
    "no messages": ("jsonl", "x.jsonl", '{"id": "1"}\n'),
    "messages of text": ("jsonl", "x.jsonl", json.dumps({"messages": SECRET}) + "\n"),
    "two labels where one goes": (
        "jsonl",
        "x.jsonl",
        json.dumps(
            {
                "messages": [{"role": "user", "content": SECRET}],
                "labels": [{"annotator": "u", "answers": {"risk": ["safe", "unsafe"]}}],
            }
        ),
    ),
    "no such column": ("csv", "x.csv", f"who,text\nu,{SECRET}\n"),
    "ragged": ("csv", "x.csv", f"annotator,text,risk\nu,{SECRET},safe,more\n"),
    "open quote": ("csv", "x.csv", f'annotator,text,risk\nu,"{SECRET},safe\n'),
    "no list": ("label-studio", "x.json", json.dumps({"data": {"text": SECRET}})),
    "half a file": ("label-studio", "x.json", '[{"data": {"text": "' + SECRET),
    "task without data": ("label-studio", "x.json", json.dumps([{"annotations": [SECRET]}])),
    "nobody": (
        "label-studio",
        "x.json",
        json.dumps([{"data": {"text": SECRET}, "annotations": [{"result": []}]}]),
    ),
    "two fields": ("argilla", "x.json", json.dumps([{"fields": {"a": SECRET, "b": SECRET}}])),
    "value of no word": (
        "argilla",
        "x.json",
        json.dumps(
            [{"fields": {"a": SECRET}, "responses": {"risk": [{"user_id": "u", "value": {"x": SECRET}}]}}]
        ),
    ),
    "no text": ("doccano", "x.jsonl", json.dumps({"label": [SECRET]})),
    "utf-16": ("doccano", "x.jsonl", json.dumps({"text": SECRET, "label": ["safe"]}).encode("utf-16")),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_files_are_refused_without_their_words(tmp_path: Path, kind: str) -> None:
    made = project(tmp_path / "p", 0)
    form, name, content = BROKEN[kind]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(MindrailError) as refused:
        transfer.read(made, form, tmp_path / name, {})
    assert refused.value.exit_code == 3
    assert SECRET not in str(refused.value)
    assert everything(made) == {}


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'doccano'"):
        plugins.get("format", "docano")


def test_label_studio_gets_a_configuration_with_every_label(tmp_path: Path) -> None:
    from xml.etree import ElementTree

    made = labelled(tmp_path / "p", TWO)
    transfer.write(made, "label-studio", tmp_path / "out")
    root = ElementTree.fromstring((tmp_path / "out.xml").read_text())
    found = {c.get("name"): [o.get("value") for o in c.findall("Choice")] for c in root.findall("Choices")}
    assert found == {axis.name: list(axis.names) for axis in TWO.axes}


def test_label_studio_is_told_of_nobody_whom_it_would_refuse(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 1, want=2, people=("ana", "ben@clinic.example"))
    for who in ("ana", "ben@clinic.example"):
        label_all(made, who, lambda _: {"risk": "safe"})
    (path, _) = transfer.write(made, "label-studio", tmp_path / "out")
    tasks = json.loads(path.read_text())
    told = [annotation.get("completed_by") for annotation in tasks[0]["annotations"]]
    assert told == [None, {"email": "ben@clinic.example"}]
    for annotation in tasks[0]["annotations"]:
        annotation["completed_by"] = 1  # whoever reads the file there
    path.write_text(json.dumps(tasks))
    again = project(tmp_path / "again", 0, people=())
    assert transfer.read(again, "label-studio", path, {}).people == ("ana", "ben@clinic.example")


def test_argilla_gets_people_and_questions_that_its_server_takes(tmp_path: Path) -> None:
    made = labelled(tmp_path / "p", TWO)
    records, settings = (
        json.loads(path.read_text()) for path in transfer.write(made, "argilla", tmp_path / "out")
    )
    options = {q["name"]: {o["value"] for o in q["settings"]["options"]} for q in settings["questions"]}
    assert options == {"risk": {"safe", "unsafe"}, "kinds": {"rude", "cruel", "(none)"}}
    assert [q["required"] for q in settings["questions"]] == [True, False]
    assert not any(field["visible_for_annotators"] for field in settings["metadata"])
    said = [(q, one) for record in records for q, found in record["responses"].items() for one in found]
    assert all(one["value"] and uuid.UUID(one["user_id"]) for _, one in said)
    assert all(set(words(one["value"])) <= options[question] for question, one in said)
    assert argilla.user_id(argilla.user_id("ana")) == argilla.user_id("ana")


def test_answers_to_any_of_without_a_label_survive(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 3, asked=KINDS)
    label_all(made, "ana", lambda n: {"harm": []})
    for kind in FORMATS:
        for path in transfer.write(made, kind, tmp_path / kind):
            if holds_labels(path):
                again = project(tmp_path / f"again-{kind}", 0, asked=KINDS)
                assert transfer.read(again, kind, path, {}).labels == 3, kind
    assert taxonomy.load("harm-six") == KINDS

"""A folder of views: read back whole, or refused without a word of text."""

from pathlib import Path

import pytest

from mindrail import files
from mindrail.errors import BadFile
from mindrail.records import Example, Turn, views
from mindrail.records.views import View, Views

CANARY = "zq-canary-text"
ONE, TWO = Example.of("soup"), Example.of("That is hard.", context="I am sad.")


def view(example: Example, number: int = 0, *, speaker: str = "") -> View:
    turns = tuple(Turn(speaker or turn.speaker, f"{CANARY} {number}") for turn in example.turns)
    return View(example.id, turns, "edit", {"number": number})


def folder(place: Path, *some: View) -> Path:
    views.write(place / "views.jsonl", some)
    about = {"files": {"views.jsonl": files.sha256(place / "views.jsonl")}, "split": "s"}
    files.write_json(place / "augment.json", about)
    return place


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    some = [view(ONE), view(ONE, 1), view(TWO)]
    found = Views.load(folder(tmp_path, *some))
    assert found.of == {ONE.id: tuple(some[:2]), TWO.id: (some[2],)}
    assert found.about["split"] == "s" and len(found.digest) == 16


def test_the_digest_changes_with_any_view(tmp_path: Path) -> None:
    digests = {Views.load(folder(tmp_path / str(n), view(ONE, n))).digest for n in range(2)}
    assert len(digests) == 2


def test_views_are_handed_out_by_example(tmp_path: Path) -> None:
    found = Views.load(folder(tmp_path, view(TWO)))
    assert found.by_id([ONE, TWO]) == {ONE.id: (), TWO.id: (view(TWO),)}


def test_views_of_other_texts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BadFile, match=f"1 of 2 texts with views are not among these 1, the first is {TWO.id}"
    ):
        Views.load(folder(tmp_path, view(ONE), view(TWO))).by_id([ONE])


def test_other_speakers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="other speakers"):
        Views.load(folder(tmp_path, view(TWO, speaker="user"))).by_id([TWO])


def test_a_view_keeps_what_is_known_of_its_example() -> None:
    known = Example.of("soup", answers={"harm": "safe"}, group="g")
    made = view(known).example(known)
    assert (made.answers, made.group, made.text) == (
        known.answers,
        "g",
        f"{CANARY} 0",
    ) and made.id != known.id


def test_an_unfinished_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="mindrail augment"):
        Views.load(tmp_path)


def test_changed_views_are_refused(tmp_path: Path) -> None:
    place = folder(tmp_path, view(ONE))
    views.write(place / "views.jsonl", [view(ONE, 1)])
    with pytest.raises(BadFile, match="not the views that were made"):
        Views.load(place)


@pytest.mark.parametrize(
    "row",
    [
        f'{{"of": "{CANARY}"}}',
        f'{{"of": "x", "turns": "{CANARY}", "method": "m"}}',
        '{"of": 1, "turns": 2}',
        "[]",
        CANARY,
    ],
)
def test_bad_rows_are_refused_by_number(row: str, tmp_path: Path) -> None:
    path = tmp_path / "views.jsonl"
    path.write_text(f"{files.json.dumps(views.to_dict(view(ONE)))}\n{row}\n")
    with pytest.raises(BadFile) as refused:
        views.read(path)
    assert refused.value.line == 2 and CANARY not in str(refused.value)

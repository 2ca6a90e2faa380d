"""Every set keeps the promises of its card."""

import re
from collections.abc import Sequence

import pytest

from mindrail import taxonomy
from mindrail.data import corpus
from mindrail.data.card import Row

NAMES = corpus.names()


@pytest.fixture(scope="module", params=[pytest.param(n, marks=pytest.mark.corpus(n)) for n in NAMES])
def loaded(request: pytest.FixtureRequest) -> tuple[str, Sequence[Row]]:
    return request.param, list(corpus.rows(request.param))


@pytest.mark.parametrize("name", NAMES)
def test_card_is_complete(name: str) -> None:
    card = corpus.card(name)
    assert all([card.title, card.licence, card.languages, card.labels, card.problems])
    assert card.rows > 0
    if card.repository != "mindrail":
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", card.repository)
        assert re.fullmatch(r"[0-9a-f]{40}", card.commit)
        assert card.files
    if re.search(r"none stated|NC|ND|non-commercial|research only|not verified", card.licence):
        assert not card.open_licence


@pytest.mark.parametrize("name", NAMES)
def test_files_are_pinned(name: str) -> None:
    files = corpus.card(name).files
    assert len({source.stored for source in files}) == len(files)
    for source in files:
        assert re.fullmatch(r"[0-9a-f]{64}", source.sha256)
        assert source.bytes > 0
        assert source.split in ("", "train", "dev", "test")


@pytest.mark.parametrize("name", NAMES)
def test_crosswalks_lead_to_labels_that_exist(name: str) -> None:
    for target, walk in corpus.card(name).crosswalks.items():
        axis = taxonomy.load(target).axis()
        assert any(reading is not None for reading in walk.labels.values())
        for reading in walk.labels.values():
            if reading is not None:
                axis.check(reading)


def test_rows_are_as_many_as_the_card_says(loaded: tuple[str, Sequence[Row]]) -> None:
    name, rows = loaded
    assert len(rows) == corpus.card(name).rows


def test_rows_hold_only_labels_that_crosswalks_list(loaded: tuple[str, Sequence[Row]]) -> None:
    name, rows = loaded
    for target, walk in corpus.card(name).crosswalks.items():
        axis = taxonomy.load(target).axis()
        answers = [walk.read(row.labels, axis) for row in rows]
        assert any(answer is not None for answer in answers)


def test_turns_have_a_speaker_and_something_was_said(loaded: tuple[str, Sequence[Row]]) -> None:
    _, rows = loaded
    assert {speaker for row in rows for speaker, _ in row.turns} <= {"user", "assistant"}
    assert all(any(text.strip() for _, text in row.turns) for row in rows)


def test_splits_are_those_of_the_files_or_official(loaded: tuple[str, Sequence[Row]]) -> None:
    _, rows = loaded
    assert {row.split for row in rows} <= {"", "train", "dev", "test"}


def test_groups_are_digests_or_belong_to_the_set(loaded: tuple[str, Sequence[Row]]) -> None:
    """A group is saved with every artefact, so it holds no text; an id of one set is none of another."""
    name, rows = loaded
    for group in {row.group for row in rows if row.group is not None}:
        assert re.fullmatch(r"[0-9a-f]{16}", group) or group.startswith(f"{name}:")


def test_loading_again_gives_the_same(loaded: tuple[str, Sequence[Row]]) -> None:
    name, rows = loaded
    for first, again in zip(rows[:50], corpus.rows(name), strict=False):
        assert first == again


@pytest.mark.corpus("sdcnl")
def test_user_names_are_not_read() -> None:
    assert not any("author" in (*row.labels, *row.tags) for row in corpus.rows("sdcnl"))


@pytest.mark.corpus("alert")
def test_the_instruction_wrapper_is_gone() -> None:
    assert not any("###" in text for row in corpus.rows("alert") for _, text in row.turns)

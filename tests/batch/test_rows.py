"""Cells as rows: what is judged, with what before it, of whom and when."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from mindrail.batch.bad import Bad
from mindrail.batch.blocks import blocks
from mindrail.batch.rows import Columns, Heard, Reader, Record, Row
from mindrail.batch.sources._base import MOST_TEXT, Cells

CHAT = [
    {"role": "system", "content": "be kind"},
    {"role": "user", "content": "a storm"},
    {"role": "assistant", "content": "the soup is ready"},
]


def read(values: Any, columns: Columns | None = None, side: str = "user") -> Record:
    return Reader(columns or Columns(), side).read("a", Cells(3, values, 10))


def test_a_text_is_a_row_known_by_its_place() -> None:
    assert read({"text": "soup"}) == Row("a", 3, "a:3", None, None, (("user", "soup"),))


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({}, "missing-column"),
        ({"text": None}, "not-text"),
        ({"text": 3}, "not-text"),
        ({"text": "x" * (MOST_TEXT + 1)}, "long-text"),
        ("not-json", "not-json"),
    ],
)
def test_what_is_no_text_is_a_bad_row(values: Any, code: str) -> None:
    assert read(values) == Bad("a", 3, code, 10)


def test_blank_texts_are_rows_and_half_characters_become_whole_ones() -> None:
    for text, said in (("", ""), (" \n", " \n"), ("a\ud800", "a\ufffd")):
        found = read({"text": text})
        assert isinstance(found, Row) and found.said == (("user", said),)


def test_of_a_conversation_the_last_turn_of_our_side_is_judged() -> None:
    columns = Columns(messages="chat")
    for value in (CHAT, json.dumps(CHAT)):
        person = read({"chat": value}, columns)
        reply = read({"chat": value}, columns, "assistant")
        assert isinstance(person, Row) and person.said == (("user", "a storm"),)
        assert isinstance(reply, Row)
        assert reply.said == (("user", "a storm"), ("assistant", "the soup is ready"))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("soup", "not-messages"),
        ("[1]", "not-messages"),
        (None, "not-messages"),
        ([], "nobody-judged"),
        (CHAT[:1], "nobody-judged"),
        ([{"role": "user", "content": 3}], "not-messages"),
        ([{"role": "poet", "content": "soup"}, CHAT[1]], "not-messages"),
    ],
)
def test_what_is_no_conversation_is_a_bad_row(value: object, code: str) -> None:
    assert read({"chat": value}, Columns(messages="chat")) == Bad("a", 3, code, 10)


def test_rows_that_are_turns_are_judged_with_those_before_them() -> None:
    reader = Reader(Columns(conversation="of", role="who"), "user")
    rows = [
        ("1", "user", "a"),
        ("2", "user", "b"),
        ("1", "assistant", "c"),
        ("1", "system", "d"),
        ("1", "user", "e"),
    ]
    found = [
        reader.read("log", Cells(i, {"of": of, "who": who, "text": text}, 9))
        for i, (of, who, text) in enumerate(rows, start=1)
    ]
    assert [type(one) for one in found] == [Row, Row, Heard, Heard, Row]
    last = found[-1]
    assert isinstance(last, Row) and last.group == "1"
    assert last.said == (("user", "a"), ("assistant", "c"), ("user", "e"))


def test_turns_need_a_conversation_and_a_known_role() -> None:
    columns = Columns(conversation="of", role="who")
    for values, code in (
        ({"text": "a", "who": "user"}, "no-conversation"),
        ({"text": "a", "of": "1", "who": "poet"}, "unknown-role"),
        ({"text": "a", "of": "1"}, "unknown-role"),
    ):
        assert read(values, columns) == Bad("a", 3, code, 10)
    with pytest.raises(ValueError, match="role is given without conversation"):
        Columns(role="who")
    with pytest.raises(ValueError, match="not both"):
        Columns(messages="chat", conversation="of")


def test_a_conversation_without_end_takes_no_more_memory_than_models_look_back() -> None:
    reader = Reader(Columns(conversation="of"), "user")
    for i in range(3000):
        found = reader.read("log", Cells(i, {"of": "1", "text": "x" * 100}, 9))
        assert isinstance(found, Row)
    assert 20_000 <= sum(len(text) for _, text in found.said) <= 20_300


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05+01:00", datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=1))), datetime(2026, 1, 2, 2, tzinfo=UTC)),
        (1767322800, datetime(2026, 1, 2, 3, tzinfo=UTC)),
        ("1767322800", datetime(2026, 1, 2, 3, tzinfo=UTC)),
        (1767322800_000, datetime(2026, 1, 2, 3, tzinfo=UTC)),
        (1767322800_000_000, datetime(2026, 1, 2, 3, tzinfo=UTC)),
        ("yesterday", None),
        (float("nan"), None),
        (1e300, None),
        (True, None),
        (None, None),
    ],
)
def test_moments_are_read_as_they_are_usually_written(value: object, moment: datetime | None) -> None:
    found = read({"text": "a", "at": value}, Columns(time="at"))
    assert isinstance(found, Row) and found.at == moment


def test_ids_and_groups_are_words_of_their_columns() -> None:
    columns = Columns(id="n", group="who")
    found = read({"text": "a", "n": 7, "who": 3.0}, columns)
    assert isinstance(found, Row) and (found.id, found.group) == ("7", "3")
    found = read({"text": "a", "n": "", "who": None}, columns)
    assert isinstance(found, Row) and (found.id, found.group) == ("a:3", None)


def test_blocks_are_cut_by_rows_and_by_length() -> None:
    rows = [Row("a", i, str(i), None, None, (("user", "x"),)) for i in range(25)]
    bad = [Bad("a", 100 + i, "ragged", 1) for i in range(3)]
    cut = list(blocks([*rows, *bad, Heard("a", 200)], 10))
    assert [(b.number, b.first, b.size) for b in cut] == [(1, 1, 10), (2, 11, 10), (3, 21, 9)]
    assert (len(cut[2].rows), len(cut[2].bad), cut[2].context) == (5, 3, 1)
    long = [Row("a", i, str(i), None, None, (("user", "x" * 1_000_000),)) for i in range(20)]
    assert [b.size for b in blocks(long, 1000)] == [8, 8, 4]
    assert [b.size for b in blocks([], 10)] == [0]


def test_a_block_changes_its_digest_with_anything_that_was_read() -> None:
    row = Row("a", 1, "1", None, "g", (("user", "x"),))
    changed = [
        row._replace(source="b"),
        row._replace(row=2),
        row._replace(id="2"),
        row._replace(at=datetime(2026, 1, 1, tzinfo=UTC)),
        row._replace(group=None),
        row._replace(said=(("user", "y"),)),
        row._replace(said=(("user", ""), ("user", "x"))),
    ]
    digests = {
        next(blocks(records, 10)).digest() for records in ([], [row], [row, row], *([c] for c in changed))
    }
    assert len(digests) == len(changed) + 3

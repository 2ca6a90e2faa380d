"""One defined answer for every way in which a row of a user's own table can be wrong."""

import json
from pathlib import Path

import pytest

from helpers.tables import SECRET, read, talk
from mindrail.data.bad_rows import CODES, BadRow, allowance
from mindrail.errors import BadFile

#: Rows that cannot be used: content, suffix, the bad row and its code. Two good rows stand around it.
BAD_ROWS = {
    "label outside the crosswalk": (f"text,label\na,fine\nb,{SECRET}\nc,fine\n", ".csv", 3, "unknown-label"),
    "no text": ("text,label\na,fine\n,fine\nc,fine\n", ".csv", 3, "empty-text"),
    "white space for text": ("text,label\na,fine\n \t ,fine\nc,fine\n", ".csv", 3, "empty-text"),
    "null for text": (
        '{"text": "a"}\n{"text": null, "label": "fine"}\n{"text": "c"}\n',
        ".jsonl",
        2,
        "empty-text",
    ),
    "text too long": (f"text,label\na,fine\n{'é' * 32769},fine\nc,fine\n", ".csv", 3, "long-text"),
    "NUL": (f"text,label\na,fine\n{SECRET}\0,fine\nc,fine\n", ".csv", 3, "nul"),
    "NUL in JSON": (
        '{"text": "a", "label": "fine"}\n{"text": "b\\u0000"}\n{"text": "c"}\n',
        ".jsonl",
        2,
        "nul",
    ),
    "half a character": (
        '{"text": "a", "label": "fine"}\n{"text": "\\ud800"}\n{"text": "c"}\n',
        ".jsonl",
        2,
        "bad-unicode",
    ),
    "too few cells": (f"text,label\na,fine\n{SECRET}\nc,fine\n", ".csv", 3, "ragged"),
    "too many cells": (f"text,label\na,fine\nb,{SECRET},fine\nc,fine\n", ".csv", 3, "ragged"),
    "a number for text": (
        '{"text": "a", "label": "fine"}\n{"text": 7}\n{"text": "c"}\n',
        ".jsonl",
        2,
        "not-text",
    ),
    "a list for text": (
        '{"text": "a", "label": "fine"}\n{"text": ["b"]}\n{"text": "c"}\n',
        ".jsonl",
        2,
        "not-text",
    ),
    "a key that is missing": (
        '{"text": "a", "label": "fine"}\n{"label": "fine"}\n{"text": "c"}\n',
        ".jsonl",
        2,
        "missing-column",
    ),
    "a key twice": (
        '{"text": "a", "label": "fine"}\n{"text": "b", "text": "B"}\n{"text": "c"}\n',
        ".jsonl",
        2,
        "key-twice",
    ),
    "trailing comma": (
        '{"text": "a", "label": "fine"}\n{"text": "b",}\n{"text": "c"}\n',
        ".jsonl",
        2,
        "not-json",
    ),
    "very deep JSON": (
        '{"text": "a", "label": "fine"}\n' + "[" * 100_000 + '\n{"text": "c"}\n',
        ".jsonl",
        2,
        "not-json",
    ),
    "a list for a row": (
        f'{{"text": "a", "label": "fine"}}\n["{SECRET}"]\n{{"text": "c"}}\n',
        ".jsonl",
        2,
        "not-an-object",
    ),
    "several labels where one is expected": (
        '{"text": "a", "label": "fine"}\n{"text": "b", "label": ["fine", "urgent"]}\n{"text": "c"}\n',
        ".jsonl",
        2,
        "several-labels",
    ),
    "an object for a label": (
        '{"text": "a", "label": "fine"}\n{"text": "b", "label": {"is": "fine"}}\n{"text": "c"}\n',
        ".jsonl",
        2,
        "wrong-label-type",
    ),
    "half a number for a label": (
        '{"text": "a", "label": "fine"}\n{"text": "b", "label": 0.5}\n{"text": "c"}\n',
        ".jsonl",
        2,
        "wrong-label-type",
    ),
}


@pytest.mark.parametrize(("content", "suffix", "row", "code"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_bad_row_is_refused_by_number(tmp_path: Path, content: str, suffix: str, row: int, code: str) -> None:
    with pytest.raises(BadFile, match=rf"1 of 3 rows cannot be used: {code} in 1 .*rows {row}\)") as caught:
        read(tmp_path, content, suffix)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(("content", "suffix", "row", "code"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_bad_row_is_let_go_when_the_card_allows(
    tmp_path: Path, content: str, suffix: str, row: int, code: str
) -> None:
    found = read(tmp_path, content, suffix, extra="skip_bad: 1\n")
    assert [r.turns[0][1] for r in found.rows] == ["a", "c"]
    assert found.dead == (BadRow(row, code),)


IDS = "\nid: id\n"
REPEATED = {
    "same id, same label": ("id,text,label\n1,a,fine\n1,b,fine\n2,c,fine\n", "repeated-id", [3], ["a", "c"]),
    "same id, other label": (
        "id,text,label\n1,a,fine\n1,b,urgent\n2,c,fine\n",
        "conflicting-id",
        [2, 3],
        ["c"],
    ),
    "no id": ("id,text,label\n1,a,fine\n,b,fine\n2,c,fine\n", "no-id", [3], ["a", "c"]),
}


@pytest.mark.parametrize(("content", "code", "bad", "kept"), REPEATED.values(), ids=REPEATED)
def test_ids_must_be_unique(tmp_path: Path, content: str, code: str, bad: list[int], kept: list[str]) -> None:
    with pytest.raises(BadFile, match=code):
        read(tmp_path, content, extra=IDS)
    found = read(tmp_path, content, extra=f"{IDS}skip_bad: 70%\n")
    assert [row.turns[0][1] for row in found.rows] == kept
    assert found.dead == tuple(BadRow(row, code) for row in bad)


MESSAGES = {
    "a conversation": (talk(("system", "x"), ("user", "a"), ("assistant", "b")), None),
    "no turn": ([], "empty-text"),
    "nobody but the system": (talk(("system", "x")), "empty-text"),
    "an unknown role": (talk(("tool", "x")), "unknown-role"),
    "no content": (talk(("user", None)), "empty-text"),
    "content of parts": (talk(("user", [{"type": "text"}])), "not-text"),
    "not a list": ({"role": "user"}, "not-messages"),
    "not messages": (["a"], "not-messages"),
}


@pytest.mark.parametrize(("value", "code"), MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("packed", [False, True], ids=["list", "JSON"])
def test_messages(tmp_path: Path, value: object, code: str | None, packed: bool) -> None:
    row = {"talk": json.dumps(value) if packed else value}
    other = {"talk": talk(("user", "z"))}
    found = read(
        tmp_path,
        f"{json.dumps(row)}\n{json.dumps(other)}\n",
        ".jsonl",
        "file: {file}\nmessages: talk\n",
        "skip_bad: 1\n",
    )
    if code is None:
        assert found.rows[0].turns == (("user", "a"), ("assistant", "b"))
    assert [bad.code for bad in found.dead] == ([code] if code else [])


def test_an_error_shows_twenty_rows_and_counts_all(tmp_path: Path) -> None:
    content = "text,label\n" + "a,what\n" * 30 + ",fine\n" + "a,fine\n" * 9
    with pytest.raises(BadFile) as caught:
        read(tmp_path, content)
    assert "31 of 40 rows" in str(caught.value)
    assert "unknown-label in 30 " in str(caught.value)
    assert "empty-text in 1 " in str(caught.value)
    assert "rows 2, 3, 4, " in str(caught.value)
    assert "20, 21, …" in str(caught.value)


@pytest.mark.parametrize(
    ("skip", "rows", "most"), [(0, 10, 0), (3, 10, 3), ("5%", 40, 2), ("5%", 39, 1), ("0%", 9, 0)]
)
def test_allowance(skip: int | str, rows: int, most: int) -> None:
    assert allowance(skip, rows) == most


def test_every_code_is_met_above() -> None:
    met = {code for *_, code in BAD_ROWS.values()} | {code for _, code, *_ in REPEATED.values()}
    assert met | {code for _, code in MESSAGES.values() if code} == set(CODES)

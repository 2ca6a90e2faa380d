"""A user's own table: what is read, and one defined answer for every way in which a file can be wrong."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from mindrail import taxonomy
from mindrail.data import _records, table
from mindrail.data.bad_rows import CODES, BadRow, allowance
from mindrail.errors import BadConfig, BadFile, MissingExtra

RISK = taxonomy.load("emotional-risk").axis()
HARM = taxonomy.load("harm-six").axis()

#: Stands in bad rows; no error may repeat it.
SECRET = "xylophone-in-the-garden"

CARD = """
file: {file}
text: text
label: label
axis: emotional-risk
labels: {{fine: safe, unclear: null, urgent: unsafe}}
"""
MANY = """
file: {file}
text: text
label: label
axis: harm-six
labels: {{guns: weapons, pills: [substances], both: [weapons, substances], none: []}}
"""


def read(
    folder: Path, content: bytes | str, suffix: str = ".csv", card: str = CARD, extra: str = ""
) -> table.Table:
    """Write a file and its card, and read it."""
    name = f"mine{suffix}"
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "mine.yaml").write_text(card.format(file=name) + extra)
    own = table.load_card(folder / "mine.yaml")
    return table.read(own, HARM if own.axis == "harm-six" else RISK)


def as_parquet(folder: Path, **columns: Any) -> bytes:
    parquet.write_table(pa.table(columns), folder / "made.parquet")
    return (folder / "made.parquet").read_bytes()


GOOD = {
    "plain": ("text,label\nhello,fine\nbye,urgent\n", ".csv"),
    "extra column": ("id,text,label\n1,hello,fine\n2,bye,urgent\n", ".csv"),
    "columns in another order": ("label,text\nfine,hello\nurgent,bye\n", ".csv"),
    "byte-order mark": (b"\xef\xbb\xbftext,label\nhello,fine\nbye,urgent\n", ".csv"),
    "CRLF": ("text,label\r\nhello,fine\r\nbye,urgent\r\n", ".csv"),
    "no end of line": ("text,label\nhello,fine\nbye,urgent", ".csv"),
    "blank lines": ("text,label\n\nhello,fine\n\nbye,urgent\n\n", ".csv"),
    "white space around a label": ("text,label\nhello, fine\nbye,urgent \n", ".csv"),
    "tabs": ("text\tlabel\nhello\tfine\nbye\turgent\n", ".tsv"),
    "lines of JSON": ('{"text": "hello", "label": "fine"}\n{"text": "bye", "label": "urgent"}\n', ".jsonl"),
    "JSON with blank lines": (
        '\n{"text": "hello", "label": "fine"}\n\n{"text": "bye", "label": ["urgent"]}',
        ".jsonl",
    ),
}


@pytest.mark.parametrize(("content", "suffix"), GOOD.values(), ids=GOOD)
def test_what_reads_the_same(tmp_path: Path, content: str | bytes, suffix: str) -> None:
    found = read(tmp_path, content, suffix)
    assert [row.turns for row in found.rows] == [(("user", "hello"),), (("user", "bye"),)]
    assert [row.labels["label"] for row in found.rows] == [("fine",), ("urgent",)]
    assert found.dead == ()


def test_parquet_reads_the_same(tmp_path: Path) -> None:
    content = as_parquet(
        tmp_path, text=["hello", "bye"], label=pa.array(["fine", "urgent"]).dictionary_encode()
    )
    assert [row.labels["label"] for row in read(tmp_path, content, ".parquet").rows] == [
        ("fine",),
        ("urgent",),
    ]


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


#: Files that cannot be read at all: skipping bad rows does not help.
BAD_FILES = {
    "missing column": ("text,verdict\na,fine\n", ".csv", r"no column 'label' among 2 \("),
    "renamed column": (
        "text,labels\na,fine\n",
        ".csv",
        r"no column 'label' among 2; did you mean 'labels'\?",
    ),
    "no header": (f"{SECRET},fine\nb,fine\n", ".csv", r"no column 'text' among 2 \("),
    "column twice": ("text,label,label\na,fine,fine\n", ".csv", "'label' stands there twice"),
    "renamed key": ('{"text": "a", "Label": "fine"}\n', ".jsonl", r"did you mean 'Label'\?"),
    "invalid UTF-8": (b"text,label\na,fine\n\xff\xfe\xfa,fine\n", ".csv", r"byte 18 is not UTF-8.*:3\)"),
    "UTF-16": ("text,label\na,fine\n".encode("utf-16"), ".csv", "UTF-16"),
    "quote never closed": (f'text,label\na,fine\n"{SECRET},fine\nc,fine\n', ".csv", r"close the quote.*:3\)"),
    "field over the limit": (f"text,label\na,fine\n{'x' * 140_000},fine\n", ".csv", r"field limit.*:3\)"),
    "quote inside a cell": (f'text,label\n"{SECRET}" b,fine\n', ".csv", r"not a table.*:2\)"),
    "half a last line": (
        f'{{"text": "a", "label": "fine"}}\n{{"text": "{SECRET}',
        ".jsonl",
        r"cut off.*:2\)",
    ),
    "no bytes": ("", ".csv", "no column 'text'"),
    "no bytes of JSON": ("", ".jsonl", "no usable row among 0"),
    "no rows": ("text,label\n", ".csv", "no usable row among 0"),
    "gzip named csv": (b"\x1f\x8b\x08\x00rest", ".csv", "this is gzip, not '.csv'"),
    "zip named jsonl": (b"PK\x03\x04rest", ".jsonl", "this is zip, not '.jsonl'"),
    "csv named gz": ("text,label\na,fine\n", ".csv.gz", "found '.gz', expected .csv, .tsv, .jsonl, .parquet"),
    "csv named parquet": ("text,label\na,fine\n", ".parquet", "not a whole Parquet file"),
    "a sheet": (b"PK\x03\x04rest", ".xlsx", "found '.xlsx'"),
}


@pytest.mark.parametrize(("content", "suffix", "says"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_file_is_refused(tmp_path: Path, content: str | bytes, suffix: str, says: str) -> None:
    with pytest.raises(BadFile, match=says) as caught:
        read(tmp_path, content, suffix, extra="skip_bad: 99%\n")
    assert SECRET not in str(caught.value)


def _truncated(folder: Path) -> bytes:
    return as_parquet(folder, text=["a"] * 99, label=["fine"] * 99)[:-40]


def _wrong_footer(folder: Path) -> bytes:
    whole = as_parquet(folder, text=["a"], label=["fine"])
    size = int.from_bytes(whole[-8:-4], "little")
    return whole[: -8 - size] + b"\0" * size + whole[-8:]


BAD_PARQUET: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "truncated": (_truncated, "not a whole Parquet file"),
    "wrong footer": (_wrong_footer, "not a whole Parquet file"),
    "nested text": (
        lambda f: as_parquet(f, text=[["a"]], label=["fine"]),
        "'text' is of type list.* not hold text",
    ),
    "numbers for text": (lambda f: as_parquet(f, text=[1], label=["fine"]), "'text' is of type int64"),
    "decimal label": (
        lambda f: as_parquet(f, text=["a"], label=pa.array([1], pa.decimal128(5, 2))),
        "'label' is of type decimal128",
    ),
    "missing column": (lambda f: as_parquet(f, text=["a"], labels=["fine"]), "did you mean 'labels'"),
    "no rows": (
        lambda f: as_parquet(f, text=pa.array([], pa.string()), label=pa.array([], pa.string())),
        "among 0",
    ),
}


@pytest.mark.parametrize(("make", "says"), BAD_PARQUET.values(), ids=BAD_PARQUET)
def test_bad_parquet_is_refused(tmp_path: Path, make: Callable[[Path], bytes], says: str) -> None:
    with pytest.raises(BadFile, match=says):
        read(tmp_path, make(tmp_path), ".parquet")


def test_parquet_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = as_parquet(tmp_path, text=[f"{i} " * 500 for i in range(100)], label=["fine"] * 100)
    monkeypatch.setattr(_records, "MOST_BYTES", 20_000)
    assert len(content) < 20_000
    with pytest.raises(BadFile, match=r"unpacks to .* bytes in 100 rows"):
        read(tmp_path, content, ".parquet")


def test_parquet_of_too_many_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_records, "MOST_ROWS", 99)
    with pytest.raises(BadFile, match="in 100 rows"):
        read(tmp_path, as_parquet(tmp_path, text=["a"] * 100, label=["fine"] * 100), ".parquet")


def test_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_records, "MOST_BYTES", 10)
    with pytest.raises(BadFile, match="18 bytes, at most 10"):
        read(tmp_path, "text,label\na,fine\n")


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = as_parquet(tmp_path, text=["a"], label=["fine"])
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"mindrail\[train\]"):
        read(tmp_path, content, ".parquet")


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "nothing"])
def test_only_regular_files_are_read(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "odd.csv"
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "device":
        place.symlink_to("/dev/zero")
    with pytest.raises(BadFile, match="cannot read"):
        table.read(table.UserCard(place, text="text"))


def test_a_link_to_a_file_elsewhere_is_read(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "real.csv").write_text("text\nhello\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "there" / "real.csv")
    assert len(table.read(table.UserCard(tmp_path / "link.csv", text="text")).rows) == 1


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "mine.csv"
    place.write_text("text\nhello\n")
    rows = table._row

    def grow(*given: Any) -> Any:
        place.write_text("text\nhello\nmore\n")
        return rows(*given)

    monkeypatch.setattr(table, "_row", grow)
    with pytest.raises(BadFile, match="changed while it was read"):
        table.read(table.UserCard(place, text="text"))


def test_a_line_break_inside_quotes_is_text(tmp_path: Path) -> None:
    found = read(tmp_path, 'text,label\n"hello\nyou",fine\nbye,what\n', extra="skip_bad: 1\n")
    assert found.rows[0].turns == (("user", "hello\nyou"),)
    assert found.dead == (BadRow(4, "unknown-label"),)


def test_a_missing_label_is_unknown_and_not_bad(tmp_path: Path) -> None:
    labels: list[dict[str, object]] = [{}, {"label": None}, {"label": ""}, {"label": "fine"}]
    found = read(tmp_path, "".join(json.dumps({"text": "a", **label}) + "\n" for label in labels), ".jsonl")
    own = table.load_card(tmp_path / "mine.yaml")
    assert [own.crosswalk.read(row.labels, RISK) for row in found.rows] == [None, None, None, "safe"]


def test_numbers_and_truth_values_are_labels(tmp_path: Path) -> None:
    card = "file: {file}\ntext: text\nlabel: label\naxis: emotional-risk\nlabels: {{0: safe, true: unsafe}}\n"
    content = "".join(
        json.dumps({"text": "a", "label": label}) + "\n" for label in (0, 0.0, True, "0", "true")
    )
    found = read(tmp_path, content, ".jsonl", card)
    assert [row.labels["label"] for row in found.rows] == [("0",), ("0",), ("true",), ("0",), ("true",)]


@pytest.mark.parametrize(
    ("content", "suffix", "extra"),
    [
        ("text,label\na,guns;pills\nb,none\nc,\nd,both\n", ".csv", "separator: ;\n"),
        ("text\tlabel\na\tguns | pills\nb\tnone\nc\t\nd\tboth\n", ".tsv", "separator: '|'\n"),
        (
            (
                '{"text": "a", "label": ["guns", "pills"]}\n'
                '{"text": "b", "label": []}\n{"text": "c"}\n{"text": "d", "label": "both"}\n'
            ),
            ".jsonl",
            "",
        ),
    ],
)
def test_several_labels(tmp_path: Path, content: str, suffix: str, extra: str) -> None:
    found = read(tmp_path, content, suffix, MANY, extra)
    own = table.load_card(tmp_path / "mine.yaml")
    answers = [own.crosswalk.read(row.labels, HARM) for row in found.rows]
    assert answers == [("weapons", "substances"), (), None, ("weapons", "substances")]


def test_an_exchange_judges_the_response(tmp_path: Path) -> None:
    card = "file: {file}\ncontext: asked\nresponse: said\n"
    found = read(tmp_path, "asked,said\nhello,hi\n,welcome\n", ".csv", card)
    assert [row.turns for row in found.rows] == [
        (("user", "hello"), ("assistant", "hi")),
        (("assistant", "welcome"),),
    ]


def _talk(*turns: tuple[object, object]) -> list[dict[str, object]]:
    return [{"role": role, "content": content} for role, content in turns]


MESSAGES = {
    "a conversation": (_talk(("system", "x"), ("user", "a"), ("assistant", "b")), None),
    "no turn": ([], "empty-text"),
    "nobody but the system": (_talk(("system", "x")), "empty-text"),
    "an unknown role": (_talk(("tool", "x")), "unknown-role"),
    "no content": (_talk(("user", None)), "empty-text"),
    "content of parts": (_talk(("user", [{"type": "text"}])), "not-text"),
    "not a list": ({"role": "user"}, "not-messages"),
    "not messages": (["a"], "not-messages"),
}


@pytest.mark.parametrize(("value", "code"), MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("packed", [False, True], ids=["list", "JSON"])
def test_messages(tmp_path: Path, value: object, code: str | None, packed: bool) -> None:
    row = {"talk": json.dumps(value) if packed else value}
    other = {"talk": _talk(("user", "z"))}
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


def test_messages_in_parquet(tmp_path: Path) -> None:
    content = as_parquet(tmp_path, talk=[_talk(("user", "a"), ("assistant", "b"))])
    found = read(tmp_path, content, ".parquet", "file: {file}\nmessages: talk\n")
    assert found.rows[0].turns == (("user", "a"), ("assistant", "b"))


def test_group_and_split_come_along(tmp_path: Path) -> None:
    content = "text,label,who,part\na,fine,7,train\nb,fine,,test\n"
    found = read(tmp_path, content, extra="group: who\nsplit: part\n")
    assert [(row.group, row.split) for row in found.rows] == [("mine:7", "train"), (None, "test")]


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


BAD_CARDS = {
    "unknown key": ("file: a.csv\ntext: t\nlable: l\n", r"unknown key 'lable'; did you mean 'label'\?"),
    "no text": ("file: a.csv\n", "give one of: text"),
    "two ways of text": ("file: a.csv\ntext: t\nmessages: m\n", "give one of: text"),
    "response without context": ("file: a.csv\nresponse: r\n", "give one of: text"),
    "label without labels": (
        "file: a.csv\ntext: t\nlabel: l\naxis: emotional-risk\n",
        "give label, labels and axis",
    ),
    "negative skip": ("file: a.csv\ntext: t\nskip_bad: -1\n", "expected 0 or more"),
    "share above all": ("file: a.csv\ntext: t\nskip_bad: 101%\n", "expected a number of rows or a share"),
    "word for skip": ("file: a.csv\ntext: t\nskip_bad: some\n", "expected a number of rows or a share"),
    "empty separator": ("file: a.csv\ntext: t\nseparator: ''\n", "separator is empty"),
}


@pytest.mark.parametrize(("card", "says"), BAD_CARDS.values(), ids=BAD_CARDS)
def test_bad_card_is_refused(tmp_path: Path, card: str, says: str) -> None:
    (tmp_path / "card.yaml").write_text(card)
    with pytest.raises(BadConfig, match=says):
        table.load_card(tmp_path / "card.yaml")


@pytest.mark.parametrize("target", ["dangerous", "[safe, unsafe]", "[]"])
def test_labels_must_exist_on_the_axis(tmp_path: Path, target: str) -> None:
    card = f"file: {{file}}\ntext: text\nlabel: label\naxis: emotional-risk\nlabels: {{{{fine: {target}}}}}\n"
    with pytest.raises(BadConfig, match="labels: "):
        read(tmp_path, "text,label\na,fine\n", card=card)


def test_every_code_is_met_above() -> None:
    met = {code for *_, code in BAD_ROWS.values()} | {code for _, code, *_ in REPEATED.values()}
    assert met | {code for _, code in MESSAGES.values() if code} == set(CODES)

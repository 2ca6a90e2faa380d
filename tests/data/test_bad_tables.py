"""One defined answer for every way in which a user's own table, or its card, can be wrong as a whole."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from helpers.tables import SECRET, as_parquet, read
from mindrail.data import _records, table
from mindrail.errors import BadConfig, BadFile, MissingExtra

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

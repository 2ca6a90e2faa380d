"""Formats: the same rows whatever they are written in, and for everything that is wrong a code."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from helpers.scanning import messages
from mindrail import plugins
from mindrail.batch import inputs
from mindrail.batch.sources import folder
from mindrail.batch.sources._base import MOST_ROW, Cells
from mindrail.errors import BadFile, UnknownName, UsageError

ROWS = messages(20)


def cells(place: Path, *columns: str, kind: str | None = None) -> list[Cells]:
    (one,) = inputs.find([str(place)], kind)
    return list(inputs.Reading(one.given(), columns or ("text",), "text"))


def values(place: Path, *columns: str, kind: str | None = None) -> list[Any]:
    return [cell.values for cell in cells(place, *columns, kind=kind)]


def table(place: Path, rows: list[dict[str, Any]]) -> Path:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter="\t" if place.suffix == ".tsv" else ",")
    writer.writeheader()
    writer.writerows(rows)
    place.write_text(stream.getvalue())
    return place


def test_every_format_gives_the_same_texts(tmp_path: Path) -> None:
    texts = [row["text"] for row in ROWS]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes()))
    (tmp_path / "a.txt").write_text("\n".join(texts))
    table(tmp_path / "a.csv", ROWS)
    table(tmp_path / "a.tsv", ROWS)
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.jsonl.gz", "a.txt", "a.csv", "a.tsv", "a.parquet"):
        assert [row["text"] for row in values(tmp_path / name)] == texts, name
    (tmp_path / "folder").mkdir()
    for number, text in enumerate(texts):
        (tmp_path / "folder" / f"{number:02}.txt").write_text(text)
    assert [row["text"] for row in values(tmp_path / "folder")] == texts


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1))
def test_cells_of_any_text_come_back(texts: list[str]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([["n", "text"], *([str(i), t] for i, t in enumerate(texts))])
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "a.csv"
        place.write_bytes(stream.getvalue().encode())
        assert [row["text"] for row in values(place)] == texts


def test_rows_are_numbered_by_the_line_they_begin_in(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('text,n\n"one\ntwo",1\n\nthree,2\n')
    assert [(cell.number, cell.length) for cell in cells(tmp_path / "a.csv")] == [(2, 12), (5, 8)]
    (tmp_path / "a.jsonl").write_text('\n{"text": "a"}\n\n{"text": "b"}')
    assert [cell.number for cell in cells(tmp_path / "a.jsonl")] == [2, 4]


def test_limit_of_a_field_is_the_scans_alone(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    (tmp_path / "a.csv").write_text(f"text,n\n{'a' * (limit + 1)},1\n")
    (one,) = inputs.find([str(tmp_path / "a.csv")], None)
    between = [csv.field_size_limit() for _ in inputs.Reading(one.given(), ("text",), "text")]
    assert between == [limit] == [csv.field_size_limit()]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"text": "a"', "not-json"),
        (b"[1]", "not-an-object"),
        (b'{"text": "a", "text": "b"}', "key-twice"),
        (b'{"text": "caf\xe9"}', "not-utf8"),
        (b"[" * 100_000, "not-json"),
    ],
)
def test_a_bad_line_is_one_bad_row(line: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "a"}\n' + line + b'\n{"text": "b"}\n')
    assert values(tmp_path / "a.jsonl") == [{"text": "a"}, code, {"text": "b"}]


def test_encodings_may_be_mixed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbftext,n\n\xe6\x97\xa5,1\ncaf\xe9,2\nsoup,3\n")
    assert values(tmp_path / "a.csv") == [{"text": "日", "n": "1"}, "not-utf8", {"text": "soup", "n": "3"}]
    (tmp_path / "b.txt").write_bytes(b"\xef\xbb\xbfsoup\ncaf\xe9\n")
    assert values(tmp_path / "b.txt") == [{"text": "soup"}, "not-utf8"]
    (tmp_path / "c.jsonl").write_text('{"text": "a"}', encoding="utf-16")
    assert values(tmp_path / "c.jsonl") == ["not-utf8"]


def test_bytes_that_are_no_text_spoil_one_row_of_a_parquet_file(tmp_path: Path) -> None:
    raw = pa.array([b"soup", b"caf\xe9", b"walk"], pa.binary()).view(pa.string())
    parquet.write_table(pa.table({"text": raw}), tmp_path / "a.parquet")
    assert values(tmp_path / "a.parquet") == [{"text": "soup"}, "not-utf8", {"text": "walk"}]


def test_half_a_parquet_file_and_none_at_all(tmp_path: Path) -> None:
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    raw = (tmp_path / "a.parquet").read_bytes()
    for part in (raw[: len(raw) // 2], raw[:-1], b"", b"PAR1"):
        (tmp_path / "b.parquet").write_bytes(part)
        assert [(c.number, c.values) for c in cells(tmp_path / "b.parquet")] == [(1, "not-parquet")]


def test_a_cut_gzip_gives_what_is_before_the_cut(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"{i} {i * 7919 % 1000003}"}) + "\n" for i in range(5000)]
    raw = gzip.compress("".join(lines).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(raw[: len(raw) // 2])
    found = cells(tmp_path / "a.jsonl.gz")
    assert found[-1].values == "cut-off"
    assert [cell.values for cell in found[:-1]] == [json.loads(line) for line in lines[: len(found) - 1]]
    assert 1000 < len(found) < 4000
    (tmp_path / "b.jsonl.gz").write_bytes(raw[:-5])  # all of it, but not its checksum
    assert values(tmp_path / "b.jsonl.gz")[-1] == "cut-off"
    (tmp_path / "c.jsonl.gz").write_bytes(raw[:3000] + b"\0" * 100 + raw[3100:])
    assert values(tmp_path / "c.jsonl.gz")[-1] == "cut-off"


def test_a_row_of_50_megabytes_is_passed_over(tmp_path: Path) -> None:
    long = b"x" * 50_000_000
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "a"}\n{"text": "' + long + b'"}\n{"text": "b"}\n')
    assert values(tmp_path / "a.jsonl") == [{"text": "a"}, "long-row", {"text": "b"}]
    assert cells(tmp_path / "a.jsonl")[1].length == 50_000_013
    (tmp_path / "a.csv").write_bytes(b"text,n\na,1\n" + long + b",2\nb,3\n")
    assert values(tmp_path / "a.csv") == [{"text": "a", "n": "1"}, "long-row", {"text": "b", "n": "3"}]
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "a.txt").write_bytes(long)
    assert [(c.values, c.length) for c in cells(tmp_path / "f")] == [("long-row", 50_000_000)]


def test_a_line_as_long_as_a_row_may_be_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x" * (MOST_ROW - 1) + b"\nsoup\n" + b"y" * MOST_ROW + b"\nsoup")
    assert [v if isinstance(v, str) else len(v["text"]) for v in values(tmp_path / "a.txt")] == [
        MOST_ROW - 1,
        4,
        "long-row",
        4,
    ]


def test_ragged_and_broken_rows_of_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text('text,n\na\nb,1,2\n"c"d,3\ne,4\n"open,5\nf,6\n')
    found = cells(tmp_path / "a.csv")
    assert [cell.values for cell in found[:4]] == ["ragged", "ragged", "not-a-row", {"text": "e", "n": "4"}]
    assert [(cell.number, cell.values) for cell in found[4:]] == [(6, "not-a-row")]
    (tmp_path / "b.csv").write_text("text,n\n" + '"open,1\n' + "f,6\n" * 3000)
    monkeypatch.setattr("mindrail.batch.sources.csv.MOST_ROW", 1000)
    found = cells(tmp_path / "b.csv")
    assert (found[0].number, found[0].values) == (2, "not-a-row"), (
        "an open quote swallows so much and no more"
    )
    assert found[0].length <= 1010 and found[-1].values == {"text": "f", "n": "6"}


def test_a_table_without_the_column_is_one_bad_row(tmp_path: Path) -> None:
    table(tmp_path / "a.csv", ROWS)
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    for name in ("a.csv", "a.parquet"):
        assert values(tmp_path / name, "text", "person") == ["missing-column"]


def test_a_folder_is_read_in_order_however_many_files_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{i * 7919 % 5003:04}" for i in range(2000)]
    (tmp_path / "b").mkdir()
    for name in names:
        (tmp_path / f"{name}.txt").write_text(name)
    (tmp_path / "b" / "1.txt").write_text("in b")
    (tmp_path / ".hidden").write_text("not read")
    monkeypatch.setattr(folder, "_AT_ONCE", 700)
    found = cells(tmp_path)
    assert [cell.name for cell in found] == [*(f"{name}.txt" for name in sorted(names)), "b/1.txt"]
    assert [cell.number for cell in found] == list(range(1, 2002))
    assert found[0].values == {"text": sorted(names)[0]}


def test_listing_a_folder_holds_few_names_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tracemalloc

    monkeypatch.setattr(folder, "_AT_ONCE", 100)

    def peak(count: int) -> int:
        for i in range(count):
            (tmp_path / f"{i:06}{'n' * 100}").touch()
        tracemalloc.start()
        assert sum(1 for _ in folder.walk(tmp_path)) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few = peak(200)
    assert peak(2000) < 1.3 * few


def test_what_does_not_belong_in_a_folder_of_texts_is_named(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("text\na\n")
    (tmp_path / "2.txt").symlink_to(tmp_path / "1.csv")
    (tmp_path / "3.txt").write_bytes(b"caf\xe9")
    (tmp_path / "4.txt.gz").write_bytes(gzip.compress(b"soup")[:-6])
    (tmp_path / "5.txt.gz").write_bytes(gzip.compress(b"soup"))
    assert values(tmp_path) == ["a-table", "not-a-file", "not-utf8", "cut-off", {"text": "soup"}]


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    place = tmp_path / "a.jsonl"
    place.write_text("".join(json.dumps(row) + "\n" for row in messages(5000)))
    (one,) = inputs.find([str(place)])
    reading = iter(inputs.Reading(one.given(), ("text",), "text"))
    for _ in range(100):
        next(reading)
    with place.open("a") as file:
        file.write('{"text": "one more"}\n')
    read = 100
    with pytest.raises(BadFile, match="changed while it was read"):
        for _ in reading:
            read += 1
    assert read <= 1000, "seen long before the end"


def test_a_file_that_was_exchanged_for_one_of_the_same_size_is_noticed_at_its_end(tmp_path: Path) -> None:
    place = tmp_path / "a.jsonl"
    place.write_text('{"text": "soup"}\n')
    (one,) = inputs.find([str(place)])
    given = one.given()
    place.write_text('{"text": "walk"}\n')
    with pytest.raises(BadFile, match="changed while it was read"):
        list(inputs.Reading(given, ("text",), "text"))


def test_inputs_that_cannot_be_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(UnknownName, match="unknown source 'xlsx'"):
        inputs.find([str(tmp_path / "a.xlsx")])
    with pytest.raises(BadFile, match="nothing there"):
        inputs.find([str(tmp_path / "b.jsonl")])
    with pytest.raises(UsageError, match="named twice"):
        inputs.find(["-", "-"])
    assert inputs.find([str(tmp_path / "a.xlsx")], "jsonl")[0].format == "jsonl"


def test_all_sources_are_found_by_name() -> None:
    assert plugins.names("source") == ["csv", "folder", "jsonl", "parquet", "tsv", "txt"]

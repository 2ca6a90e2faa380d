"""A user's own table: what is read, and what it means."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from helpers.tables import HARM, MANY, RISK, as_parquet, read, talk
from mindrail.data import table
from mindrail.data.bad_rows import BadRow

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


def test_a_link_to_a_file_elsewhere_is_read(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "real.csv").write_text("text\nhello\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "there" / "real.csv")
    assert len(table.read(table.UserCard(tmp_path / "link.csv", text="text")).rows) == 1


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


def test_messages_in_parquet(tmp_path: Path) -> None:
    content = as_parquet(tmp_path, talk=[talk(("user", "a"), ("assistant", "b"))])
    found = read(tmp_path, content, ".parquet", "file: {file}\nmessages: talk\n")
    assert found.rows[0].turns == (("user", "a"), ("assistant", "b"))


def test_group_and_split_come_along(tmp_path: Path) -> None:
    content = "text,label,who,part\na,fine,7,train\nb,fine,,test\n"
    found = read(tmp_path, content, extra="group: who\nsplit: part\n")
    assert [(row.group, row.split) for row in found.rows] == [("mine:7", "train"), (None, "test")]

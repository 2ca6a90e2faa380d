"""A part that is read row by row from disk holds, and teaches, what the same part in memory does."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import ipc, parquet

from helpers import splits, tiny
from mindrail.errors import BadConfig, BadFile
from mindrail.files import sha256
from mindrail.recipes.prepare import Prepare, prepare
from mindrail.recipes.split import PARTS, Split
from mindrail.recipes.train import Train, train
from mindrail.records import arrow

COLOURS = ("amber", "blue", "coral", "green", "ivory", "lilac", "olive", "pearl")


def said(number: int) -> str:
    """Two texts of other numbers share few words in a row."""
    digits = [COLOURS[number // 8**place % 8] for place in range(4)]
    return (
        " ".join(f"{colour} {'paint' if i % 2 else 'cloth'}" for i, colour in enumerate(digits))
        + f" {number}"
    )


def card(folder: Path, name: str, rows: list[dict[str, Any]], write: Any, suffix: str, more: str = "") -> str:
    table = pa.Table.from_pylist(rows)
    write(table, folder / f"{name}{suffix}")
    told = "axis: prompt-harm\nlabels: {ok: safe, bad: harmful}\nlabel: verdict\n"
    (folder / f"{name}.yaml").write_text(f"file: {name}{suffix}\ntext: text\n{told}{more}")
    return str(folder / f"{name}.yaml")


def as_file(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as file, ipc.new_file(file, table.schema) as sink:
        sink.write_table(table, max_chunksize=7)


def as_stream(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as file, ipc.new_stream(file, table.schema) as sink:
        sink.write_table(table, max_chunksize=7)


FORMATS = {
    "parquet": (parquet.write_table, ".parquet"),
    "file": (as_file, ".arrow"),
    "stream": (as_stream, ".arrow"),
}


def rows(*numbers: int) -> list[dict[str, Any]]:
    return [{"text": said(i), "verdict": "bad" if i % 2 else "ok"} for i in numbers]


def prepared(folder: Path, *large: dict[str, Any], form: str = "parquet", more: str = "") -> Split:
    small = card(folder, "small", rows(*range(60)), parquet.write_table, ".parquet")
    test = card(folder, "test", rows(*range(100, 130)), parquet.write_table, ".parquet")
    table = card(folder, "large", list(large), *FORMATS[form], more)
    settings = Prepare(
        "prompt-harm",
        train=(small,),
        test=(test,),
        dev_size=20,
        labels=10,
        allow_leaks=("train/dev", "train/test", "dev/test"),
        near=0.99,
        streamed={"labelled": (table,), "unlabelled": (table,)},
    )
    return prepare(settings, folder / "split")


@pytest.mark.parametrize("form", FORMATS)
def test_new_rows_reach_their_part_and_no_others(tmp_path: Path, form: str) -> None:
    known = [said(5), said(110), said(301).upper()]  # in the small set; in the test part; in the table itself
    large = [*rows(*range(300, 340)), *({"text": text, "verdict": "ok"} for text in known)]
    large += [
        {"text": said(400), "verdict": None}
    ]  # has no answer, so it is read for the unlabelled part alone
    split = prepared(tmp_path, *large, form=form)
    labelled = [example.text for example in split.part("labelled")]
    assert len(labelled) == 10 + 40 and labelled[10:] == [said(i) for i in range(300, 340)]
    assert split.part("unlabelled")[-1].text == said(400) and len(split.part("unlabelled")) == 30 + 1
    assert all(not example.answers for example in split.part("unlabelled"))
    counted = {name: len(split.part(name)) for name in PARTS}
    assert split.about["rows"] == counted
    assert sum(split.about["answers"]["labelled"].values()) == 50
    assert sum(split.about["left_out_of_streamed"].values()) == 3 + 43
    assert sorted(path.name for path in split.folder.glob("*labelled*")) == [
        "labelled.arrow",
        "unlabelled.arrow",
    ]
    assert split.about["files"]["labelled.arrow"] == sha256(split.folder / "labelled.arrow")
    assert split.hash_of("labelled") == split.about["files"]["labelled.arrow"][:16]


def test_the_same_rows_have_the_same_digest(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        digests.add(prepared(tmp_path / name, *rows(*range(300, 320))).digest)
    assert len(digests) == 1


def test_bad_rows_are_judged_by_the_card(tmp_path: Path) -> None:
    large = [*rows(*range(300, 320)), {"text": " ", "verdict": "ok"}]
    with pytest.raises(BadFile, match="1 of 21 rows cannot be used: empty-text"):
        prepared(tmp_path, *large)
    assert not (tmp_path / "split").exists()
    assert len(prepared(tmp_path, *large, more="skip_bad: 1\n").part("labelled")) == 30


def test_what_cannot_be_streamed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'dev' cannot be streamed"):
        Prepare("prompt-harm", train=("starter",), test_share=0.5, streamed={"dev": ("x.yaml",)})
    small = card(tmp_path, "small", rows(*range(60)), parquet.write_table, ".parquet")
    (tmp_path / "csv.yaml").write_text("file: some.csv\ntext: text\n")
    for name in ("starter", str(tmp_path / "csv.yaml")):
        settings = Prepare(
            "prompt-harm",
            train=(small,),
            test_share=0.3,
            dev_share=0.3,
            labels=10,
            near=0.99,
            streamed={"unlabelled": (name,)},
        )
        with pytest.raises(
            BadConfig, match=r"cannot be streamed; expected the .yaml card of a table in .parquet or .arrow"
        ):
            prepare(settings, tmp_path / "split")


def test_training_from_disk_gives_the_bits_of_training_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow, "BLOCK", 5)
    monkeypatch.setattr("mindrail.models._texts.REMEMBERED", 3)  # far less than there is
    memory = splits.split(tmp_path / "memory", unlabelled=17, labelled=8)
    parts = {name: memory.part(name) for name in PARTS}
    large = {name: iter(parts[name]) if "labelled" in name else parts[name] for name in PARTS}
    disk = Split.write(tmp_path / "disk", large, memory.about)
    own = tiny.SETTINGS | {"model": str(tiny.encoder(tmp_path / "bert")), "epochs_with_unlabelled": 3}
    settings = Train(settings=own, algorithm="flexmatch", keep="semi-supervised")
    weights, told = [], []
    for split in (memory, disk):
        run = split.folder / "run"
        for _ in train(split, settings, run):
            pass
        weights.append(sha256(run / "model" / "model.safetensors"))
        told.append([json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()])
    assert weights[0] == weights[1] and told[0] == told[1]

"""Scans: one row for each row, exactly once, whatever ends the run; and only by the guard, settings and inputs it was
begun with."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from helpers.guards import tiny_guard
from helpers.scanning import MARK, Here, bad, content, in_this_process, jsonl, messages, rows, scanned
from mindrail import Guard, files
from mindrail.batch.rows import Columns
from mindrail.batch.schema import read_manifest
from mindrail.errors import BadFile, OutOfSpace, UsageError

NAMED = Columns(id="id", time="sent")


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_guard(tmp_path_factory.mktemp("guards") / "guard")


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[Here]:
    return in_this_process(monkeypatch)


def test_every_row_is_judged_as_the_guard_judges_it(guard: Path, engines: list[Here], tmp_path: Path) -> None:
    said = messages(230)
    place = jsonl(tmp_path / "a.jsonl", said)
    manifest = scanned(tmp_path / "out", place, guard=guard, shard_rows=50, columns=NAMED)
    found, judge = rows(tmp_path / "out"), Guard.load(guard)
    assert [row["id"] for row in found] == [row["id"] for row in said]
    assert [row["row"] for row in found] == list(range(1, 231))
    for row, given in zip(found, said, strict=True):
        own = judge(given["text"])
        assert (row["decision"], row["label"], row["code"]) == (own.decision, own.label, own.code)
        assert (row["probability"], row["coverage"]) == (own.probability, own.coverage)
        assert {name: row[f"p.{name}"] for name in judge.axis.names} == own.probabilities
        assert (row["guard"], row["source"], row["group"]) == (judge.id, str(place), None)
        assert row["at"].timestamp() == given["sent"]
    assert len({row["decision"] for row in found}) > 1
    assert manifest == read_manifest(tmp_path / "out") and manifest.complete
    assert [shard.first for shard in manifest.shards] == [1, 51, 101, 151, 201]
    for shard in manifest.shards:
        assert files.sha256(tmp_path / "out" / shard.file) == shard.sha256
    assert manifest.inputs[0].sha256 == files.sha256(place)
    assert manifest.counts.rows == 230 and manifest.counts.repeated_ids == 0
    assert len(engines[0].asked) == len({row["text"] for row in said}) == manifest.counts.asked


def test_a_scan_is_the_same_whatever_does_the_work(guard: Path, engines: list[Here], tmp_path: Path) -> None:
    place = jsonl(tmp_path / "a.jsonl", messages(230))
    scanned(tmp_path / "a", place, guard=guard, shard_rows=50)
    scanned(tmp_path / "b", place, guard=guard, shard_rows=50, remember=0)
    assert len(engines[1].asked) == 230
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_turns_are_judged_in_their_conversations(guard: Path, engines: list[Here], tmp_path: Path) -> None:
    turns = [
        {"of": "1", "who": "assistant", "text": "now we go"},
        {"of": "2", "who": "user", "text": "a storm"},
        {"of": "1", "who": "user", "text": "please come"},
    ]
    place = jsonl(tmp_path / "a.jsonl", turns)
    manifest = scanned(tmp_path / "out", place, guard=guard, columns=Columns(conversation="of", role="who"))
    found = rows(tmp_path / "out")
    assert [(row["row"], row["group"]) for row in found] == [(2, "2"), (3, "1")]
    assert (manifest.counts.rows, manifest.counts.context) == (2, 1)
    own = Guard.load(guard)([{"role": turn["who"], "content": turn["text"]} for turn in (turns[0], turns[2])])
    assert found[1]["p.unsafe"] == own.probabilities["unsafe"]
    chats = [{"chat": [{"role": turn["who"], "content": turn["text"]} for turn in (turns[0], turns[2])]}]
    scanned(
        tmp_path / "chats", jsonl(tmp_path / "b.jsonl", chats), guard=guard, columns=Columns(messages="chat")
    )
    assert rows(tmp_path / "chats")[0]["p.unsafe"] == own.probabilities["unsafe"]


def test_text_is_written_only_on_request(guard: Path, engines: list[Here], tmp_path: Path) -> None:
    place = jsonl(tmp_path / "a.jsonl", [{"text": f"{MARK} soup"}, f'"{MARK}"'])
    scanned(tmp_path / "without", place, guard=guard)
    scanned(tmp_path / "with", place, guard=guard, with_text=True)
    assert not any(MARK.encode() in raw for raw in content(tmp_path / "without").values())
    assert "text" not in rows(tmp_path / "without")[0]
    assert rows(tmp_path / "with")[0]["text"] == f"{MARK} soup"


def test_bad_rows_are_put_aside_and_counted(guard: Path, engines: list[Here], tmp_path: Path) -> None:
    lines = [*messages(5), "{", {"text": 3}, {}, *messages(3)]
    place = jsonl(tmp_path / "a.jsonl", lines)
    manifest = scanned(tmp_path / "out", place, guard=guard, shard_rows=4)
    assert bad(tmp_path / "out") == [(6, "not-json"), (7, "not-text"), (8, "missing-column")]
    assert (manifest.counts.rows, manifest.counts.bad) == (8, 3)
    assert [row["row"] for row in rows(tmp_path / "out")] == [1, 2, 3, 4, 5, 9, 10, 11]
    with pytest.raises(BadFile, match=r"not-json.*a\.jsonl:6"):
        scanned(tmp_path / "strict", place, guard=guard, strict=True)


def test_a_broken_file_does_not_stop_those_after_it(guard: Path, engines: list[Here], tmp_path: Path) -> None:
    whole = jsonl(tmp_path / "c.jsonl", messages(20))
    parquet.write_table(pa.Table.from_pylist(messages(20)), tmp_path / "b.parquet")
    half = (tmp_path / "b.parquet").read_bytes()[:700]
    (tmp_path / "b.parquet").write_bytes(half)
    raw = jsonl(tmp_path / "a.jsonl.gz", messages(400)).read_bytes()
    (tmp_path / "a.jsonl.gz").write_bytes(raw[:-9])
    manifest = scanned(tmp_path / "out", tmp_path / "a.jsonl.gz", tmp_path / "b.parquet", whole, guard=guard)
    assert [code for _, code in bad(tmp_path / "out")] == ["cut-off", "not-parquet"]
    assert manifest.counts.rows > 300 and rows(tmp_path / "out")[-1]["source"] == str(whole)


def test_a_message_of_50_megabytes_is_put_aside_with_its_length(
    guard: Path, engines: list[Here], tmp_path: Path
) -> None:
    place = tmp_path / "a.jsonl"
    with place.open("w") as file:
        file.write(json.dumps({"text": "soup"}) + "\n" + '{"text": "' + "x" * 50_000_000 + '"}\n')
        file.write(json.dumps({"text": "y" * 2_000_000}) + "\n")
    scanned(tmp_path / "out", place, guard=guard)
    assert bad(tmp_path / "out") == [(2, "long-row"), (3, "long-text")]
    lengths = [
        json.loads(line)["length"] for line in (tmp_path / "out" / "bad.jsonl").read_text().splitlines()
    ]
    assert lengths == [50_000_013, 2_000_013]


def test_repeated_ids_are_judged_and_counted(
    guard: Path, engines: list[Here], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [*messages(100), *messages(30), *messages(30)]
    place = jsonl(tmp_path / "a.jsonl", said)
    manifest = scanned(tmp_path / "out", place, guard=guard, columns=NAMED, shard_rows=33)
    assert (manifest.counts.rows, manifest.counts.repeated_ids) == (160, 60)
    monkeypatch.setattr("mindrail.batch.repeats._AT_ONCE", 7)
    again = scanned(tmp_path / "out", place, guard=guard, columns=NAMED, shard_rows=33, resume=True)
    assert again.counts.repeated_ids == 60
    assert scanned(tmp_path / "none", place, guard=guard).counts.repeated_ids is None


def test_columns_that_are_not_there_are_noticed_at_once(
    guard: Path, engines: list[Here], tmp_path: Path
) -> None:
    place = jsonl(tmp_path / "a.jsonl", messages(1000))
    with pytest.raises(BadFile, match=r"none of the first 100 rows .* missing-column in 100"):
        scanned(tmp_path / "out", place, guard=guard, columns=Columns(text="txt"), shard_rows=100)
    assert not read_manifest(tmp_path / "out").complete


def test_nothing_to_read_is_a_scan_of_nothing(guard: Path, engines: list[Here], tmp_path: Path) -> None:
    manifest = scanned(tmp_path / "out", jsonl(tmp_path / "a.jsonl", []), guard=guard)
    assert manifest.complete and manifest.counts.rows == 0


def test_an_output_that_exists_is_left_alone(guard: Path, engines: list[Here], tmp_path: Path) -> None:
    place = jsonl(tmp_path / "a.jsonl", messages(20))
    scanned(tmp_path / "out", place, guard=guard, shard_rows=5)
    before = content(tmp_path / "out")
    with pytest.raises(UsageError, match=r"exists.*--resume.*--overwrite"):
        scanned(tmp_path / "out", place, guard=guard, shard_rows=5)
    assert content(tmp_path / "out") == before
    scanned(
        tmp_path / "out", jsonl(tmp_path / "b.jsonl", messages(7)), guard=guard, shard_rows=5, overwrite=True
    )
    assert len(rows(tmp_path / "out")) == 7
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear")
    for flag in ("resume", "overwrite"):
        with pytest.raises(UsageError, match="not of a scan"):
            scanned(tmp_path / "other", place, guard=guard, **{flag: True})
    with pytest.raises(UsageError, match="is a file"):
        scanned(place, place, guard=guard)


def test_a_scan_is_resumed_only_as_itself(guard: Path, engines: list[Here], tmp_path: Path) -> None:
    place, out = jsonl(tmp_path / "a.jsonl", messages(20)), tmp_path / "out"
    scanned(out, place, guard=guard, shard_rows=5)
    other = tiny_guard(tmp_path / "guard", "linear")
    differing: list[tuple[str, dict[str, Any]]] = [
        ("the guard", {"guard": other}),
        ("the setting shard_rows", {"shard_rows": 6}),
        ("the setting with_text", {"with_text": True}),
        ("the setting columns", {"columns": NAMED}),
    ]
    for named, changed in differing:
        with pytest.raises(UsageError, match=f"differs in {named}"):
            scanned(out, place, **{"guard": guard, "shard_rows": 5, "resume": True} | changed)
    with pytest.raises(UsageError, match="the list of inputs"):
        scanned(out, place, jsonl(tmp_path / "b.jsonl", []), guard=guard, shard_rows=5, resume=True)
    jsonl(place, messages(21))
    with pytest.raises(UsageError, match=r"the input .*a\.jsonl"):
        scanned(out, place, guard=guard, shard_rows=5, resume=True)


def test_a_resumed_scan_asks_only_for_what_is_missing(
    guard: Path, engines: list[Here], tmp_path: Path
) -> None:
    place, out = jsonl(tmp_path / "a.jsonl", [*messages(230), "{", *messages(20)]), tmp_path / "out"
    scanned(out, place, guard=guard, shard_rows=50)
    before = content(out)
    for name in ("000002.parquet", "000005.parquet"):
        (out / "rows" / name).unlink()
    (out / "rows" / ".000002.parquet.x1").write_bytes(b"half")
    with (out / "bad.jsonl").open("a") as file:
        file.write('{"source": "a')
    scanned(out, place, guard=guard, shard_rows=50, resume=True)
    assert content(out) == before
    assert len(engines[1].asked) <= 100


def test_a_shard_that_was_made_of_other_rows_is_refused(
    guard: Path, engines: list[Here], tmp_path: Path
) -> None:
    place, out = jsonl(tmp_path / "a.jsonl", messages(20)), tmp_path / "out"
    scanned(out, place, guard=guard, shard_rows=5)
    (out / "rows" / "000001.parquet").rename(out / "rows" / "000002.parquet")
    with pytest.raises(BadFile, match="made of other rows"):
        scanned(out, place, guard=guard, shard_rows=5, resume=True)
    (out / "rows" / "000002.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadFile, match="not a whole shard"):
        scanned(out, place, guard=guard, shard_rows=5, resume=True)


def test_a_file_that_changes_ends_the_scan_in_words(guard: Path, engines: list[Here], tmp_path: Path) -> None:
    from mindrail.recipes import scan as recipe

    place = jsonl(tmp_path / "a.jsonl", messages(3000))
    steps = recipe.scan(recipe.Scan((str(place),), guard, tmp_path / "out", shard_rows=100))
    next(steps)
    jsonl(place, messages(3001))
    with pytest.raises(BadFile, match="the input changed while it was read"):
        list(steps)
    assert not read_manifest(tmp_path / "out").complete


def test_a_full_disk_ends_the_scan_and_room_lets_it_go_on(
    guard: Path, engines: list[Here], tmp_path: Path
) -> None:
    place, out = jsonl(tmp_path / "a.jsonl", messages(2000)), tmp_path / "out"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, limits[1]))
    try:
        with pytest.raises(OutOfSpace, match=r"cannot write .*parquet"):
            scanned(out, place, guard=guard, shard_rows=1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list((out / "rows").iterdir()), "neither half a shard nor a leftover"
    assert scanned(out, place, guard=guard, shard_rows=1000, resume=True).counts.rows == 2000


def test_two_scans_do_not_write_to_one_folder(guard: Path, engines: list[Here], tmp_path: Path) -> None:
    from mindrail.recipes import scan as recipe

    place, out = jsonl(tmp_path / "a.jsonl", messages(1000)), tmp_path / "out"
    first = recipe.scan(recipe.Scan((str(place),), guard, out, shard_rows=10))
    next(first)
    with pytest.raises(UsageError, match="another scan is writing"):
        scanned(out, place, guard=guard, shard_rows=10, resume=True)
    list(first)
    assert read_manifest(out).complete


def test_settings_that_cannot_be_are_refused(guard: Path, tmp_path: Path) -> None:
    for wrong in ({"shard_rows": 0}, {"workers": 0}, {"remember": -1}, {"resume": True, "overwrite": True}):
        with pytest.raises(ValueError, match=r"count from 1|both resume and overwrite"):
            scanned(tmp_path / "out", tmp_path / "a.jsonl", guard=guard, **wrong)
    with pytest.raises(ValueError, match="nothing to scan"):
        scanned(tmp_path / "out", guard=guard)


def command(guard: Path, place: Path, out: Path, *more: str) -> list[str]:
    words = ["scan", place, "--guard", guard, "--out", out, "--shard-rows", "20", "--workers", "2", *more]
    return [sys.executable, "-c", "from mindrail.cli import main; main()", *map(str, words)]


def children(pid: int) -> list[int]:
    """Of a process and of its children."""
    near = [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*near, *(far for one in near for far in children(one))]


def test_a_scan_that_is_killed_is_gone_on_with_exactly_once(
    guard: Path, engines: list[Here], tmp_path: Path
) -> None:
    place, out = jsonl(tmp_path / "a.jsonl", [*messages(1200), "{"]), tmp_path / "out"
    scanned(tmp_path / "whole", place, guard=guard, shard_rows=20)
    process = subprocess.Popen(command(guard, place, out), stderr=subprocess.DEVNULL)
    give_up = time.monotonic() + 60
    while len(list(out.glob("rows/*.parquet"))) < 5 and time.monotonic() < give_up:
        time.sleep(0.002)
    workers = children(process.pid)
    process.kill()
    process.wait()
    assert 5 <= len(list(out.glob("rows/*.parquet"))) < 61, "it was killed in the middle"
    while any(Path(f"/proc/{one}").exists() for one in workers) and time.monotonic() < give_up:
        time.sleep(0.01)
    assert not any(Path(f"/proc/{one}").exists() for one in workers), "no worker is left behind"
    done = subprocess.run(command(guard, place, out, "--resume"), capture_output=True, check=False)
    assert done.returncode == 6
    assert content(out) == content(tmp_path / "whole")


def test_a_worker_that_is_killed_costs_no_row(guard: Path, engines: list[Here], tmp_path: Path) -> None:
    said = [row | {"text": f"{row['text']} {i}"} for i, row in enumerate(messages(1500))]
    place, out = jsonl(tmp_path / "a.jsonl", said), tmp_path / "out"
    scanned(tmp_path / "whole", place, guard=guard, shard_rows=20)
    process = subprocess.Popen(command(guard, place, out), stderr=subprocess.DEVNULL)
    killed = 0
    while process.poll() is None:
        if len(list(out.glob("rows/*.parquet"))) > 5 * killed and killed < 3:
            workers = [
                p for p in children(process.pid) if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes()
            ]
            if workers:
                os.kill(workers[0], signal.SIGKILL)
                killed += 1
        time.sleep(0.002)
    assert process.returncode == 0 and killed
    assert content(out) == content(tmp_path / "whole")

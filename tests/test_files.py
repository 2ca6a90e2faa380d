"""Files are the old ones or the new ones; a full disk leaves the old and says what to do."""

import errno
import os
from pathlib import Path

import pytest

from mindrail import files
from mindrail.errors import BadFile, OutOfSpace


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_full_disk_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_text(tmp_path / "a.txt", "old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutOfSpace, match="intact") as refused:
        files.write_text(tmp_path / "a.txt", "new")
    assert refused.value.exit_code == 5
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_full_disk_keeps_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with files.new_folder(tmp_path / "run") as place:
        (place / "a.txt").write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutOfSpace), files.new_folder(tmp_path / "run") as place:
        (place / "a.txt").write_text("new")
    assert (tmp_path / "run" / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_folder_that_fails_half_way_never_appears(tmp_path: Path) -> None:
    with pytest.raises(KeyError), files.new_folder(tmp_path / "run") as place:
        (place / "a.txt").write_text("half")
        raise KeyError
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfea\x00", "UTF-16"),
        (b"fine\n\xc3\x28", "not UTF-8"),
        (b'{"a": 1}\n{"a": ', "cut off"),
        (b"[1, 2]\n", "expected an object"),
    ],
    ids=["utf-16", "latin", "half line", "list"],
)
def test_unreadable_lines_are_refused_without_their_text(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "rows.jsonl").write_bytes(content)
    with pytest.raises(BadFile, match=told):
        list(files.read_jsonl(tmp_path / "rows.jsonl"))


def test_a_byte_order_mark_and_blank_lines_are_no_problem(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"a": 2}\n')
    assert [row["a"] for _, row in files.read_jsonl(tmp_path / "rows.jsonl")] == [1, 2]


@pytest.mark.parametrize("name", ["../a", "/a", "a/../b", "a\\b", "c:a", "", "a//b", "./a"])
def test_names_that_leave_the_folder(name: str) -> None:
    assert not files.safe_relative(name)

"""Decisions are written down without the text, and made again from it, bit for bit."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from mindrail.cli import main
from mindrail.errors import BadFile, OutOfSpace
from mindrail.guard import Guard
from mindrail.records import Example
from mindrail.serve import audit
from mindrail.serve.audit import Audit
from mindrail.serve.replay import Replay, replay

CALM, STORM = "the soup is ready", "a storm and thunder"


@pytest.fixture
def guard(folder: Path) -> Guard:
    return Guard.load(folder)


@pytest.fixture
def kept(tmp_path: Path, start: Any) -> Path:
    """The audit of five decisions on three texts and a conversation."""
    writing = Audit(tmp_path / "audit")
    behind = start(audit=writing)
    behind.moderate([CALM, STORM])
    behind("POST", "/predict", json={"inputs": STORM})
    chat = [{"role": "user", "content": CALM}, {"role": "user", "content": STORM}]
    behind("POST", "/v1/judge", json={"messages": chat})
    writing.close()
    return tmp_path / "audit"


def test_a_line_tells_everything_but_the_text(kept: Path, guard: Guard) -> None:
    lines = list(audit.lines(kept))
    assert len(lines) == 4
    first = lines[1]
    assert first["route"] == "/v1/moderations" and first["key"] == "anyone"
    assert {key: first[key] for key in guard(STORM).to_dict()} == json.loads(
        json.dumps(guard(STORM).to_dict())
    )
    assert lines[1]["text"] == lines[2]["text"] != lines[3]["text"]  # the last has a conversation before it
    assert lines[0]["request"] == lines[1]["request"] != lines[2]["request"]
    raw = (kept / audit.LOG).read_text()
    assert CALM not in raw and STORM not in raw
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in kept.iterdir())


def test_the_hash_of_a_text_is_of_no_use_without_the_key(tmp_path: Path) -> None:
    one, other = Audit(tmp_path / "one"), Audit(tmp_path / "other")
    example = Example.of(CALM)
    hashes = {audit.text_hash(audit.read_key(made.folder), example) for made in (one, other)}
    again = Audit(tmp_path / "one")
    assert len(hashes) == 2
    assert audit.text_hash(audit.read_key(again.folder), example) in hashes


def test_decisions_are_made_again_to_the_last_bit(kept: Path, guard: Guard) -> None:
    said = [Example.of(CALM), Example.of(STORM)]
    assert replay(kept, guard, said) == Replay(3, (), 0, 1, 0)
    log = kept / audit.LOG
    lines = log.read_text().splitlines()
    changed = json.loads(lines[0])
    changed["probability"] += 2**-52
    log.write_text("\n".join([json.dumps(changed), *lines[1:]]) + "\n")
    found = replay(kept, guard, said)
    assert (found.same, found.differing) == (2, (changed["request"],))


def test_the_command_says_so(
    kept: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text(f"{CALM}\n{STORM}\n")
    arguments = ["replay", "--audit", str(kept), "--guard", str(folder), "--file", str(texts)]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--json"])
    assert ended.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["same"], told["differing"], told["unknown"]) == (3, [], 1)
    log = kept / audit.LOG
    log.write_text(log.read_text().replace('"decision": "block"', '"decision": "allow"'))
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 4
    assert "came out otherwise" in capsys.readouterr().out


def test_a_stopped_reply_is_written_down_when_it_is_stopped(tmp_path: Path, start: Any, guard: Guard) -> None:
    writing = Audit(tmp_path / "audit")
    behind = start(audit=writing)
    name = behind("POST", "/v1/streams", json={}).json()["stream"]
    for chunk in (f"{STORM} " * 20, "please come ", "please go"):
        behind("POST", f"/v1/streams/{name}", json={"chunk": chunk})
    writing.close()
    (line,) = audit.lines(tmp_path / "audit")
    assert (line["part"], line["decision"]) == (True, "block")
    assert replay(tmp_path / "audit", guard, []) == Replay(0, (), 0, 0, 1)


def test_a_full_file_is_put_aside_and_nothing_is_lost(tmp_path: Path, guard: Guard) -> None:
    writing = Audit(tmp_path / "audit", most=3000)
    for n in range(20):
        writing.write([writing.line(f"{n}", "anyone", "/x", Example.of(CALM), guard(CALM))])
    writing.close()
    sizes = [path.stat().st_size for path in (tmp_path / "audit").glob("*.jsonl")]
    assert len(sizes) > 2 and max(sizes) <= 3000
    assert [line["request"] for line in audit.lines(tmp_path / "audit")] == [f"{n}" for n in range(20)]


def test_without_its_line_no_decision_is_given(tmp_path: Path, start: Any, monkeypatch: Any) -> None:
    writing = Audit(tmp_path / "audit")
    behind = start(audit=writing)

    def full(lines: Any) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(writing, "write", full)
    refused = behind.moderate(CALM)
    assert refused.status_code == 503 and "results" not in refused.json()
    writing.close()


def test_a_broken_key_and_a_missing_place_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / audit.KEY).write_text("short\n")
    with pytest.raises(BadFile, match="64 hex digits"):
        Audit(tmp_path / "audit")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutOfSpace):
        Audit(tmp_path / "file" / "audit")

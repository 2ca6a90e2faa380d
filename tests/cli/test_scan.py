"""`mindrail scan`: what it says and ends with, from files and from standard input, without a word of the texts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.guards import tiny_guard
from helpers.scanning import MARK, bad, content, jsonl, messages, rows

#: pandas is not among them: pyarrow loads it wherever it is installed
HEAVY = {"torch", "sklearn", "transformers", "scipy", "onnx", "datasets", "matplotlib", "ray"}


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_guard(tmp_path_factory.mktemp("guards") / "guard")


def scan(*arguments: object, given: bytes = b"", code: int = 0) -> subprocess.CompletedProcess[str]:
    """One run of the command line with one worker; whatever it says, the mark is not in it."""
    words = ["scan", *map(str, arguments), "--workers", "1"]
    run = f"import sys; sys.argv[1:] = {words!r}; from mindrail.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", run], input=given, capture_output=True, check=False)
    told = subprocess.CompletedProcess(words, done.returncode, done.stdout.decode(), done.stderr.decode())
    assert MARK not in told.stdout + told.stderr
    assert told.returncode == code, told.stderr
    return told


def test_a_scan_tells_what_it_found_and_how_far_it_is(guard: Path, tmp_path: Path) -> None:
    place = jsonl(tmp_path / "a.jsonl.gz", [*messages(30), f'"{MARK}"', {"text": MARK, "id": "m1"}])
    out = tmp_path / "out"
    told = scan(place, "--guard", guard, "--out", out, "--id", "id", "--time", "sent", code=6)
    assert told.stdout.splitlines()[0].startswith("31 rows judged in 1 shards by guard ")
    assert "1 rows could not be judged" in told.stdout
    assert "1 rows have an id that an earlier row has" in told.stdout
    assert "scan: 31 rows, 1 bad," in told.stderr and "100% of" in told.stderr and "0 s left" in told.stderr
    assert bad(out) == [(31, "not-an-object")]
    assert (out / "manifest.json").is_file()
    assert "exists" in scan(place, "--guard", guard, "--out", out, "--id", "id", code=2).stderr
    before = content(out)
    again = scan(
        place, "--guard", guard, "--out", out, "--id", "id", "--time", "sent", "--resume", "--json", code=6
    )
    assert json.loads(again.stdout)["counts"] == {
        "rows": 31,
        "bad": 1,
        "context": 0,
        "asked": 0,
        "repeated_ids": 1,
    }
    assert content(out) == before


def test_standard_input_is_read_to_its_end_and_again(guard: Path, tmp_path: Path) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in messages(50)).encode()
    given = ("-", "--guard", guard, "--out", tmp_path / "out", "--shard-rows", 10)
    scan(*given, given=lines)
    assert [row["row"] for row in rows(tmp_path / "out")] == list(range(1, 51))
    (tmp_path / "out" / "rows" / "000003.parquet").unlink()
    scan(*given, "--resume", given=lines)
    assert len(rows(tmp_path / "out")) == 50
    told = scan(*given, "--resume", given=lines.replace(b"soup", b"SOUP"), code=3)
    assert "made of other rows" in told.stderr
    scan("-", "--format", "txt", "--guard", guard, "--out", tmp_path / "text", given=b"the soup\n\na storm\n")
    assert [row["row"] for row in rows(tmp_path / "text")] == [1, 3]


def test_what_cannot_be_asked_ends_with_its_code(guard: Path, tmp_path: Path) -> None:
    place, out = jsonl(tmp_path / "a.jsonl", messages(3)), tmp_path / "out"
    assert "nothing to scan" in scan("--guard", guard, "--out", out, code=2).stderr
    assert "'guard' is missing" in scan(place, "--out", out, code=2).stderr
    assert (
        "unknown engine 'slurm'"
        in scan(place, "--guard", guard, "--out", out, "--engine", "slurm", code=2).stderr
    )
    assert (
        "without conversation" in scan(place, "--guard", guard, "--out", out, "--role", "who", code=2).stderr
    )
    assert "has none" in scan(place, "--guard", guard, "--out", out, "--address", "here", code=2).stderr
    assert "refused" in scan(place, "--guard", tmp_path, "--out", out, code=4).stderr
    assert (
        "none of the first 3 rows"
        in scan(place, "--guard", guard, "--out", out, "--text", "txt", "--overwrite", code=3).stderr
    )


def test_a_scan_loads_no_training_library(guard: Path, tmp_path: Path) -> None:
    place = jsonl(tmp_path / "a.jsonl", messages(3))
    words = ["scan", str(place), "--guard", str(guard), "--out", str(tmp_path / "out"), "--workers", "1"]
    code = (
        f"import json, sys, atexit; sys.argv[1:] = {words!r}\n"
        "atexit.register(lambda: print(json.dumps(sorted({m.split('.')[0] for m in sys.modules}))))\n"
        "from mindrail.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & HEAVY and {"pyarrow", "onnxruntime"} <= loaded

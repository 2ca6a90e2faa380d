"""`mindrail check`: answers by number, exit codes by kind, and never a word of the text."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.guards import STORM, tiny_guard

MARK = "zebra-7f3a9c-quokka"
CHAT = [{"role": "user", "content": f"{MARK} the soup"}, {"role": "assistant", "content": STORM}]


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_guard(tmp_path_factory.mktemp("guards") / "guard")


def mindrail(*arguments: object, given: str | bytes = "") -> subprocess.CompletedProcess[str]:
    """One run of the command line; whatever it says, the mark is not in it."""
    raw = given if isinstance(given, bytes) else given.encode()
    done = subprocess.run(
        [sys.executable, "-c", "from mindrail.cli import main; main()", *map(str, arguments)],
        input=raw,
        capture_output=True,
        check=False,
    )
    told = subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    assert MARK not in told.stdout + told.stderr
    return told


def test_messages_are_answered_line_by_line(guard: Path) -> None:
    done = mindrail("check", "--guard", guard, given=f"{MARK} the soup\n\n{STORM} {MARK}\r\nwe go")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == ["1", "3", "4"]
    assert rows[1][1:3] == ["block", "unsafe"]
    assert len({row[-1] for row in rows}) == 1
    assert (done.returncode, done.stderr) == (0, "")


def test_as_json_every_answer_has_its_number(guard: Path) -> None:
    done = mindrail("check", "--guard", guard, "--json", given=f"{STORM}\n{MARK}\n")
    told = json.loads(done.stdout)
    assert [answer["number"] for answer in told["answers"]] == [1, 2]
    assert told["answers"][0]["decision"] == "block"
    assert {answer["guard"] for answer in told["answers"]} == {told["guard"]}


@pytest.mark.parametrize(("text", "code"), [(STORM, 1), (" \n\u3000", 3), ("雨", 1)])
def test_fail_on_flag_ends_with_one_unless_all_is_allowed(text: str, code: int, guard: Path) -> None:
    assert mindrail("check", "--guard", guard, "--fail-on-flag", given=text).returncode == code


def test_without_a_flag_a_stop_is_no_failure(guard: Path) -> None:
    assert mindrail("check", "--guard", guard, given=STORM).returncode == 0


def test_arguments_are_answered_with_a_warning(guard: Path) -> None:
    done = mindrail("check", "--guard", guard, f"{MARK} soup", STORM, "--fail-on-flag")
    assert "other users" in done.stderr and done.returncode == 1
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["1", "2"]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(CHAT),
        json.dumps(CHAT, indent=1),
        json.dumps({"messages": CHAT}),
        f"{json.dumps(CHAT)}\n{json.dumps(CHAT)}\n",
        f"\n{json.dumps({'messages': CHAT})}\n",
    ],
    ids=["bare", "spread over lines", "as an object", "one per line", "blank lines around"],
)
def test_conversations_are_read_as_json(text: str, guard: Path, tmp_path: Path) -> None:
    (tmp_path / "chat.jsonl").write_text(text)
    done = mindrail("check", "--guard", guard, "--messages", "--file", tmp_path / "chat.jsonl")
    assert {line.split("\t")[1] for line in done.stdout.splitlines()} == {"block"}


BAD = {
    "nothing": "",
    "blank": " \n\n",
    "not UTF-8": MARK.encode() + b"\xff",
    "UTF-16": MARK.encode("utf-16"),
}
BAD_CHATS = {
    "not JSON": MARK,
    "cut off": json.dumps(CHAT)[:-5],
    "half last line": json.dumps(CHAT) + "\n" + json.dumps(CHAT)[:20],
    "a number": "5",
    "no messages": "[]",
    "an unknown role": json.dumps([{"role": MARK, "content": MARK}]),
    "an object without messages": json.dumps({"text": MARK}),
    "an image": json.dumps([{"role": "user", "content": [{"type": "image_url", "image_url": MARK}]}]),
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_ends_with_three(what: str, guard: Path) -> None:
    done = mindrail("check", "--guard", guard, given=BAD[what])
    assert (done.returncode, done.stdout) == (3, "") and done.stderr.startswith("error[bad-file]")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("what", BAD_CHATS)
def test_bad_conversations_end_with_three_and_name_the_line(what: str, guard: Path) -> None:
    done = mindrail("check", "--guard", guard, "--messages", given=BAD_CHATS[what])
    line = 2 if what == "half last line" else 1
    assert done.returncode == 3 and f"(standard input:{line})" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_missing_file_ends_with_three(guard: Path, tmp_path: Path) -> None:
    assert mindrail("check", "--guard", guard, "--file", tmp_path / "none").returncode == 3


def test_text_and_file_together_are_a_mistake(guard: Path, tmp_path: Path) -> None:
    assert mindrail("check", "--guard", guard, "soup", "--file", tmp_path / "none").returncode == 2


@pytest.mark.parametrize("arguments", [[], ["--verify"]])
def test_a_broken_guard_ends_with_four_before_any_text_is_read(arguments: list[str], tmp_path: Path) -> None:
    broken = tiny_guard(tmp_path / "guard", "majority")
    (broken / "majority.json").write_bytes(b"{}")
    done = mindrail("check", "--guard", broken, *arguments, given=b"\xff")
    assert done.returncode == 4 and done.stderr.startswith("error[broken-guard]: guard refused: ")


def test_verify_needs_no_message(guard: Path) -> None:
    done = mindrail("check", "--guard", guard, "--verify")
    assert done.returncode == 0 and "as they were" in done.stdout


def test_verify_checks_the_files_that_answers_do_not_need(tmp_path: Path) -> None:
    spoilt = tiny_guard(tmp_path / "guard", "majority")
    (spoilt / "README.md").write_text("another card")
    assert mindrail("check", "--guard", spoilt, given="soup").returncode == 0
    assert mindrail("check", "--guard", spoilt, "--verify", given="soup").returncode == 4


def test_the_doctor_tells_what_is_there_and_no_secret(
    guard: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{MARK}@proxy.example")
    monkeypatch.setenv("MINDRAIL_CACHE", str(tmp_path / "not" / "there"))
    told = json.loads(mindrail("doctor", "--guard", guard, "--json").stdout)
    assert told["variables"]["HTTPS_PROXY"] is True
    assert told["guard"]["kind"] == "onnx" and told["machine"]["cores"] >= 1
    assert set(told["parts"]) >= {"core", "train", "dev"} and told["parts"]["core"]["numpy"]
    assert "golden scores" in mindrail("doctor", "--guard", guard).stdout


def test_the_doctor_refuses_a_spoilt_guard(tmp_path: Path) -> None:
    spoilt = tiny_guard(tmp_path / "guard", "majority")
    (spoilt / "README.md").write_text("another card")
    assert mindrail("doctor", "--guard", spoilt).returncode == 4


def test_the_doctor_loads_no_training_library() -> None:
    end = "print(not {'torch', 'sklearn', 'transformers'} & set(sys.modules))"
    code = f"import sys\ntry: main()\nexcept SystemExit: {end}"
    done = subprocess.run(
        [sys.executable, "-c", f"from mindrail.cli import main\n{code}", "doctor"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "True"

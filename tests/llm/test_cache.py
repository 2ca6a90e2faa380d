"""The same request is asked once, by whoever asks, and what is damaged is asked again."""

import json
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.server import question
from mindrail.llm import Failure, Message, Reply, Request
from mindrail.llm.budget import Budget, Budgeted
from mindrail.llm.cache import Cached, default_folder
from mindrail.llm.providers.fake import Answering

CANARY = "kestrel-marmalade"
RICH = Reply("Fine \u2028 ☂", "length", 4, 2, {" yes": -0.5, "no": -1e-9})


@pytest.fixture
def model() -> Answering:
    return Answering(lambda request: f"You said {request.messages[-1].content}.")


def test_what_was_answered_once_is_read(model: Answering, tmp_path: Path) -> None:
    first = dict(Cached(model, tmp_path).ask([question("a"), question("b")]))
    again = dict(Cached(model, tmp_path).ask([question("b"), question("c"), question("a")]))
    assert again[0] == replace(first[1], cached=True)
    assert again[2] == replace(first[0], cached=True)
    assert isinstance(again[1], Reply)
    assert not again[1].cached
    assert len(model.asked) == 3


def test_a_reply_comes_back_whole(tmp_path: Path) -> None:
    chat = Cached(Answering(lambda _: RICH), tmp_path)
    assert list(chat.ask([question("a")])) == [(0, RICH)]
    assert list(chat.ask([question("a")])) == [(0, replace(RICH, cached=True))]


def test_everything_in_the_request_and_the_model_counts(model: Answering, tmp_path: Path) -> None:
    plain = question("a")
    others = [
        question("b"),
        Request((Message("system", "a"),)),
        Request((*plain.messages, *plain.messages)),
        *(
            replace(plain, **{name: value})
            for name, value in {
                "max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "seed": 1, "stop": ("x",), "top_logprobs": 2,
            }.items()
        ),
    ]  # fmt: skip
    keys = {Cached(model, tmp_path).key(request) for request in [plain, *others]}
    keys.add(Cached(replace(model, name="another"), tmp_path).key(plain))
    assert len(keys) == len(others) + 2


def test_twins_are_asked_once_and_all_answered(model: Answering, tmp_path: Path) -> None:
    found = dict(Cached(model, tmp_path).ask([question("a"), question("b"), question("a"), question("a")]))
    assert sorted(found) == [0, 1, 2, 3]
    assert found[0].text == found[2].text == found[3].text == "You said a."
    assert [found[i].cached for i in range(4)] == [False, False, True, True]
    assert len(model.asked) == 2


def test_failures_are_not_kept_but_shared_by_twins(tmp_path: Path) -> None:
    model = Answering(lambda _: Failure("timeout"))
    for _ in range(2):
        found = list(Cached(model, tmp_path).ask([question("a"), question("a")]))
        assert found == [(0, Failure("timeout")), (1, Failure("timeout"))]
    assert len(model.asked) == 2
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[:-20],
        lambda raw: raw.replace(b"said", b"sold"),
        lambda raw: b"\xff" + raw,
        lambda raw: b"[]",
        lambda raw: b"[" * 100_000,
        lambda raw: json.dumps({"reply": {"words": 1}, "sha256": "0"}).encode(),
    ],
)
def test_a_damaged_file_is_passed_over_and_written_anew(
    damage: object, model: Answering, tmp_path: Path
) -> None:
    chat = Cached(model, tmp_path)
    list(chat.ask([question("a")]))
    (file,) = tmp_path.rglob("*.json")
    good = file.read_bytes()
    file.write_bytes(damage(good))  # type: ignore[operator]
    assert list(chat.ask([question("a")])) == [(0, Reply("You said a.", "stop", 1, 3))]
    assert file.read_bytes() == good


def test_files_are_the_owners_alone_and_hold_no_prompt(tmp_path: Path) -> None:
    list(Cached(Answering(lambda _: "fine"), tmp_path).ask([question(CANARY)]))
    (file,) = tmp_path.rglob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert CANARY not in file.read_text() + str(file)


def test_every_reply_is_kept_before_it_is_handed_out(model: Answering, tmp_path: Path) -> None:
    answers = Cached(model, tmp_path).ask([question(f"{i}") for i in range(9)])
    for made in range(1, 4):
        next(answers)
        assert len(list(tmp_path.rglob("*.json"))) == made
    answers.close()
    list(Cached(model, tmp_path).ask([question(f"{i}") for i in range(9)]))
    assert len(list(tmp_path.rglob("*.json"))) == 9


def test_kept_replies_cost_nothing(model: Answering, tmp_path: Path) -> None:
    budget = Budget(requests=2)
    for _ in range(3):
        found = list(Cached(Budgeted(model, budget), tmp_path).ask([question("a"), question("b")]))
        assert all(isinstance(answer, Reply) for _, answer in found)
    assert budget.spent.requests == 2


SHARE = """
import sys; from pathlib import Path
from mindrail.llm import Message, Request
from mindrail.llm.cache import Cached
from mindrail.llm.providers.fake import Answering
for _ in range(3):
    chat = Cached(Answering(lambda request: request.messages[0].content * 500), Path(sys.argv[1]))
    found = dict(chat.ask([Request((Message("user", f"{i}"),)) for i in range(20)]))
    assert [found[i].text for i in range(20)] == [f"{i}" * 500 for i in range(20)]
"""


def test_processes_share_a_folder(tmp_path: Path) -> None:
    workers = [subprocess.Popen([sys.executable, "-c", SHARE, str(tmp_path)]) for _ in range(3)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    assert len(list(tmp_path.rglob("*"))) == len(list(tmp_path.rglob("*.json"))) + len(
        list(tmp_path.iterdir())
    )


def test_texts_with_halves_of_characters_have_a_key_too(model: Answering, tmp_path: Path) -> None:
    assert len(Cached(model, tmp_path).key(question("\ud83d"))) == 64


def test_the_cache_lies_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MINDRAIL_CACHE", str(tmp_path))
    assert default_folder() == tmp_path / "llm"

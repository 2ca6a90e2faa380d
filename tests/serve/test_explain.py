"""Which words moved it, over HTTP: as without a server, counted as load, stopped when nobody waits; and the card."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

import mindrail
from helpers.axes import TWO
from helpers.guards import STORM, rewrite, tiny_guard
from mindrail.guard import Guard
from mindrail.guard.messages import example_of
from mindrail.guard.occlusion import explain
from mindrail.serve.audit import Audit, lines
from mindrail.serve.shelf import Shelf

CALM, DARK = "the soup is ready", f"please come, a {STORM} is ready"
CHAT = [
    {"role": "user", "content": CALM},
    {"role": "assistant", "content": CALM},
    {"role": "user", "content": DARK},
]
PATH = "/v1/explain"


def test_it_says_what_is_found_without_a_server(running: Any, folder: Path) -> None:
    guard = Guard.load(folder)
    told = running("POST", PATH, json={"messages": CHAT})
    example = example_of(CHAT)
    assert told.json() == {"model": "tiny", **json.loads(json.dumps(explain(guard, example).to_dict()))}
    assert told.headers["x-mindrail-guard"] == guard.id and STORM not in told.text
    first = running("POST", PATH, json={"messages": CHAT, "focus": 0, "model": "tiny"}).json()
    assert first["answer"]["decision"] == "allow" and len(first["words"]) == 4


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"messages": "x"},
        {"messages": []},
        {"messages": [3]},
        {"messages": [{"role": "system", "content": "x"}]},
        {"messages": [{"role": "user", "content": 3}]},
        {"messages": CHAT, "focus": 9},
        {"messages": CHAT, "focus": 1},  # the reply, which this guard does not judge
        {"messages": CHAT, "focus": True},
        {"messages": CHAT, "model": 3},
    ],
)
def test_what_makes_no_sense_is_refused(running: Any, body: Any) -> None:
    refused = running("POST", PATH, json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request")


def test_other_refusals_are_those_of_every_route(running: Any) -> None:
    large = running("POST", PATH, json={"messages": [{"role": "user", "content": "a" * 65_537}]})
    assert (large.status_code, large.json()["error"]["code"]) == (413, "input_too_large")
    unknown = running("POST", PATH, json={"messages": CHAT, "model": "gpt-9"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")
    empty = running("POST", PATH, json={"messages": [{"role": "user", "content": " "}]}).json()
    assert (empty["answer"]["reason"], empty["words"], empty["passages"]) == ("empty", [], [])


def test_a_guard_that_fails_is_an_error_and_nothing_else(start: Callable[..., Any]) -> None:
    behind, asked = start(), []
    given = Guard._answers

    def failing(guard: Guard, examples: Any) -> Any:
        asked.append(1)
        if len(asked) > 3:
            raise ValueError(examples[0].text)
        return given(guard, examples)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Guard, "_answers", failing)
        answer = behind("POST", PATH, json={"messages": CHAT})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert STORM not in answer.text


def test_it_is_let_in_by_what_it_costs_and_leaves_nothing_reserved(start: Callable[..., Any]) -> None:
    """Ten words are asked about eleven times: more than a quick text may cost, and refused where slow ones are."""
    behind = start(quick_bytes=500)
    slow, ask = behind.service.slow, {"messages": [{"role": "user", "content": "soup park " * 20}]}
    assert behind("POST", PATH, json=ask).status_code == 200 and slow.reserved == 0
    slow.reserved = slow.room
    slow._held["other"] = slow._held["anyone"] = 10**9
    refused = behind("POST", PATH, json=ask)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "server_is_overloaded")
    assert behind.moderate("soup park " * 20).status_code == 200
    assert 'mindrail_requests_total{route="/v1/explain",status="503"} 1.0' in behind("GET", "/metrics").text


def slowly(seconds: float, asked: list[float]) -> Callable[..., Any]:
    given = Guard._answers

    def answers(guard: Guard, examples: Any) -> Any:
        asked.append(time.monotonic())
        time.sleep(seconds)
        return given(guard, examples)

    return answers


def test_it_stops_when_time_is_up(start: Callable[..., Any]) -> None:
    behind, asked = start(), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Guard, "_answers", slowly(0.05, asked))
        late = behind("POST", PATH, json={"messages": CHAT}, headers={"x-request-timeout-ms": "120"})
        assert (late.status_code, late.json()["error"]["code"]) == (503, "deadline_exceeded")
        time.sleep(0.15)
        assert len(asked) <= 4  # of 8


def test_it_stops_when_the_client_leaves_and_lets_quick_texts_pass(start: Callable[..., Any]) -> None:
    behind, asked = start(quick_bytes=100), []
    long = {"messages": [{"role": "user", "content": "soup park " * 30}]}

    async def both() -> float:
        async with behind.client() as client, anyio.create_task_group() as tasks:
            for _ in range(2):  # both workers are busy explaining
                tasks.start_soon(lambda: client.post(PATH, json=long))
            await anyio.sleep(0.1)
            began = time.monotonic()
            answer = await client.post("/v1/moderations", json={"input": "soup"})
            took = time.monotonic() - began
            assert answer.status_code == 200
            tasks.cancel_scope.cancel()
        return took

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mindrail.Guard, "_answers", slowly(0.02, asked))
        assert anyio.run(both) < 0.3  # 61 readings take 1.2 s
        time.sleep(0.1)
        count = len(asked)
        time.sleep(0.2)
        assert len(asked) == count < 60
    assert behind.service.slow.reserved == 0


def test_it_is_a_decision_and_stands_in_the_audit(start: Callable[..., Any], tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    told = start(audit=audit)("POST", PATH, json={"messages": CHAT}).json()
    audit.close()
    (line,) = lines(tmp_path)
    assert line["route"] == PATH and line["decision"] == told["answer"]["decision"] == "block"
    assert STORM not in (tmp_path / "audit.jsonl").read_text()


def test_the_card_tells_thresholds_promise_and_what_the_folder_says(running: Any, folder: Path) -> None:
    told = running("GET", "/v1/models/tiny/card").json()
    assert told == running("GET", f"/v1/models/{told['guard']}/card").json()
    assert told["events"] == [{"name": "harmful", "labels": ["harmful"], "review": 0.3, "block": 0.6}]
    assert (told["judges"], told["asks"]) == ("user", "Is there a storm?")
    assert (told["promise"], told["promised"]) == ("no promise: made for a test", None)
    assert told["card"] == "# A guard for tests\n"
    assert [label["name"] for label in told["axis"]["labels"]] == list(TWO.names)
    assert running("GET", "/v1/models/none/card").status_code == 404


@pytest.mark.parametrize("change", ["changed", "missing"])
def test_a_card_that_was_changed_is_not_shown(change: str, tmp_path: Path, start: Callable[..., Any]) -> None:
    folder = tiny_guard(tmp_path / "guard", axis=TWO)
    for name in ("README.md", "evaluation.json"):
        place = folder / name
        place.write_text('{"promises": 3}') if change == "changed" else place.unlink()
    behind = start(on=Shelf.load([str(folder)]))
    told = behind("GET", "/v1/models/tiny/card").json()
    assert (told["card"], told["tested"]) == (None, [])
    assert behind.moderate("soup").status_code == 200


def test_a_promise_that_did_not_hold_is_said_with_the_card(tmp_path: Path, start: Callable[..., Any]) -> None:
    folder = tiny_guard(tmp_path / "guard", axis=TWO)
    rewrite(folder, evaluation_json=b'{"promises": [{"verdict": "contradicted"}]}')
    (tested,) = start(on=Shelf.load([str(folder)]))("GET", "/v1/models/tiny/card").json()["tested"]
    assert tested["verdict"] == "contradicted" and "Do not rely on the promise" in tested["says"]
    rewrite(folder, evaluation_json=b'{"promises": [{"verdict": "written by hand"}]}')
    assert start(on=Shelf.load([str(folder)]))("GET", "/v1/models/tiny/card").json()["tested"] == []


def test_the_page_can_be_left_out(start: Callable[..., Any]) -> None:
    assert start()("GET", "/").headers["content-type"] == "text/html; charset=utf-8"
    without = start(page=False)
    assert [without("GET", path).status_code for path in ("/", "/static/main.js", "/web/dom.js")] == [404] * 3

"""Conversations with their risk, and replies as they are written: the same as without HTTP between."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mindrail.guard import Guard
from mindrail.guard.conversation import judge
from mindrail.serve.streams import IDLE, MOST, Streams

CALM, STORM = "the soup is ready", "a storm and thunder"
CHAT = [
    {"role": "user", "content": CALM},
    {"role": "assistant", "content": CALM},
    {"role": "user", "content": STORM},
]
REPLY = f"{'please come and go now. ' * 12}{STORM}. {'the park is calm. ' * 8}"


@pytest.fixture(scope="module")
def guard(folder: Path) -> Guard:
    return Guard.load(folder)


def test_a_conversation_is_judged_as_without_a_server(running: Any, guard: Guard) -> None:
    told = running("POST", "/v1/judge", json={"messages": CHAT}).json()
    expected = judge(guard, CHAT)
    assert told["decision"] == expected.decision and told["place"] == 2
    assert told["risk"] == expected.risk.to_dict()
    assert told["answer"]["probabilities"] == expected.answer.probabilities


def test_risk_is_carried_by_the_client(running: Any, guard: Guard) -> None:
    risk: Any = None
    for end in (1, 3):
        body = {"messages": CHAT[:end]} | ({"risk": risk} if risk else {})
        risk = running("POST", "/v1/judge", json=body).json()["risk"]
    assert risk["seen"] == 3
    assert risk["level"] == pytest.approx(judge(guard, CHAT).risk.level)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": "x"},
        {"messages": []},
        {"messages": [{"role": "system", "content": "x"}]},
        {"messages": CHAT, "focus": 9},
        {"messages": CHAT, "focus": True},
        {"messages": CHAT, "risk": {"level": -1}},
        {"messages": CHAT, "risk": 3},
        {"messages": CHAT, "risk": {"level": 0.0, "raised": False, "tripped": False, "seen": 99}},
        {"messages": [{"role": "user", "content": 3}]},
        {"messages": [3]},
    ],
)
def test_what_is_no_conversation_is_refused(running: Any, body: Any) -> None:
    refused = running("POST", "/v1/judge", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request")


def stream(running: Any, cuts: list[int]) -> tuple[str, Any]:
    """(all that was handed on, the final answer)."""
    name = running("POST", "/v1/streams", json={"messages": CHAT[:1]}).json()["stream"]
    handed, last = "", {}
    for start, end in pairwise([0, *cuts, len(REPLY)]):
        body = {"chunk": REPLY[start:end], "end": end == len(REPLY)}
        answer = running("POST", f"/v1/streams/{name}", json=body)
        assert answer.status_code == 200
        last = answer.json()
        handed += last["released"]
    return handed, last


def test_a_reply_is_judged_the_same_however_it_was_cut(running: Any, guard: Guard) -> None:
    whole, final = stream(running, [])
    for cuts in ([1], [100, 200, 300], list(range(20, len(REPLY), 20))):
        handed, last = stream(running, cuts)
        assert (handed, last["decision"], last["answer"]) == (whole, final["decision"], final["answer"])
    assert final["decision"] == "block" and STORM not in whole
    expected = guard([*CHAT[:1], {"role": "assistant", "content": REPLY}])
    assert final["answer"]["probabilities"] == expected.probabilities
    assert REPLY.startswith(whole) and len(whole) > 0


def test_a_stream_is_known_to_its_key_alone_and_ends_once(start: Any) -> None:
    from mindrail.serve.keys import Keys, parse

    behind = start(keys=Keys(parse("one one-key-of-some-length\ntwo two-key-of-some-length", "here")))
    one, two = ({"x-api-key": f"{who}-key-of-some-length"} for who in ("one", "two"))
    name = behind("POST", "/v1/streams", json={}, headers=one).json()["stream"]
    path = f"/v1/streams/{name}"
    assert (
        behind("POST", path, json={"chunk": "x"}, headers=two).json()["error"]["code"] == "stream_not_found"
    )
    assert behind("POST", path, json={"chunk": CALM, "end": True}, headers=one).json()["released"] == CALM
    assert behind("POST", path, json={"chunk": "x"}, headers=one).status_code == 404


def test_streams_are_bounded_and_forgotten(start: Any) -> None:
    behind, now = start(text_bytes=1000), [0.0]
    streams = Streams(behind.service, lambda: now[0])

    async def open_one() -> Any:
        return await streams.begin(None, "a", {})  # type: ignore[arg-type]

    import anyio

    from mindrail.web.problems import Problem

    for _ in range(MOST):
        anyio.run(open_one)
    with pytest.raises(Problem):
        anyio.run(open_one)
    now[0] = IDLE + 1
    anyio.run(open_one)
    assert len(streams) == 1
    name = behind("POST", "/v1/streams", json={}).json()["stream"]
    big = behind("POST", f"/v1/streams/{name}", json={"chunk": "a" * 1001})
    assert big.json()["error"]["code"] == "input_too_large"
    assert behind("POST", f"/v1/streams/{name}", json={"chunk": "a"}).status_code == 404


@pytest.mark.parametrize(
    "body", [{"checks": {"stops": ["allow"]}}, {"checks": {"span": 1}}, {"messages": 3}, []]
)
def test_a_stream_that_makes_no_sense_is_not_opened(running: Any, body: Any) -> None:
    assert running("POST", "/v1/streams", json=body).status_code == 400

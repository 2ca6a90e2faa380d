"""Holding the load: room, turns, deadlines, poison, and clients that leave. Work is made slow by hand."""

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import pytest
from starlette.requests import Request

import mindrail
from mindrail.records import Example
from mindrail.runtime.local import Score
from mindrail.serve.desk import Desk, Job, Polite, Stopped
from mindrail.serve.gate import Lane, Receiving
from mindrail.serve.rates import Rates
from mindrail.web.problems import ClientGone, Problem

CALM, STORM = "the soup is ready", "a storm and thunder"


def test_a_lane_takes_what_fits_and_names_a_time_for_the_rest() -> None:
    lane = Lane(0.25, 2, 0.001)  # a quarter second of two workers at a thousand bytes a second
    assert lane.room == 500
    with lane.admit("a", 400), pytest.raises(Problem) as refused:
        lane.check("a", 101)
    assert refused.value.kind.status == 503
    waits = set()
    with lane.admit("a", 400):
        for _ in range(50):
            with pytest.raises(Problem) as refused:
                lane.check("a", 200)
            waits.add(int(refused.value.headers["retry-after-ms"]))
    assert len(waits) > 10 and min(waits) >= 150 and max(waits) <= 250  # 0.2 s, give or take a quarter
    assert lane.reserved == 0


def test_an_empty_lane_takes_anything_and_a_full_one_a_key_below_its_share() -> None:
    lane = Lane(0.25, 2, 0.001)
    with lane.admit("busy", 5000):
        with pytest.raises(Problem):
            lane.check("busy", 1)
        with lane.admit("quiet", 100):
            assert lane.reserved == 5100
            with pytest.raises(Problem):
                lane.check("quiet", 200)
    assert lane.reserved == 0 and not lane._held


def test_room_is_given_back_whatever_happens() -> None:
    lane = Lane(0.25, 2, 0.001)
    with pytest.raises(ZeroDivisionError), lane.admit("a", 10):
        _ = 1 / 0
    assert lane.reserved == 0
    receiving = Receiving(100)
    receiving.take(100)
    with pytest.raises(Problem):
        receiving.take(1)
    assert receiving.held == 100


def test_the_estimate_follows_what_is_measured() -> None:
    lane = Lane(0.25, 1, 1.0)
    for _ in range(1000):
        lane.learn(0.5, 100)
    assert lane.pace == pytest.approx(0.005, rel=0.01)


def test_a_key_has_its_rate_and_no_more_keys_are_remembered_than_allowed() -> None:
    now = [0.0]
    rates = Rates(10.0, lambda: now[0])
    for _ in range(20):
        rates.take("a")
    with pytest.raises(Problem) as refused:
        rates.take("a")
    assert refused.value.headers["retry-after-ms"] == "100"
    rates.take("b")
    now[0] = 0.1
    rates.take("a")
    for n in range(50_000):
        rates.take(f"key {n}")
    assert len(rates._buckets) == 10_000
    assert Rates(0.0).take("a") == {}


@pytest.fixture
def desk() -> Any:
    made = Desk(1)
    yield made
    made.close()


def collect(desk: Desk, jobs: list[tuple[str, bool, Callable[[], Any]]], cost: int = 100) -> list[Any]:
    """Results in the order in which they were done, as (place, result)."""
    out: list[Any] = []
    ended = threading.Event()

    def done(place: int, result: Any, seconds: float) -> None:
        out.append((place, result))
        if len(out) == len(jobs):
            ended.set()

    hold = threading.Event()
    desk.put([Job(hold.wait, lambda r, s: None, "hold", 1, False, time.monotonic() + 9)])
    desk.put(
        [
            Job(work, partial(done, place), key, cost, slow, time.monotonic() + 9)
            for place, (key, slow, work) in enumerate(jobs)
        ]
    )
    hold.set()
    assert ended.wait(5)
    return out


def test_a_busy_key_waits_behind_itself(desk: Desk) -> None:
    jobs = [("busy", False, lambda: 0)] * 30 + [("quiet", False, lambda: 0)] * 2
    order = [place for place, _ in collect(desk, jobs, cost=512)]
    assert {order.index(30), order.index(31)} <= set(range(6))


def test_short_texts_pass_between_the_windows_of_a_long_one(desk: Desk) -> None:
    order: list[str] = []

    def long() -> None:
        for window in range(4):
            order.append(f"window {window}")
            desk.between()

    jobs: list[Any] = [("a", True, long)] + [("b", False, lambda: order.append("short"))] * 3
    collect(desk, jobs)
    assert order == ["short", "window 0", "short", "window 1", "short", "window 2", "window 3"] or order == [
        "window 0",
        "short",
        "window 1",
        "short",
        "window 2",
        "short",
        "window 3",
    ]


def test_a_job_that_raises_harms_no_other(desk: Desk) -> None:
    def poison() -> None:
        raise MemoryError

    results = dict(collect(desk, [("a", False, poison), ("a", False, lambda: 7), ("b", True, poison)]))
    assert isinstance(results[0], MemoryError) and results[1] == 7 and isinstance(results[2], MemoryError)
    assert collect(desk, [("a", False, lambda: 8)]) == [(0, 8)]


def test_what_is_late_or_unwanted_is_not_done(desk: Desk) -> None:
    done: list[Any] = []
    ran: list[int] = []
    late = Job(lambda: ran.append(1), lambda r, s: done.append(r), "a", 1, False, time.monotonic() - 1)
    gone = Job(lambda: ran.append(2), lambda r, s: done.append(r), "a", 1, False, time.monotonic() + 9)
    gone.gone.set()

    def long() -> None:
        for window in range(100):
            ran.append(window)
            stopping.gone.set()
            desk.between()

    stopping = Job(long, lambda r, s: done.append(r), "a", 1, True, time.monotonic() + 9)
    desk.put([late, gone, stopping])
    while len(done) < 3:
        time.sleep(0.005)
    assert all(isinstance(one, Stopped) for one in done) and sorted(one.late for one in done) == [
        False,
        False,
        True,
    ]
    assert ran == [0]  # one window at most is wasted


def test_a_closed_desk_gives_everything_back() -> None:
    desk, hold, done = Desk(1), threading.Event(), []
    for work in (hold.wait, lambda: 1, lambda: 2):
        desk.put([Job(work, lambda r, s: done.append(r), "a", 1, False, time.monotonic() + 9)])
    time.sleep(0.02)
    desk.close()
    assert len(done) == 2 and all(isinstance(one, Stopped) for one in done)
    hold.set()
    desk.put([Job(lambda: 3, lambda r, s: done.append(r), "a", 1, False, time.monotonic() + 9)])
    assert isinstance(done[-1], Stopped)


def test_a_polite_scorer_gives_the_same_bits_and_is_asked_between_windows(start: Any) -> None:
    served = start().service.shelf.served[0].guard
    inner = served.scorer._scorer
    asked: list[int] = []
    polite = Polite(inner, lambda: asked.append(1))
    for words in (1, 10, 80):
        example = Example.of(f"{CALM} " * words + STORM)
        one, other = polite.one(example, map), inner.one(example, map)
        assert isinstance(one, Score)
        assert (one.values == other.values).all() and one[1:] == other[1:]
    assert len(asked) > 10


async def many(behind: Any, count: int, ask: Callable[[Any, int], Any]) -> list[Any]:
    async with behind.client() as client:
        return list(await asyncio.gather(*(ask(client, n) for n in range(count))))


def test_overload_is_refused_at_once_and_the_rest_is_answered(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = start()
    answers = mindrail.Guard._answers

    def slow(guard: Any, examples: Any) -> Any:
        time.sleep(0.01)
        return answers(guard, examples)

    monkeypatch.setattr(mindrail.Guard, "_answers", slow)
    behind.service.quick.pace = behind.service.slow.pace = 0.01 / 60  # what warming up would have measured

    async def ask(client: Any, n: int) -> tuple[int, bool, float, Any]:
        began = time.perf_counter()
        answer = await client.post("/v1/moderations", json={"input": STORM if n % 2 else CALM})
        seconds = time.perf_counter() - began
        right = answer.status_code != 200 or answer.json()["results"][0]["flagged"] == bool(n % 2)
        return answer.status_code, right, seconds, answer.headers.get("retry-after")

    said = anyio.run(many, behind, 300, ask)
    assert {status for status, *_ in said} == {200, 503} and all(right for _, right, *_ in said)
    taken = [seconds for status, _, seconds, _ in said if status == 200]
    assert 30 <= len(taken) <= 80  # a quarter of a second of two workers is 50
    assert all(again for status, *_, again in said if status == 503)
    assert behind.service.quick.reserved == 0 and behind.service.receiving.held == 0


def test_when_clients_leave_their_work_is_not_begun(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    behind = start()
    begun = []
    answers = mindrail.Guard._answers

    def slow(guard: Any, examples: Any) -> Any:
        begun.append(1)
        time.sleep(0.02)
        return answers(guard, examples)

    monkeypatch.setattr(mindrail.Guard, "_answers", slow)
    service = behind.service
    served = service.shelf.served[0]

    async def leaving() -> Any:
        await asyncio.sleep(0.03)
        return {"type": "http.disconnect"}

    async def ask() -> None:
        works = [partial(served.guard, Example.of(CALM))] * 100
        with pytest.raises(ClientGone):
            request = Request({"type": "http"}, leaving)
            await service.run(works, [1] * 100, "a", time.monotonic() + 9, request)

    anyio.run(ask)
    time.sleep(0.1)
    assert len(begun) <= 8 and service.quick.reserved == 0 and service.desk.waiting == 0


def test_a_score_does_not_depend_on_who_is_served_beside(start: Any, running: Any) -> None:
    texts = [f"{CALM} {'please come ' * n}{STORM if n % 3 == 0 else ''}" for n in range(24)]
    alone = [running.moderate(text).json()["results"][0] for text in texts]
    together = running.moderate(texts).json()["results"]
    assert together == alone

    async def ask(client: Any, n: int) -> Any:
        answer = await client.post("/v1/moderations", json={"input": texts[n % len(texts)]})
        return answer.json()["results"][0]

    behind = start(quick_wait=60.0)
    assert anyio.run(many, behind, 96, ask) == alone * 4


def test_readiness_really_scores(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    behind = start()
    assert behind("GET", "/readyz").json()["status"] == "ready"
    behind.service.health._looked = -9.0
    monkeypatch.setattr(mindrail.Guard, "_answers", lambda guard, examples: 1 / 0)
    assert behind("GET", "/readyz").json()["error"]["code"] == "not_ready"
    assert behind("GET", "/healthz").status_code == 200


def test_however_many_ask_for_readiness_one_of_them_looks(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind, scored = start(), []
    answers = mindrail.Guard._answers
    monkeypatch.setattr(mindrail.Guard, "_answers", lambda g, e: scored.append(1) or answers(g, e))

    async def ask(client: Any, n: int) -> Any:
        return (await client.get("/readyz")).status_code

    assert set(anyio.run(many, behind, 50, ask)) == {200}
    assert len(scored) == 2  # two sentences

"""The allowance is never exceeded, and what it does not cover is said at once."""

import threading
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.server import question
from mindrail.errors import BadConfig
from mindrail.llm import Chat, Failure, Message, Reply, Request
from mindrail.llm.budget import Budget, Budgeted, Spent, worst
from mindrail.llm.providers.fake import Answering


def count(chat: Chat, requests: Sequence[Request]) -> list[str]:
    """What came of each request, in their order."""
    found = dict(chat.ask(requests))
    assert sorted(found) == list(range(len(requests)))
    return [a.code if isinstance(a, Failure) else "reply" for _, a in sorted(found.items())]


def questions(n: int, **settings: int) -> list[Request]:
    return [question(f"{i}", **settings) for i in range(n)]


def test_without_limits_everything_is_asked_and_counted() -> None:
    budget = Budget()
    assert count(Budgeted(Answering(lambda _: "two words"), budget), questions(3)) == ["reply"] * 3
    assert budget.spent == Spent(3, 3, 6)
    assert budget.spent.tokens == 9


def test_requests_run_out() -> None:
    model, budget = Answering(lambda _: "fine"), Budget(requests=5)
    chat = Budgeted(model, budget)
    assert count(chat, questions(3)) == ["reply"] * 3
    assert count(chat, questions(4)) == ["reply"] * 2 + ["budget"] * 2
    assert count(chat, questions(2)) == ["budget"] * 2
    assert len(model.asked) == budget.spent.requests == 5


def test_ample_tokens_take_one_round_and_scarce_ones_several() -> None:
    rounds: list[int] = []

    class Counting(Answering):
        def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply | Failure]]:
            rounds.append(len(requests))
            return super().ask(requests)

    chat = Counting(lambda _: "one two three")
    requests = questions(20, max_tokens=20)  # each costs 4 tokens, and at worst 101
    assert worst(requests[0]) == 64 + 16 + 1 + 20
    assert count(Budgeted(chat, Budget(tokens=5000)), requests) == ["reply"] * 20
    assert rounds == [20]
    rounds.clear()
    assert count(Budgeted(chat, Budget(tokens=220)), requests) == ["reply"] * 20
    assert sum(rounds) == 20
    assert rounds[0] == 2


def test_a_long_request_does_not_stop_short_ones() -> None:
    requests = [question("a"), question("b" * 5000), question("c")]
    assert count(Budgeted(Answering(lambda _: "fine"), Budget(tokens=2000)), requests) == [
        "reply",
        "budget",
        "reply",
    ]


def test_a_server_that_does_not_count_is_charged_the_worst() -> None:
    budget = Budget()
    count(Budgeted(Answering(lambda _: Reply("fine")), budget), [question("abc", max_tokens=9)])
    assert budget.spent == Spent(1, 64 + 16 + 3, 9)


def test_what_is_down_costs_nothing_and_other_failures_a_request() -> None:
    budget = Budget(requests=10)
    for code in ("down", "timeout", "refused", "junk"):
        count(Budgeted(Answering(lambda _, code=code: Failure(code)), budget), questions(2))
    assert budget.spent == Spent(6, 0, 0)


def test_breaking_off_gives_back_what_was_set_aside() -> None:
    budget = Budget(requests=10)
    answers = Budgeted(Answering(lambda _: "fine"), budget).ask(questions(10))
    next(answers)
    answers.close()
    assert budget.spent.requests == 1
    assert count(Budgeted(Answering(lambda _: "fine"), budget), questions(10)) == ["reply"] * 9 + ["budget"]


@given(
    st.lists(st.tuples(st.text(max_size=9), st.integers(1, 50)), max_size=12),
    st.integers(0, 600),
    st.integers(0, 12),
    st.randoms(use_true_random=False),
)
def test_no_allowance_is_ever_exceeded(
    prompts: list[tuple[str, int]], tokens: int, requests: int, random: "object"
) -> None:
    def dear(request: Request) -> Reply:
        """Costs anything up to the worst case."""
        size = len(request.messages[0].content.encode("utf-8", "replace"))
        return Reply("x", prompt_tokens=size + 1, completion_tokens=request.max_tokens)

    budget = Budget(requests, tokens)
    asked = [Request((Message("user", text),), max_tokens=length) for text, length in prompts]
    count(Budgeted(Answering(dear), budget), asked)
    assert budget.spent.requests <= requests
    assert budget.spent.tokens <= tokens


def test_threads_share_one_allowance() -> None:
    budget, model = Budget(requests=100), Answering(lambda _: "fine")
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.extend(count(Budgeted(model, budget), questions(30))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(model.asked) == found.count("reply") == budget.spent.requests == 100


@pytest.mark.parametrize("wrong", [{"requests": -1}, {"tokens": -1}])
def test_a_negative_allowance_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(BadConfig, match="a budget of -1"):
        Budget(**wrong)

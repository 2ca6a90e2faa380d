"""A real server: llama.cpp's, with SmolLM2, on this machine. Skipped where it is not installed."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.llama import running
from helpers.server import question
from mindrail.errors import BadConfig
from mindrail.llm import Failure, Reply, Request
from mindrail.llm.budget import Budget, Budgeted
from mindrail.llm.cache import Cached
from mindrail.llm.providers.openai import OpenAIServer

PARIS = question("What is the capital of France?", max_tokens=12, top_logprobs=5)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    with running() as found:
        yield found


def ask(url: str, *requests: Request, **settings: object) -> list[Reply | Failure]:
    chat = OpenAIServer(url, "smollm2", **{"first_wait": 0.01, **settings})  # type: ignore[arg-type]
    return [answer for _, answer in sorted(chat.ask(requests), key=lambda pair: pair[0])]


def test_it_answers_with_counts_and_log_probabilities(server: tuple[str, object]) -> None:
    (answer,) = ask(server[0], PARIS)
    assert isinstance(answer, Reply)
    assert answer.text
    assert answer.prompt_tokens == 37
    assert 0 < answer.completion_tokens <= 12
    assert len(answer.first_token) == 5
    assert "The" in answer.first_token
    assert max(answer.first_token.values()) < 0


def test_our_own_loader_agrees_with_it(server: tuple[str, object]) -> None:
    """The same weights through our conversion; llama.cpp rounds activations to eight bits on top."""
    from mindrail.causal.generate import open_chat

    requests = [PARIS, question("Is soup warm? Answer yes or no.", max_tokens=1, top_logprobs=5)]
    ours = dict(open_chat({"dtype": "float32"}).ask(requests))
    for i, theirs in enumerate(ask(server[0], *requests)):
        assert isinstance(theirs, Reply)
        mine = ours[i]
        assert isinstance(mine, Reply)
        assert mine.prompt_tokens == theirs.prompt_tokens
        common = mine.first_token.keys() & theirs.first_token.keys()
        assert len(common) >= 3
        assert all(abs(mine.first_token[token] - theirs.first_token[token]) < 1 for token in common)


def test_several_are_asked_at_once_and_kept(server: tuple[str, object], tmp_path: Path) -> None:
    requests = [question(f"Say a word that rhymes with cat, number {i}.", max_tokens=8) for i in range(6)]
    budget = Budget(requests=6, tokens=1000)
    chat = Cached(Budgeted(OpenAIServer(server[0], "smollm2"), budget), tmp_path)
    first, again = dict(chat.ask(requests)), dict(chat.ask(requests))
    assert all(isinstance(answer, Reply) for answer in first.values())
    assert [answer.text for answer in again.values()] == [first[i].text for i in again]
    assert budget.spent.requests == 6
    assert budget.spent.tokens == sum(a.prompt_tokens + a.completion_tokens for a in first.values())


def test_stop_strings_and_lengths_are_obeyed(server: tuple[str, object]) -> None:
    (whole,) = ask(server[0], question("Tell me about the sea.", max_tokens=16))
    assert isinstance(whole, Reply)
    assert whole.finish == "length"
    (cut,) = ask(server[0], question("Tell me about the sea.", max_tokens=16, stop=(whole.text[12:16],)))
    assert isinstance(cut, Reply)
    assert cut.finish == "stop"
    assert whole.text.startswith(cut.text)


def test_what_it_refuses_is_told_apart(server: tuple[str, object]) -> None:
    long, fine = ask(server[0], question("word " * 800), question("Hi", max_tokens=2))
    assert isinstance(long, Failure)
    assert long.code == "too_long"
    assert isinstance(fine, Reply)
    with pytest.raises(BadConfig, match=r"HTTP 404.*base_url"):
        ask(server[0] + "/v2", PARIS)


def test_a_server_that_is_killed_half_way_is_left_quickly(
    server: tuple[str, subprocess.Popen[bytes]],
) -> None:
    """The last test: it ends the server."""
    url, process = server
    requests = [question(f"Tell me about the number {i}.", max_tokens=4) for i in range(300)]
    chat = OpenAIServer(url, "smollm2", retries=1, first_wait=0.05, give_up_after=4)
    found: list[Reply | Failure] = []
    for _, answer in chat.ask(requests):
        found.append(answer)
        if len(found) == 3:
            process.kill()
            killed = time.monotonic()
    assert time.monotonic() - killed < 10
    assert len(found) == 300
    assert all(isinstance(answer, Reply) for answer in found[:3])
    assert {answer.code for answer in found[20:] if isinstance(answer, Failure)} == {"down"}

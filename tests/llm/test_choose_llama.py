"""Options read from a real server: llama.cpp's, with SmolLM2. Skipped where it is not installed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from helpers.llama import running
from mindrail.llm import Message, Request
from mindrail.llm.cache import Cached
from mindrail.llm.choose import Choosing, Chosen, choose, counts
from mindrail.llm.providers.openai import OpenAIServer


@dataclass(frozen=True)
class Ask:
    messages: tuple[Message, ...]
    options: tuple[str, ...] = ("Yes", "No")


QUESTIONS = [
    Ask((Message("user", f"Is {what}? Answer with one word, Yes or No."),))
    for what in ("Paris in France", "soup made of stone", "snow cold", "the moon made of cheese")
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as (address, _):
        yield address


def test_log_probabilities_are_read_and_graded(url: str) -> None:
    found = choose(OpenAIServer(url, "smollm2"), QUESTIONS)
    assert counts(found) == {"graded": 4}
    readings = [one.logprobs for one in found if isinstance(one, Chosen)]
    assert all(np.exp(row).sum() == pytest.approx(1, abs=1e-4) for row in readings)
    assert len({round(float(row[0]), 3) for row in readings}) == 4, "they have degrees"


def test_they_are_those_of_the_model_itself(url: str) -> None:
    """The same weights through our own loader; llama.cpp rounds activations to eight bits on top."""
    from mindrail.causal.generate import open_chat

    theirs = choose(OpenAIServer(url, "smollm2"), QUESTIONS)
    ours = choose(open_chat({"dtype": "float32"}), QUESTIONS)
    for mine, other in zip(ours, theirs, strict=True):
        assert isinstance(mine, Chosen) and isinstance(other, Chosen)
        assert abs(math.exp(mine.logprobs[0]) - math.exp(other.logprobs[0])) < 0.15


@pytest.mark.parametrize("options", [("S1", "S12", "S13"), ("unsafe", "unsure", "fine")])
def test_options_that_begin_alike_are_answered_by_grammar(url: str, options: tuple[str, ...]) -> None:
    asked = [Ask(QUESTIONS[0].messages, options)]
    found = choose(OpenAIServer(url, "smollm2", constrain="grammar"), asked, Choosing(read="answer"))
    assert counts(found) == {"plain": 1}


def test_a_model_that_nothing_holds_is_not_taken_at_its_word(url: str) -> None:
    """Most of its answers are sentences; those count as failures, however plain their meaning is to a person."""
    told = counts(choose(OpenAIServer(url, "smollm2", constrain="none"), QUESTIONS, Choosing(read="answer")))
    assert told["unparsable"] >= 2
    assert told["unparsable"] + told.get("plain", 0) == 4


def test_nothing_is_asked_twice(url: str, tmp_path: Path) -> None:
    first = choose(Cached(OpenAIServer(url, "smollm2"), tmp_path), QUESTIONS)
    again = choose(Cached(OpenAIServer("http://127.0.0.1:9/v1", "smollm2"), tmp_path), QUESTIONS)
    assert counts(again) == {"down": 4}, "another address is another model"
    kept = Cached(OpenAIServer(url, "smollm2"), tmp_path)
    assert [repr(one) for one in choose(kept, QUESTIONS)] == [repr(one) for one in first]


def test_every_place_of_an_answer_is_told(url: str) -> None:
    request = Request(QUESTIONS[0].messages, max_tokens=4, top_logprobs=3)
    ((_, reply),) = OpenAIServer(url, "smollm2").ask([request])
    assert reply.text.startswith("".join(place.token for place in reply.places)[:4])
    assert all(len(place.likeliest) >= 3 for place in reply.places)
    assert reply.first_token == reply.places[0].likeliest

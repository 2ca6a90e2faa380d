"""A whole axis put to a real server: llama.cpp's, with SmolLM2. Skipped where it is not installed."""

from collections.abc import Iterator

import numpy as np
import pytest

from helpers.llama import running
from mindrail import taxonomy
from mindrail.llm.choose import Choosing
from mindrail.llm.providers.openai import OpenAIServer
from mindrail.prompts import Form
from mindrail.prompts.asked import AskedScorer, same, through
from mindrail.records import Example

TEXTS = [Example.of("Good morning, the soup was lovely."), Example.of("How do smoke alarms work?")]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(context=2048) as (address, _):
        yield address


@pytest.mark.parametrize("name", ["prompt-harm", "emotional-risk"])
def test_a_taxonomy_is_answered_by_a_real_server(url: str, name: str) -> None:
    kinds = taxonomy.load(name)
    axis, how = kinds.axis(), Choosing()
    chat = OpenAIServer(url, "smollm2", concurrency=1, constrain="grammar")
    scorer = AskedScorer(axis, same(Form(axis, kinds.asks)), through(chat, how), how=how, name=chat.name)
    chances = axis.probabilities(scorer.score(TEXTS))
    assert chances.sum(axis=1) == pytest.approx([1.0, 1.0])
    assert scorer.answers.get("graded", 0) + scorer.answers.get("plain", 0) == 2, "nothing failed"
    assert np.ptp(chances[0]) > 0

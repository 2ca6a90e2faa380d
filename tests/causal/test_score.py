"""Scores are those of a plain forward over every whole prompt, whatever shares prefix, tree or batch."""

from typing import Any

import numpy as np
import pytest
import torch

from helpers.decoders import decoder
from mindrail.arrays import log_softmax, ndarray
from mindrail.causal import _forest
from mindrail.causal.encode import encode
from mindrail.causal.load import Loaded, load
from mindrail.causal.score import OptionScorer, ScoreSettings
from mindrail.llm.chat import Message
from mindrail.prompts import Question

HEAD = (
    Message("system", "one word"),
    Message("user", "soup?"),
    Message("assistant", "yes"),
    Message("user", "storm?"),
    Message("assistant", "no"),
)
TEXTS = ("soup", "a calm walk in the park", "storms", "", "tea with the neighbours and then home")


def asked(
    text: str, options: tuple[str, ...] = ("no", "yes"), head: tuple[Message, ...] = HEAD
) -> list[Question]:
    """Three questions about one text."""
    return [
        Question(head, (Message("user", f"{text}\nis it {what}?"),), options)
        for what in ("warm", "wet", "late")
    ]


def plainly(loaded: Loaded, question: Question) -> ndarray:
    """Every option alone behind its whole prompt, through the model as it comes."""
    told = encode(loaded, question.messages, question.options)
    sums = []
    for option in told.options:
        ids = torch.tensor([told.prompt + option])
        with torch.no_grad():
            scores = loaded.model(ids).logits[0].double().log_softmax(-1)
        sums.append(sum(float(scores[len(told.prompt) - 1 + i, token]) for i, token in enumerate(option)))
    return log_softmax(np.array([sums]))[0]


@pytest.fixture(scope="module", params=[*_forest.TESTED, "mistral-sliding", "olmo2", "llama-dynamic"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    changes: dict[str, dict[str, Any]] = {
        "mistral-sliding": {"sliding_window": 8},
        "llama-dynamic": {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10_000.0}},
    }
    name = request.param.partition("-")[0]
    return load(
        str(decoder(tmp_path_factory.mktemp(name), name, **changes.get(request.param, {}))), "float32", "cpu"
    )


@pytest.mark.parametrize("options", [("n", "y"), ("no", "yes"), ("safe", "safer", "unsafe")])
def test_equal_to_the_plain_forward(loaded: Loaded, options: tuple[str, ...]) -> None:
    scorer = OptionScorer(loaded, ScoreSettings(batch=3))
    found = scorer.log_probabilities([asked(text, options) for text in TEXTS])
    for text, answers in zip(TEXTS, found, strict=True):
        for question, answer in zip(asked(text, options), answers, strict=True):
            np.testing.assert_allclose(answer, plainly(loaded, question), atol=1e-4)
            assert np.exp(answer).sum() == pytest.approx(1)

"""Scores are those of a plain forward over every whole prompt, whatever shares prefix, tree or batch."""

from pathlib import Path
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
from mindrail.errors import BadConfig
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


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(str(decoder(tmp_path_factory.mktemp("llama"))), "float32", "cpu")


def test_company_changes_nothing_that_shows(llama: Loaded) -> None:
    together = OptionScorer(llama).log_probabilities([asked(text) for text in TEXTS])
    scorer = OptionScorer(llama, ScoreSettings(batch=1))
    alone = [scorer.log_probabilities([asked(text)])[0] for text in TEXTS]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_in_batches_of_one_the_bits_are_the_same(llama: Loaded) -> None:
    settings = ScoreSettings(batch=1)
    together = OptionScorer(llama, settings).log_probabilities([asked(text) for text in TEXTS])
    for text, expected in zip(TEXTS[::-1], together[::-1], strict=True):
        (found,) = OptionScorer(llama, settings).log_probabilities([asked(text)])
        np.testing.assert_array_equal(found, expected)


def test_long_rows_and_prefixes_are_read_in_parts(llama: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = OptionScorer(llama).log_probabilities([asked(text) for text in TEXTS])
    monkeypatch.setattr(_forest, "CHUNK", 16)
    parts = OptionScorer(llama).log_probabilities([asked(text) for text in TEXTS])
    np.testing.assert_allclose(parts, whole, atol=1e-5)


def test_the_prefix_is_read_once(llama: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instructions, then shots behind them; another choice of shots goes on from the instructions."""
    read: list[int] = []
    forward = llama.model.model.forward

    def counted(**given: Any) -> Any:
        read.append(given["input_ids"].numel())
        return forward(**given)

    monkeypatch.setattr(llama.model.model, "forward", counted)
    scorer = OptionScorer(llama, ScoreSettings(batch=1))
    (first, *_) = found = [scorer.encode(asked(text)) for text in TEXTS]
    scorer.score(found)
    told, shown = first.levels
    assert 0 < told < shown
    assert sum(read) == shown + sum(len(one.tree.tokens) for one in found)
    read.clear()
    other = scorer.encode(asked("soup", head=(*HEAD[:1], *HEAD[3:])))
    scorer.score([other])
    assert sum(read) == other.levels[1] - told + len(other.tree.tokens)


def test_without_a_common_beginning_every_prompt_is_read_alone(llama: Loaded) -> None:
    """Two questions with nothing in common about one text, as a format of a guard model may have."""
    questions = [
        Question((), (Message("user", "soup"), Message("assistant", "warm?")), ("no", "yes")),
        Question((), (Message("user", "storm"),), ("safe", "unsafe", "sad")),
    ]
    scorer = OptionScorer(llama)
    scorer._encoder._begins_alike = False
    ((first, second),) = scorer.log_probabilities([questions])
    np.testing.assert_allclose(first, plainly(llama, questions[0]), atol=1e-4)
    np.testing.assert_allclose(second, plainly(llama, questions[1]), atol=1e-4)


def test_nothing_is_cut_to_fit(llama: Loaded) -> None:
    with pytest.raises(BadConfig, match="does not fit the model's 64"):
        OptionScorer(llama, ScoreSettings(context=64)).log_probabilities([asked("soup")])
    assert OptionScorer(llama).log_probabilities([]) == []


def test_the_model_is_left_as_it_was(llama: Loaded) -> None:
    before = llama.model.config._attn_implementation
    OptionScorer(llama).log_probabilities([asked("soup")])
    assert llama.model.config._attn_implementation == before
    assert "forward" not in vars(llama.model.get_output_embeddings())


def test_a_window_that_slides_matters_here(tmp_path: Path) -> None:
    """The same weights with and without a window say different things, so the equality above is no accident."""
    short = load(str(decoder(tmp_path / "short", "mistral", sliding_window=8)), "float32", "cpu")
    wide = load(str(decoder(tmp_path / "wide", "mistral")), "float32", "cpu")
    (a,), (b,) = (OptionScorer(one).log_probabilities([asked("soup")]) for one in (short, wide))
    assert np.abs(np.array(a) - np.array(b)).max() > 1e-2


def test_bfloat16_decides_as_float32_does(tmp_path: Path) -> None:
    folder = str(decoder(tmp_path))
    exact, rough = (
        np.array(OptionScorer(load(folder, dtype, "cpu")).log_probabilities([asked(t) for t in TEXTS]))
        for dtype in ("float32", "bfloat16")
    )
    assert np.abs(exact - rough).max() < 0.5
    sure = np.abs(exact[..., 0] - exact[..., 1]) > 0.5
    assert sure.any()
    assert (exact.argmax(-1) == rough.argmax(-1))[sure].all()


@pytest.mark.slow
def test_smollm2_scores_as_its_plain_forward() -> None:
    loaded = load("smollm2", "float32", "cpu")
    scorer = OptionScorer(loaded)
    for options in (("no", "yes"), ("safe", "borderline", "unsafe")):
        found = scorer.log_probabilities([asked(text, options) for text in TEXTS])
        expected = [[plainly(loaded, question) for question in asked(text, options)] for text in TEXTS]
        np.testing.assert_allclose(found, expected, atol=1e-4)

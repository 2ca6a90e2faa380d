"""The real MiniLM, from its package through training, eight bits and a guard, in under a minute."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import pipeline

from mindrail import taxonomy
from mindrail.data import corpus
from mindrail.data.split import choose_labels
from mindrail.export import int8, loudness
from mindrail.export import onnx as exporting
from mindrail.models import Job
from mindrail.models._network import Network
from mindrail.models.encoder import FAMILY, EncoderConfig
from mindrail.runtime import load as runtime
from mindrail.runtime.onnx import OnnxScorer

KINDS = taxonomy.load("emotional-risk")
AXIS = KINDS.axis()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("minilm") / "model"
    examples, _ = choose_labels(corpus.read("starter", KINDS, AXIS), AXIS, 48, "balanced", 0)
    for _ in FAMILY.train(Job(AXIS, examples), EncoderConfig(epochs=2, window=128, context=32), place):
        pass
    return place


@pytest.fixture(scope="module")
def texts() -> list:
    return corpus.read("minimal-pairs", KINDS, AXIS)[:40]


def test_float_and_eight_bits_say_what_torch_says(trained: Path, texts: list, tmp_path: Path) -> None:
    expected = FAMILY.scorer(AXIS, trained).score(texts)
    network = Network.load(trained, "mean")
    exporting.export(network, tmp_path / "model.onnx")
    for name in ("tokenizer.json", "reach.json"):
        (tmp_path / name).write_bytes((trained / name).read_bytes())
    wide = runtime.from_folder("onnx", tmp_path, AXIS)
    np.testing.assert_allclose(wide.score(texts), expected, atol=1e-3)
    assert isinstance(wide, OnnxScorer)
    loud = loudness.measure(tmp_path / "model.onnx", (feed for text in texts for feed in wide.feeds(text)))
    (tmp_path / "model.onnx").rename(tmp_path / "float.onnx")
    int8.quantise(tmp_path / "float.onnx", tmp_path / "model.onnx", int8.RECIPES[0], loud)
    assert (tmp_path / "model.onnx").stat().st_size < 27e6
    small = runtime.from_folder("onnx", tmp_path, AXIS, threads=2)
    spread = float(expected.std())
    scores = small.score(texts)
    assert np.abs(scores - expected).mean() < 0.1 * spread
    for i in (0, 17, 39):  # alone and among others, the same bits
        np.testing.assert_array_equal(small.score([texts[i]])[0], scores[i])
    np.testing.assert_array_equal(small.score(texts[::-1])[::-1], scores)


def test_plain_transformers_gives_the_same_probabilities(trained: Path, texts: list) -> None:
    text = texts[0].text
    made = pipeline("text-classification", model=str(trained), top_k=None)([text])[0]
    scores = torch.tensor(FAMILY.scorer(AXIS, trained).score([texts[0]])[0])
    expected = dict(zip(AXIS.names, scores.softmax(0).tolist(), strict=True))
    for answer in made:
        assert answer["score"] == pytest.approx(expected[answer["label"]], abs=1e-4)

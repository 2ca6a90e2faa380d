"""What a model holds and what scoring costs."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from helpers import tiny
from helpers.axes import SEVERAL, TWO
from mindrail.arrays import ndarray
from mindrail.errors import BadFile
from mindrail.models import linear
from mindrail.records import Example
from mindrail.study import scoring

TEXTS = [Example.of(f"message {i}") for i in range(30)]


class Counting:
    """Scores the length of what it is asked, and remembers how much that was at once."""

    axis = SEVERAL

    def __init__(self) -> None:
        self.asked: list[int] = []

    def score(self, examples: Sequence[Example]) -> ndarray:
        self.asked.append(len(examples))
        return np.array([[float(len(one.text))] * 3 for one in examples])


def test_messages_are_asked_alone_and_then_together() -> None:
    scorer = Counting()
    scores, times = scoring.measure(scorer, TEXTS)
    assert scorer.asked == [1, *[1] * scoring.SINGLE, 30]
    assert scores[:, 0].tolist() == [9.0] * 10 + [10.0] * 20
    assert set(times) == {"single_ms", "wall_s_per_1000", "cpu_s_per_1000"}
    assert all(value >= 0 for value in times.values())


def test_a_linear_model_holds_the_numbers_of_its_file(tmp_path: Path) -> None:
    for _ in linear.FAMILY.train(tiny.job(TWO), linear.LinearConfig(), tmp_path / "model"):
        pass
    assert TWO.stopped.size  # what an axis has worked out by then is no part of the model
    numbers, size = scoring.held(linear.FAMILY.scorer(TWO, tmp_path / "model"))
    kept = load_file(tmp_path / "model" / "linear.safetensors")
    assert numbers == sum(array.size for array in kept.values()) > 100
    assert size == pytest.approx(numbers * 4 / 2**20, abs=0.01)


def test_a_network_is_counted_once() -> None:
    layer = torch.nn.Linear(10, 4)
    twice = SimpleNamespace(network=layer, again=layer)
    assert scoring.held([layer, layer, {"again": layer}]) == (44, round(44 * 4 / 2**20, 2))
    assert scoring.held(twice) == (None, None)  # nobody else's objects are walked through


def test_a_network_behind_a_function_is_found() -> None:
    layer = torch.nn.Linear(10, 4)

    def ask() -> object:
        return layer

    assert scoring.held({"ask": ask}) == (44, 0.0)


def test_four_bits_are_counted_as_the_numbers_they_stand_for() -> None:
    packed = torch.nn.Parameter(torch.zeros(50, dtype=torch.uint8), requires_grad=False)
    packed.quant_state = SimpleNamespace(shape=(10, 10))  # type: ignore[attr-defined]
    network = SimpleNamespace(parameters=lambda: [packed])
    assert scoring.held(network) == (100, 0.0)


def test_what_is_elsewhere_has_no_size() -> None:
    assert scoring.held(SimpleNamespace(url="http://127.0.0.1")) == (None, None)


def test_the_peak_stays_when_memory_is_given_back() -> None:
    """In a fresh process: 300 MB taken for a moment are seen afterwards."""
    code = (
        "from mindrail.study.scoring import peak_rss_mb\n"
        "before = peak_rss_mb(); taken = bytearray(300 * 2**20); del taken\n"
        "print(peak_rss_mb() - before)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert 290 < float(said) < 400


def test_a_process_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="ended with code"):
        scoring.score(tmp_path / "nowhere", [TEXTS], tmp_path)

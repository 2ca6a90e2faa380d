"""An encoder that reads on guesses hidden words better, and a resumed reading ends with the same bits."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from helpers import tiny
from helpers.axes import TWO
from mindrail import plugins
from mindrail.errors import BadConfig
from mindrail.models._masked import Adapt, _hide, adapt

SETTINGS = Adapt(epochs=6, batch=4, window=24, learning_rate=3e-3, precision="float32", save_every=2)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny.masked(tmp_path / "bert")


def read(model: Path, place: Path, *, stop: int | None = None, **changes: object) -> list[float]:
    settings = replace(SETTINGS, model=str(model), **changes)
    losses = []
    steps = adapt(tiny.examples(TWO), settings, place / "model", checkpoints=place / "steps", identity="a")
    for stepped in steps:
        losses.append(stepped.report["loss"])
        if stepped.step == stop:
            break
    return losses


def bits(place: Path) -> str:
    return hashlib.sha256((place / "model" / "model.safetensors").read_bytes()).hexdigest()


def test_reading_teaches(tmp_path: Path, model: Path) -> None:
    losses = read(model, tmp_path, epochs=20)
    assert sum(losses[-30:]) < 0.8 * sum(losses[:30])


def test_an_interrupted_reading_ends_with_the_same_bits(tmp_path: Path, model: Path) -> None:
    read(model, tmp_path / "whole")
    read(model, tmp_path / "cut", stop=5)
    read(model, tmp_path / "cut")
    assert bits(tmp_path / "whole") == bits(tmp_path / "cut")


def test_what_was_read_can_be_trained_on(tmp_path: Path, model: Path) -> None:
    read(model, tmp_path)
    family = plugins.get("family", "encoder").FAMILY
    config = family.Config(model=str(tmp_path / "model"), **tiny.SETTINGS)
    for _ in family.train(tiny.job(TWO), config, tmp_path / "guard"):
        pass
    assert family.scorer(TWO, tmp_path / "guard").score(tiny.examples(TWO)).shape == (12, 2)


def test_special_and_absent_tokens_are_never_hidden() -> None:
    ids = torch.tensor([[2, 10, 11, 12, 3], [2, 13, 3, 0, 0]])
    there = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    settings = replace(SETTINGS, hidden=1.0)
    shown, hidden = _hide(ids, there, {0, 2, 3}, 50, 60, settings, step=0, rows=[0, 1])
    assert hidden.tolist() == [[False, True, True, True, False], [False, True, False, False, False]]
    assert torch.equal(shown[~hidden], ids[~hidden])


def test_what_is_hidden_depends_on_the_row_and_not_on_its_neighbours() -> None:
    ids, there = torch.arange(10, 26)[None], torch.ones(1, 16, dtype=torch.long)
    alone, _ = _hide(ids, there, set(), 50, 60, SETTINGS, step=3, rows=[7])
    beside, _ = _hide(ids.repeat(2, 1), there.repeat(2, 1), set(), 50, 60, SETTINGS, step=3, rows=[1, 7])
    assert torch.equal(alone[0], beside[1])


def test_a_tokenizer_without_a_mask_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="mask"):
        read(tiny.encoder(tmp_path / "plain"), tmp_path)

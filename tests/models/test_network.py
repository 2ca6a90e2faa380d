"""What is saved is what plain transformers loads, mean pooling included."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from helpers import tiny
from helpers.axes import AXES, SEVERAL, TWO
from mindrail import plugins
from mindrail.errors import BadConfig
from mindrail.models._network import Network
from mindrail.taxonomy import Axis

FAMILY = plugins.get("family", "encoder").FAMILY


def network(folder: Path, axis: Axis, **changes: object) -> Network:
    settings = {"pooling": None, "dropout": 0.1, "seed": 0} | changes
    return Network.pretrained(str(folder), axis, **settings).eval()


def test_mean_pooling_survives_in_plain_transformers(tmp_path: Path) -> None:
    ours = network(tiny.encoder(tmp_path / "in"), TWO)
    assert ours.pooling == "mean"
    ours.save(tmp_path / "out")
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path / "out").eval()
    ids = torch.arange(4, 21)[None]
    padded = torch.nn.functional.pad(ids, (0, 6))
    mask = (torch.arange(23) < 17).long()[None]
    with torch.no_grad():
        expected = ours(ids, torch.zeros_like(ids))
        alone = plain(input_ids=ids).logits
        beside = plain(input_ids=padded, attention_mask=mask).logits
    torch.testing.assert_close(alone, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(beside, expected, atol=1e-5, rtol=0)
    assert plain.config.id2label == {0: "safe", 1: "harmful"}


def test_saved_network_loads_with_the_same_bits(tmp_path: Path) -> None:
    ours = network(tiny.encoder(tmp_path / "in"), TWO)
    ours.save(tmp_path / "out")
    again = Network.load(tmp_path / "out", ours.pooling)
    ids = torch.arange(4, 15)[None]
    with torch.no_grad():
        assert torch.equal(again(ids, torch.zeros_like(ids)), ours(ids, torch.zeros_like(ids)))


def test_mean_pooling_is_refused_where_it_is_not_expressible(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="native"):
        network(tiny.encoder(tmp_path, "roberta"), TWO, pooling="mean")


def test_dropout_depends_on_seed_and_step_alone(tmp_path: Path) -> None:
    ours = network(tiny.encoder(tmp_path), TWO).train()
    ids = torch.arange(4, 15)[None]

    def scores(seed: int, step: int) -> torch.Tensor:
        ours.noise.start(seed, step, ids.tolist())
        return ours(ids, torch.zeros_like(ids)).detach()

    torch.rand(7)  # the global generator has no say
    assert torch.equal(scores(0, 3), scores(0, 3))
    assert not torch.equal(scores(0, 3), scores(0, 4))
    assert not torch.equal(scores(0, 3), scores(1, 3))


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.kind)
def test_every_kind_of_axis_trains(tmp_path: Path, axis: Axis) -> None:
    config = FAMILY.Config(model=str(tiny.encoder(tmp_path / "in")), **tiny.SETTINGS)
    for _ in FAMILY.train(tiny.job(axis), config, tmp_path / "model"):
        pass
    scores = FAMILY.scorer(axis, tmp_path / "model").score(tiny.examples(axis))
    assert scores.shape == (12, len(axis.names))
    assert np.isfinite(scores).all()


def test_several_labels_take_the_largest_of_each_window() -> None:
    from mindrail.models.encoder import combine

    scores = torch.tensor([[[1.0, -3.0, 0.0], [0.0, 2.0, -1.0], [5.0, 5.0, 5.0]]])
    assert combine(SEVERAL, scores, [2, 1])[0].tolist() == [[1.0, 2.0, 0.0], [5.0, 5.0, 5.0]]


def test_the_most_dangerous_window_speaks() -> None:
    from mindrail.models.encoder import combine

    scores = torch.tensor([[[3.0, 0.0], [0.0, 1.0], [2.0, 2.0]]])
    assert combine(TWO, scores, [3])[0].tolist() == [[0.0, 1.0]]

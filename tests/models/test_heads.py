"""Several heads on one encoder: alike at first yet not the same, and only what is used is kept."""

from pathlib import Path

import numpy as np
import pytest
import torch

from helpers import tiny
from helpers.axes import TWO
from mindrail.export import onnx as exporting
from mindrail.models._heads import Heads
from mindrail.models._network import HEADS, Network
from mindrail.runtime.onnx import session


def network(
    folder: Path, architecture: str = "bert", *, heads: int, extra: int = 0, seed: int = 0
) -> Network:
    where = str(tiny.encoder(folder, architecture))
    made = Network.pretrained(
        where, TWO, pooling=None, dropout=0.1, seed=seed, heads=heads, extra_labels=extra
    )
    return made.eval()


def ids(length: int = 12) -> torch.Tensor:
    return torch.arange(4, 4 + length)[None]


def test_every_head_is_its_own_linear_layer_on_a_tanh_by_hand() -> None:
    heads = Heads(2, 2, 3, dropout=0.5, seed=0).eval()
    mean = torch.tensor([[1.0, -2.0], [0.5, 0.25]])
    with torch.no_grad():
        found = heads(mean)
    assert found.shape == (2, 2, 3)
    weights = {name: value.double().numpy() for name, value in heads.state_dict().items()}
    for head in range(2):
        hidden = np.tanh(
            mean.double().numpy() @ weights[f"pools.{head}.weight"].T + weights[f"pools.{head}.bias"]
        )
        expected = hidden @ weights[f"outputs.{head}.weight"].T + weights[f"outputs.{head}.bias"]
        np.testing.assert_allclose(found[head], expected, atol=1e-6)


def test_heads_depend_on_their_seed_alone_and_disagree_from_the_start() -> None:
    state = torch.random.get_rng_state()
    one, same, other = (Heads(8, 3, 2, 0.0, seed) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), state)  # nobody else's numbers are drawn
    mean = torch.linspace(-1, 1, 8)[None]
    with torch.no_grad():
        assert torch.equal(one(mean), same(mean)) and not torch.equal(one(mean), other(mean))
        scores = one(mean)[:, 0]
    assert len({tuple(row) for row in scores.tolist()}) == 3
    assert scores.abs().max() < 0.5  # and none begins loud


def test_outputs_beyond_the_labels_are_cut_and_nothing_else() -> None:
    heads = Heads(4, 2, 3, 0.0, 0)
    trimmed, whole = heads.trimmed(2), heads.state_dict()
    assert trimmed.keys() == whole.keys()
    for name, weights in trimmed.items():
        assert torch.equal(weights, whole[name][:2] if name.startswith("outputs.") else whole[name])


@pytest.mark.parametrize(("heads", "extra"), [(1, 0), (3, 0), (1, 1)])
def test_a_score_is_the_mean_over_heads_without_extra_labels(tmp_path: Path, heads: int, extra: int) -> None:
    made = network(tmp_path, heads=heads, extra=extra)
    with torch.no_grad():
        columns, scores = made.columns(ids(), torch.zeros_like(ids())), made(ids(), torch.zeros_like(ids()))
    assert columns.shape == (heads, 1, 2 + extra)
    assert torch.equal(scores, columns[..., :2].mean(dim=0))
    assert (made.heads is None) == (heads == 1 and extra == 0)


@pytest.mark.parametrize(
    "architecture",
    [
        "bert",
        "distilbert",
        "modernbert",
    ],
)
@pytest.mark.parametrize(("heads", "extra"), [(3, 0), (1, 1)])
def test_heads_are_saved_loaded_and_exported(
    tmp_path: Path, architecture: str, heads: int, extra: int
) -> None:
    made = network(tmp_path / "in", architecture, heads=heads, extra=extra)
    made.save(tmp_path / "out")
    assert (tmp_path / "out" / HEADS).is_file()
    again = Network.load(tmp_path / "out", made.pooling)
    with torch.no_grad():
        expected = made(ids(), torch.zeros_like(ids()))
        assert torch.equal(again(ids(), torch.zeros_like(ids())), expected)
    assert again.heads is not None and len(again.heads.pools) == heads
    exporting.export(again, tmp_path / "model.onnx")
    opened = session((tmp_path / "model.onnx").read_bytes())
    feed = {"input_ids": ids().numpy(), "token_type_ids": np.zeros_like(ids().numpy())}
    named = {given.name for given in opened.get_inputs()}
    (scores,) = opened.run(["logits"], {name: value for name, value in feed.items() if name in named})
    assert scores.shape == (1, 2)
    np.testing.assert_allclose(scores, expected.numpy(), atol=1e-4)


def test_padding_changes_nothing(tmp_path: Path) -> None:
    made = network(tmp_path, heads=3)
    padded = torch.nn.functional.pad(ids(), (0, 5))
    mask = (torch.arange(padded.shape[1]) < ids().shape[1]).long()[None]
    with torch.no_grad():
        alone = made(ids(), torch.zeros_like(ids()))
        beside = made(padded, torch.zeros_like(padded), mask)
    torch.testing.assert_close(alone, beside, atol=1e-5, rtol=0)


def test_every_head_learns(tmp_path: Path) -> None:
    made = network(tmp_path, heads=3, extra=1)
    made.columns(ids(), torch.zeros_like(ids())).sum().backward()
    assert made.heads is not None
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in made.heads.parameters())
    head = {id(p) for p in made.stages()[-1]}
    assert {id(p) for p in made.heads.parameters()} <= head

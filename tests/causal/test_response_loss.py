"""The loss on the response alone is transformers' own, whatever stands beside a pair and however it is read."""

from pathlib import Path
from typing import Any

import pytest
import torch

from helpers.decoders import ARCHITECTURES, decoder
from mindrail.causal.load import load
from mindrail.causal.response_loss import Pair, Prefix, log_likelihoods

PREFIX = (5, 9, 12, 200, 17, 33, 5)
PAIRS = [
    Pair((40, 41, 42), (70,)),
    Pair((50, 51, 52, 53, 54, 55, 56), (71, 72, 73)),
    Pair((60,), (74, 75)),
]


@pytest.fixture(scope="module", params=list(ARCHITECTURES))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = decoder(tmp_path_factory.mktemp("model") / request.param, request.param)
    return load(str(folder), "float32", "cpu").model


def own_loss(model: Any, pair: Pair, prefix: tuple[int, ...] = ()) -> torch.Tensor:
    """transformers' loss with every label but the response's ignored, times the response's tokens."""
    before = [*prefix, *pair.prompt]
    ids = torch.tensor([[*before, *pair.response]])
    labels = torch.tensor([[-100] * len(before) + [*pair.response]])
    return model(input_ids=ids, labels=labels).loss * len(pair.response)


def gradient(model: Any, loss: torch.Tensor) -> torch.Tensor:
    parameters = [p for p in model.parameters() if p.requires_grad]
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)])


@pytest.mark.parametrize("prefix", [(), PREFIX], ids=["whole", "prefix kept"])
def test_a_batch_equals_transformers_on_each_pair_alone(model: Any, prefix: tuple[int, ...]) -> None:
    found = log_likelihoods(model, PAIRS, Prefix.read(model, prefix))
    expected = torch.stack([own_loss(model, pair, prefix) for pair in PAIRS])
    torch.testing.assert_close(-found, expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        gradient(model, -found.sum()), gradient(model, expected.sum()), atol=2e-3, rtol=1e-3
    )


def test_the_mean_over_tokens_is_the_loss_of_a_batch(model: Any) -> None:
    same = [Pair((40, 41, 42), (70, 71)), Pair((50, 51, 52), (72, 73))]
    ids = torch.tensor([[*pair.prompt, *pair.response] for pair in same])
    labels = ids.clone()
    labels[:, :3] = -100
    expected = model(input_ids=ids, labels=labels).loss
    torch.testing.assert_close(-log_likelihoods(model, same).sum() / 4, expected, atol=1e-5, rtol=1e-5)


def test_another_response_to_the_same_prompt_changes_it(model: Any) -> None:
    other = [Pair(pair.prompt, (99,)) for pair in PAIRS]
    assert not torch.allclose(log_likelihoods(model, PAIRS), log_likelihoods(model, other))


def test_one_token_responses_are_a_distribution(model: Any) -> None:
    every = [Pair(PAIRS[0].prompt, (token,)) for token in range(258)]
    with torch.no_grad():
        total = log_likelihoods(model, every, Prefix.read(model, PREFIX)).exp().sum()
    torch.testing.assert_close(total, torch.tensor(1.0), atol=1e-4, rtol=0)


def test_one_prefix_serves_several_batches(model: Any) -> None:
    prefix = Prefix.read(model, PREFIX)
    parts = torch.cat([log_likelihoods(model, [pair], prefix) for pair in PAIRS])
    whole = log_likelihoods(model, PAIRS, Prefix.read(model, PREFIX))
    torch.testing.assert_close(parts, whole, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        gradient(model, parts.sum()), gradient(model, whole.sum()), atol=2e-3, rtol=1e-3
    )


def test_an_architecture_that_is_not_known_to_keep_reads_it_with_every_prompt(tmp_path: Path) -> None:
    folder = decoder(tmp_path, "phi3", pad_token_id=1)
    model = load(str(folder), "float32", "cpu").model
    prefix = Prefix.read(model, PREFIX)
    assert prefix.kept is None
    expected = torch.stack([own_loss(model, pair, PREFIX) for pair in PAIRS])
    torch.testing.assert_close(-log_likelihoods(model, PAIRS, prefix), expected, atol=1e-4, rtol=1e-4)

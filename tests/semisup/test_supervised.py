"""Supervised loss against numbers worked out by hand and against torch's own."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from mindrail.semisup import StepLogits
from mindrail.semisup._parts import supervised_loss
from mindrail.semisup.supervised import Supervised


def test_three_rows_by_hand() -> None:
    logits = torch.tensor([[0.0, 0.0], [math.log(3.0), 0.0], [0.0, math.log(3.0)]])
    targets = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    expected = (math.log(2) + math.log(4 / 3) + math.log(4)) / 3
    assert supervised_loss(logits, targets, exclusive=True).item() == pytest.approx(expected, abs=1e-6)


def test_class_weights_are_those_of_torch() -> None:
    stream = torch.Generator().manual_seed(0)
    logits, classes = torch.randn(20, 3, generator=stream), torch.randint(3, (20,), generator=stream)
    weights = torch.tensor([0.5, 2.0, 1.0])
    ours = supervised_loss(logits, torch.eye(3)[classes], exclusive=True, class_weights=weights)
    assert ours.item() == pytest.approx(cross_entropy(logits, classes, weight=weights).item(), abs=1e-6)


def test_independent_labels_by_hand() -> None:
    loss = supervised_loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), exclusive=False)
    assert loss.item() == pytest.approx(math.log(2), abs=1e-6)


@pytest.mark.parametrize("shift", [-50.0, 3.0, 1e4])
def test_a_common_shift_changes_nothing(shift: float) -> None:
    logits = torch.tensor([[1.0, -2.0, 0.5]])
    targets = torch.tensor([[0.0, 1.0, 0.0]])
    plain = supervised_loss(logits, targets, exclusive=True)
    assert supervised_loss(logits + shift, targets, exclusive=True).item() == pytest.approx(
        plain.item(), rel=1e-3
    )


def test_step_has_no_memory() -> None:
    none, index = torch.zeros(1, 0, 2), torch.zeros(0, dtype=torch.int64)
    logits = StepLogits(torch.zeros(1, 2, 2), torch.eye(2), none, none, index, exclusive=True)
    algorithm = Supervised()
    losses, state = algorithm.step(algorithm.init(0, 2, exclusive=True), logits)
    assert state is None
    assert losses.report == {"supervised": pytest.approx(math.log(2))}

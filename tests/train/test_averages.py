"""A moving average of the weights, worked out by hand, put on and taken off."""

import pytest
import torch
from torch import nn

from mindrail.train.averages import Average


def network(value: float = 0.0) -> nn.Linear:
    layer = nn.Linear(1, 1)
    put(layer, value)
    return layer


def put(layer: nn.Linear, value: float) -> None:
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.fill_(value)


def test_it_follows_slowly_once_it_has_seen_enough() -> None:
    layer = network()
    average, expected = Average(layer, decay=0.5), 0.0
    for step in range(1, 40):
        put(layer, float(step))
        average.update()
        kept = min(0.5, (1 + step) / (10 + step))
        expected = kept * expected + (1 - kept) * step
    assert average.weights["weight"].item() == pytest.approx(expected)
    assert layer.weight.item() == 39.0


def test_the_first_steps_count_more_than_the_decay_says() -> None:
    layer = network()
    average = Average(layer, decay=0.999)
    put(layer, 1.0)
    average.update()
    assert average.weights["bias"].item() == pytest.approx(1 - 2 / 11)


def test_it_is_used_for_a_while_and_adopted_for_good() -> None:
    layer = network(2.0)
    average = Average(layer, decay=0.9)
    put(layer, 4.0)
    with average.used():
        assert layer.weight.item() == 2.0
    assert layer.weight.item() == 4.0
    with pytest.raises(RuntimeError, match="stop"), average.used():
        raise RuntimeError("stop")
    assert layer.weight.item() == 4.0
    average.adopt()
    assert layer.weight.item() == 2.0
    assert layer.weight.requires_grad


def test_without_decay_there_is_no_average() -> None:
    layer = network(1.0)
    average = Average(layer, decay=0.0)
    put(layer, 3.0)
    average.update()
    with average.used():
        assert layer.weight.item() == 3.0
    average.adopt()
    assert layer.weight.item() == 3.0
    assert average.weights == {}


def test_what_is_frozen_is_left_alone() -> None:
    layer = network(1.0)
    layer.bias.requires_grad_(False)
    average = Average(layer, decay=0.9)
    assert list(average.weights) == ["weight"]
    put(layer, 5.0)
    average.adopt()
    assert (layer.weight.item(), layer.bias.item()) == (1.0, 5.0)


def test_changing_the_network_does_not_change_the_average() -> None:
    layer = network(1.0)
    average = Average(layer, decay=0.9)
    average.adopt()
    put(layer, 7.0)
    assert average.weights["weight"].item() == 1.0

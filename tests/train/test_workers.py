"""Several threads compute what one does."""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mindrail.train.workers import Workers, balanced

ROWS = [3, 1, 4, 1, 5]


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.layer, self.unused = nn.Linear(6, 2), nn.Linear(2, 2)

    def forward(self, x):
        return torch.tanh(self.layer(x))[None]


def inputs():
    made = torch.Generator().manual_seed(1)
    return [torch.randn(rows, 6, generator=made) for rows in ROWS]


def learned(count):
    """Outputs in the order of the jobs, and the gradient of a loss on them."""
    network, chunks = Small(), inputs()
    workers = Workers(network, torch.device("cpu"))
    workers.count = count
    found, order = workers.run([partial(network, chunk) for chunk in chunks], ROWS)
    ends = torch.split(found, [ROWS[job] for job in order], dim=1)
    whole = torch.cat([ends[order.index(job)] for job in range(len(ROWS))], dim=1)
    (whole**3).sum().backward()
    assert network.unused.weight.grad is None
    return whole.detach(), network.layer.weight.grad


@pytest.mark.parametrize("count", [2, 3, 5])
def test_values_and_gradients_are_those_of_one_thread(count):
    torch.testing.assert_close(learned(count), learned(1))


def test_again_gives_the_same_bits():
    first = learned(3)
    for _ in range(5):
        for a, b in zip(first, learned(3), strict=True):
            assert torch.equal(a, b)


def test_a_second_pass_adds_its_gradient():
    network, chunks = Small(), inputs()
    workers = Workers(network, torch.device("cpu"))
    workers.count = 2
    jobs = [partial(network, chunk) for chunk in chunks]
    for _ in range(2):
        workers.run(jobs, ROWS)[0].sum().backward()
    twice = network.layer.weight.grad
    network.zero_grad()
    workers.run(jobs, ROWS)[0].sum().backward()
    torch.testing.assert_close(twice, 2 * network.layer.weight.grad)


def test_precision_and_learning_are_those_of_the_caller():
    network = Small()
    workers = Workers(network, torch.device("cpu"))
    workers.count = 2
    jobs = [partial(network, chunk) for chunk in inputs()]
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        found, _ = workers.run(jobs, ROWS)
    assert found.dtype == torch.bfloat16
    assert not found.requires_grad


def test_a_failure_in_a_thread_reaches_the_caller():
    def fail():
        raise ValueError("no")

    workers = Workers(Small(), torch.device("cpu"))
    workers.count = 2
    with pytest.raises(ValueError, match="no"):
        workers.run([fail, fail], [1, 1])


@given(st.lists(st.integers(1, 100), min_size=1, max_size=20), st.integers(1, 6))
def test_every_job_is_in_one_group_and_none_is_overloaded(sizes, groups):
    made = balanced(sizes, groups)
    assert sorted(place for group in made for place in group) == list(range(len(sizes)))
    loads = [sum(sizes[place] for place in group) for group in made]
    assert max(loads) - min(loads) <= max(sizes)

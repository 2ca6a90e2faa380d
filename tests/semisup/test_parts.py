"""What the algorithms share."""

from copy import copy
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given as cases
from hypothesis import strategies as st
from torch import Tensor

from mindrail.errors import BadConfig
from mindrail.semisup._margins import Margins, pseudo_margins
from mindrail.semisup._parts import check, moved, pull, questions, shares
from mindrail.semisup._thresholds import Confidence, Learned, latest
from mindrail.semisup.fixmatch import FixMatch
from mindrail.semisup.flexmatch import FlexMatch
from semisup.steps import one_step


def test_two_heads_ask_one_after_the_other():
    logits = torch.tensor([[[1.0, 2.0]], [[3.0, 4.0]]])
    assert questions(logits, exclusive=True).tolist() == [[[1, 2], [3, 4]]]
    assert questions(logits, exclusive=False).tolist() == [[[0, 1], [0, 2], [0, 3], [0, 4]]]


def test_half_precision_is_computed_in_single():
    assert questions(torch.zeros(1, 1, 2, dtype=torch.bfloat16), exclusive=True).dtype == torch.float32


def test_shares_are_those_of_the_guesses_that_counted():
    label, counted = torch.tensor([[0], [1], [1], [2]]), torch.tensor([[True], [True], [True], [False]])
    assert shares(label, counted, labels=3, exclusive=True).tolist() == pytest.approx([1 / 3, 2 / 3, 0])
    label, counted = torch.tensor([[1, 0], [0, 1]]), torch.tensor([[True, True], [True, False]])
    assert shares(label, counted, labels=2, exclusive=False).tolist() == [0.5, 0]


def test_nothing_counted_is_no_share_and_no_loss():
    label, none = torch.zeros(0, 1, dtype=torch.int64), torch.zeros(0, 1)
    assert shares(label, none.bool(), labels=2, exclusive=True).tolist() == [0, 0]
    assert pull(torch.zeros(0, 1, 2), label, none).item() == 0


def test_a_text_shown_twice_is_remembered_as_seen_last():
    assert latest(torch.tensor([4, 2, 4, 4, 0])).tolist() == [False, True, False, True, True]
    memory = Margins.start(2, 1).after(torch.tensor([[1.0], [2.0]]), torch.tensor([1, 1]), 1.0)
    assert (memory.average.tolist(), memory.seen.tolist()) == ([[0], [2]], [0, 1])


@cases(st.lists(st.lists(st.floats(-50, 50, width=32), min_size=3, max_size=3), min_size=1, max_size=5))
def test_only_the_leader_has_a_positive_margin(rows):
    logits = torch.tensor(rows)[:, None]
    margins = pseudo_margins(logits)
    for row, found in zip(rows, margins[:, 0].tolist(), strict=True):
        for c, z in enumerate(row):
            assert found[c] == pytest.approx(z - max(o for i, o in enumerate(row) if i != c), abs=1e-4)
        assert sum(m > 0 for m in found) <= 1


@cases(st.lists(st.integers(-1, 2), min_size=1, max_size=30), st.floats(0.1, 1))
def test_thresholds_lie_between_zero_and_the_one_that_is_set(last, threshold):
    thresholds = Learned(torch.tensor(last)[:, None]).thresholds(threshold, 3, warm_up=True)
    assert thresholds.min() >= 0
    assert thresholds.max() <= threshold + 1e-6


@cases(st.integers(0, 1000), st.floats(0, 0.99))
def test_running_means_of_probabilities_stay_probabilities(seed, momentum):
    stream = torch.Generator().manual_seed(seed)
    memory = Confidence.start(4, exclusive=True)
    for _ in range(3):
        memory = memory.after(torch.randn(5, 1, 4, generator=stream).softmax(-1), momentum)
    assert memory.each.sum().item() == pytest.approx(1, abs=1e-5)
    assert memory.chosen.sum().item() == pytest.approx(1, abs=1e-5)
    assert 1 / 4 - 1e-6 <= memory.overall.item() <= 1 + 1e-6


def wrong(**changed):
    """A step with parts of the wrong shape, as no type check would let it be made."""
    step = copy(one_step([[1.0, 0.0], [0.0, 1.0]]))
    for name, value in changed.items():
        object.__setattr__(step, name, value)
    return step


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"labeled": torch.zeros(2, 1, 2)}, r"labeled logits of shape \(2, 1, 2\)"),
        ({"weak": torch.zeros(1, 2, 3)}, r"weak logits of shape \(1, 2, 3\)"),
        ({"strong": torch.zeros(1, 3, 2)}, r"strong logits of shape \(1, 3, 2\)"),
        ({"strong": torch.zeros(2, 2)}, r"strong logits of shape \(2, 2\)"),
        ({"targets": torch.zeros(4, 2)}, r"labeled logits of shape \(1, 1, 2\), expected \(1, 4, 2\)"),
        ({"index": torch.arange(3)}, r"weak logits of shape \(1, 2, 2\), expected \(1, 3, 2\)"),
    ],
)
def test_wrong_shapes_are_refused(changed, found):
    with pytest.raises(BadConfig, match=f"{found}.*Do: build the network"):
        check(FixMatch(), wrong(**changed))


@pytest.mark.parametrize("index", [[0, 4], [-1, 2]])
def test_a_row_outside_the_pool_is_refused(index):
    algorithm = FlexMatch()
    given = one_step([[1.0, 0.0], [0.0, 1.0]], index=index)
    with pytest.raises(BadConfig, match=rf"rows {index[0]} to {index[1]} .*expected 0 to 3.*Do: start"):
        algorithm.step(algorithm.init(4, 2, exclusive=True), given)


def test_memory_follows_the_logits_to_their_device():
    @dataclass(frozen=True)
    class Outer:
        inner: Learned | None
        table: Tensor
        cutoff: float

    there = moved(Outer(Learned.start(2, 2, exclusive=True), torch.zeros(3), 0.5), torch.device("meta"))
    assert (there.inner.option.device.type, there.table.device.type, there.cutoff) == ("meta", "meta", 0.5)
    assert moved(None, torch.device("meta")) is None

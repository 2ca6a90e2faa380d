"""FreeMatch on two rows, by hand."""

from math import log

import pytest
import torch
from hypothesis import given as cases
from hypothesis import strategies as st

from mindrail.semisup._thresholds import Confidence
from mindrail.semisup.freematch import FreeMatch, fairness_loss
from semisup.steps import one_step

WEAK = [[log(3), 0.0], [0.0, log(1.5)]]  # 3/4 for the first label, 3/5 for the second


def test_thresholds_follow_the_confidence():
    algorithm = FreeMatch(momentum=0.5)
    losses, memory = algorithm.step(algorithm.init(2, 2, exclusive=True), one_step(WEAK))
    confidence = (0.5 + (0.75 + 0.6) / 2) / 2
    first, second = (0.5 + (0.75 + 0.4) / 2) / 2, (0.5 + (0.25 + 0.6) / 2) / 2
    assert memory.overall.tolist() == pytest.approx([confidence])
    assert memory.each.tolist()[0] == pytest.approx([first, second])
    assert memory.chosen.tolist() == [[0.5, 0.5]]
    expected = [confidence, confidence * second / first]
    assert memory.thresholds().tolist()[0] == pytest.approx(expected)
    assert losses.report["threshold"] == pytest.approx(sum(expected) / 2)
    assert losses.report["sure"] == 1  # 0.75 ≥ 0.5875 and 0.6 ≥ 0.5055


def test_a_guess_below_the_running_confidence_does_not_count():
    algorithm = FreeMatch(momentum=0.0)  # thresholds of this batch alone
    weak = [[log(19), 0.0], [log(1.5), 0.0], [0.0, log(3)]]  # 0.95, 0.6, and 0.75 for the rarer label
    losses, _ = algorithm.step(algorithm.init(3, 2, exclusive=True), one_step(weak))
    t, p = (0.95 + 0.6 + 0.75) / 3, [(0.95 + 0.6 + 0.25) / 3, (0.05 + 0.4 + 0.75) / 3]
    assert 0.6 < t < 0.95
    assert t * p[1] / p[0] <= 0.75
    assert losses.report["sure"] == pytest.approx(2 / 3)
    assert losses.report["share/1"] == 1 / 2


def test_fairness_by_hand():
    """Both rows count. On the other wording both guess the first label, with 0.75 and 0.6 on average 0.675."""
    algorithm = FreeMatch(momentum=0.5, fairness_weight=0.1)
    strong = [[log(3), 0.0], [log(1.5), 0.0]]
    losses, memory = algorithm.step(algorithm.init(2, 2, exclusive=True), one_step(WEAK, strong))
    each = memory.each[0]
    expected = (
        each / each.sum()
    ).tolist()  # the shares guessed are equal, so dividing by them changes nothing
    fair = expected[0] * log(1.0) + expected[1] * log(1e-12)
    assert losses.report["fairness"] == pytest.approx(fair, rel=1e-5)
    base = losses.report["supervised"] + losses.report["unlabeled"]
    assert losses.total.item() == pytest.approx(base + 0.1 * fair, rel=1e-5)


@cases(st.integers(0, 1000), st.floats(0.01, 0.99))
def test_fairness_as_published_is_largest_where_the_batch_agrees_with_what_was_seen(seed, share):
    """So lowering it moves the two apart: why it is off by default."""
    stream = torch.Generator().manual_seed(seed)
    even = torch.full((1, 2), 0.5)
    seen = Confidence(torch.tensor([0.5]), torch.tensor([[share, 1 - share]]), even)
    strong = 3 * torch.randn(6, 1, 2, generator=stream)
    loss = fairness_loss(strong, torch.ones(6, 1, dtype=torch.bool), seen)
    assert loss <= share * log(share) + (1 - share) * log(1 - share) + 1e-5


def test_fairness_is_left_out_by_default():
    algorithm = FreeMatch()
    losses, _ = algorithm.step(algorithm.init(2, 2, exclusive=True), one_step(WEAK))
    assert "fairness" not in losses.report

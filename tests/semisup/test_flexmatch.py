"""FlexMatch on four texts, by hand."""

from math import log

import pytest
import torch

from mindrail.semisup._thresholds import Learned
from mindrail.semisup.flexmatch import FlexMatch
from semisup.steps import one_step

SURE_0, SURE_1, UNSURE_1 = [log(19), 0.0], [0.0, log(19)], [0.0, log(3)]
FLEX = FlexMatch(threshold=0.9)


def test_before_anything_is_learned_every_guess_counts():
    losses, memory = FLEX.step(FLEX.init(4, 2, exclusive=True), one_step([SURE_0, UNSURE_1], index=[0, 3]))
    assert (losses.report["sure"], losses.report["threshold"]) == (1, 0)
    assert memory.option[:, 0].tolist() == [0, -1, -1, -1]


def test_a_label_learned_half_as_well_has_a_third_of_the_threshold():
    memory = Learned(torch.tensor([[0], [0], [1], [-1]]))  # β = 1 and 1/2
    assert memory.thresholds(0.9, 2, warm_up=True).tolist()[0] == pytest.approx([0.9, 0.9 * 0.5 / 1.5])
    losses, after = FLEX.step(memory, one_step([UNSURE_1, [log(3), 0.0], SURE_1], index=[3, 0, 1]))
    assert losses.report["sure"] == pytest.approx(2 / 3)  # 0.75 is enough for the second label only
    assert losses.report["threshold"] == pytest.approx((0.9 + 0.3) / 2)
    assert after.option[:, 0].tolist() == [0, 1, 1, -1]  # an unsure guess leaves what was learned


@pytest.mark.parametrize(("warm_up", "expected"), [(True, [1 / 3, 1 / 3]), (False, [1.0, 1.0])])
def test_texts_without_a_label_compete_while_warming_up(warm_up, expected):
    memory = Learned(torch.tensor([[0], [1], [-1], [-1]]))  # β = 1/2 each, or 1 each
    assert memory.thresholds(1.0, 2, warm_up=warm_up).tolist()[0] == pytest.approx(expected)


def test_each_label_of_many_has_thresholds_of_its_own():
    memory = Learned(torch.tensor([[1, -1], [1, 0], [0, 0], [-1, 0]]))
    expected = [[0.5 / 1.5, 1.0], [1.0, 0.0]]  # absent and present, for each of two labels
    assert torch.allclose(memory.thresholds(1.0, 2, warm_up=True), torch.tensor(expected))


def test_a_text_shown_twice_is_remembered_as_seen_last():
    _, memory = FLEX.step(FLEX.init(2, 2, exclusive=True), one_step([SURE_0, SURE_1], index=[1, 1]))
    assert memory.option[:, 0].tolist() == [-1, 1]

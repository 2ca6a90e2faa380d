"""MarginMatch by hand: margins, their averages, the filter, and the erroneous class."""

from dataclasses import replace
from math import log

import pytest
import torch

from mindrail.errors import BadConfig
from mindrail.semisup._erroneous import Drawn, ErroneousClass
from mindrail.semisup._margins import Margins, pseudo_margins
from mindrail.semisup.marginmatch import MarginMatch
from semisup.steps import one_step, steps


def test_margins_are_the_lead_or_how_far_one_trails():
    margins = pseudo_margins(torch.tensor([[[3.0, 1.0, 0.0]], [[-1.0, -5.0, -2.0]], [[2.0, 2.0, 0.0]]]))
    assert margins.tolist() == [[[2, -2, -3]], [[1, -4, -1]], [[0, 0, -2]]]


def test_a_yes_or_no_margin_is_the_logit():
    given = one_step([[2.0, -3.0]], exclusive=False)
    algorithm = MarginMatch(smoothing=1.0)
    _, memory = algorithm.step(algorithm.init(1, 2, exclusive=False), given)
    assert memory.margins.average.tolist() == [[[-2, 2], [3, -3]]]  # absent, present


def test_later_margins_weigh_less():
    """Weights d, d/2, d/3: with d = 1 that is the plain mean."""
    memory, index = Margins.start(2, 1, 2), torch.tensor([1])
    for margin in (6.0, 2.0, 1.0):
        memory = memory.after(torch.tensor([[[margin, -margin]]]), index, 1.0)
    assert memory.average[1, 0].tolist() == pytest.approx([3, -3])
    assert memory.seen.tolist() == [0, 3]
    memory = memory.after(torch.tensor([[[5.0, 1.0]]]), torch.tensor([0]), 0.997)
    assert memory.average[0, 0].tolist() == pytest.approx([4.985, 0.997])


def test_the_epoch_can_be_the_clock():
    margin, index = torch.tensor([[[8.0]]]), torch.tensor([0])
    memory = Margins(torch.full((1, 1, 1), 4.0), torch.tensor([7])).after(margin, index, 1.0, epoch=1)
    assert memory.average.item() == 6  # half, whatever was seen before


def test_a_guess_against_the_history_of_its_text_does_not_count():
    algorithm = MarginMatch(smoothing=1.0)
    memory = algorithm.init(2, 2, exclusive=True)
    _, memory = algorithm.step(memory, one_step([[0.0, 4.0], [4.0, 0.0]]))
    losses, memory = algorithm.step(memory, one_step([[3.0, 0.0], [3.0, 0.0]]))
    # text 0: (-4 + 3) / 2 < 0; text 1: (4 + 3) / 2
    assert memory.margins.average[:, 0, 0].tolist() == [-0.5, 3.5]
    assert losses.report["sure"] == 1 / 2
    assert losses.report["unlabeled"] == pytest.approx(log(1 + torch.tensor(-3.0).exp().item()) / 2, rel=1e-5)


@pytest.mark.parametrize(("least", "sure"), [(0.0, 1.0), (2.5, 0.5), (5.0, 0.0)])
def test_the_fixed_cutoff_is_a_margin(least, sure):
    algorithm = MarginMatch(least_margin=least, smoothing=1.0)
    losses, _ = algorithm.step(algorithm.init(2, 2, exclusive=True), one_step([[2.0, 0.0], [0.0, 3.0]]))
    assert (losses.report["sure"], losses.report["cutoff"]) == (sure, least)


def test_the_other_mask():
    algorithm = MarginMatch(mask="freematch", momentum=0.0)
    losses, _ = algorithm.step(algorithm.init(2, 2, exclusive=True), one_step([[2.0, 0.0], [1.0, 0.0]]))
    assert losses.report["sure"] == 1 / 2  # the second guess is below the mean confidence


def test_the_overwriting_version_forgets_kept_margins():
    algorithm = MarginMatch(overwrite_kept_margins=True, least_margin=1.0, smoothing=1.0)
    _, memory = algorithm.step(algorithm.init(2, 2, exclusive=True), one_step([[5.0, 0.0], [0.5, 0.0]]))
    assert memory.margins.average.tolist() == [[[1, -5]], [[0.5, -0.5]]]


SOON = ErroneousClass(share=0.5, quantile=0.5, first=0.2, last=0.8, redraw=0.3, settle=0.1, recompute=0.1)
WRONG = MarginMatch(cutoff="erroneous_class", erroneous=SOON, smoothing=1.0)


def test_an_erroneous_class_needs_a_column_and_labels_that_exclude_each_other():
    assert (MarginMatch().extra_labels, WRONG.extra_labels) == (0, 1)
    with pytest.raises(BadConfig, match=r"'erroneous_class'.*Expected one label.*Do: set cutoff 'fixed'"):
        WRONG.init(10, 3, exclusive=False)


def test_texts_are_drawn_on_time_and_not_at_the_end():
    """Ten steps: none before 2, drawn at 2 and 5, none from 8 on."""
    drawn, chosen = Drawn.start(12, 0.0), []
    for step in range(10):
        drawn = SOON.turn(drawn, 3, step=step, steps=10)
        chosen.append(drawn.chosen.nonzero().flatten().tolist())
    assert [len(texts) for texts in chosen] == [0, 0, 4, 4, 4, 4, 4, 4, 0, 0]  # 12 / 3 is less than half
    assert chosen[2] == chosen[4] != chosen[5] == chosen[7]


def test_the_cutoff_is_a_quantile_of_the_wrong_margins_seen_since_the_draw():
    chosen = torch.tensor([True, True, True, True, False])
    average = torch.tensor([[1.0], [2.0], [4.0], [9.0], [9.0]])
    margins = Margins(average, torch.tensor([1, 1, 2, 0, 1]))  # the fourth was not seen, the fifth not drawn
    drawn = Drawn(chosen, margins, 0.5, 0)
    assert SOON.cutoff(drawn) == 2.0
    assert replace(SOON, quantile=0.75).cutoff(drawn) == 3.0
    assert replace(SOON, quantile=0.95, percentile_divided_twice=True).cutoff(drawn) == 4.0
    assert SOON.cutoff(replace(drawn, chosen=torch.zeros(5, dtype=torch.bool))) == 0.5


def test_a_cutoff_comes_once_the_draw_has_settled_and_then_again():
    """Drawn at step 2, settled at 3, again every step until the draw at 5; kept after the last."""
    drawn, cutoffs = Drawn.start(12, 0.0), []
    for step in range(10):
        drawn = SOON.turn(drawn, 3, step=step, steps=10)
        index = drawn.chosen.nonzero().flatten()
        drawn = drawn.after(torch.full((len(index),), float(step)), index, 1.0)
        cutoffs.append(drawn.cutoff)
    assert cutoffs == [0, 0, 0, 2, 2.5, 2.5, 5, 5.5, 5.5, 5.5]


def test_a_text_that_stands_for_wrong_labels_learns_the_extra_label_as_strongly_as_the_rest_learn_theirs():
    algorithm = replace(WRONG, erroneous=replace(SOON, first=0.0, share=0.1))
    memory = algorithm.init(10, 2, exclusive=True)
    weak = [[3.0, 0.0, 1.0]] * 10
    _, memory = algorithm.step(memory, one_step(weak, labels=2, steps=10))
    (wrong,) = memory.drawn.chosen.nonzero().flatten().tolist()
    assert memory.margins.seen.tolist() == [int(text != wrong) for text in range(10)]
    assert memory.drawn.margins.average[wrong].tolist() == [-2]  # 1 against 3
    strong = torch.zeros(10, 3)
    strong[wrong] = torch.tensor([0.0, 0.0, log(2)])
    # the nine others were learned and count; the text in question is pulled towards the third column
    losses, _ = algorithm.step(memory, one_step(weak, strong.tolist(), labels=2, step=1, steps=10))
    assert losses.report["sure"] == pytest.approx(9 / 10)
    assert losses.report["unlabeled"] == pytest.approx((9 * log(3) + log(2)) / 10)


def test_nothing_is_filtered_by_margin_before_the_first_draw():
    late = replace(WRONG, least_margin=100.0, erroneous=replace(SOON, first=0.5))
    given = one_step([[2.0, 0.0, -1.0]], steps=10)
    losses, memory = late.step(late.init(1, 2, exclusive=True), given)
    assert losses.report["sure"] == 1
    assert memory.drawn.draw == -1


def test_the_supervised_loss_shares_its_probability_with_the_extra_label():
    losses, _ = WRONG.step(WRONG.init(1, 2, exclusive=True), one_step([[2.0, 0.0, -1.0]]))
    assert losses.report["supervised"] == pytest.approx(log(3))


def test_draws_depend_on_the_seed_alone():
    def cutoffs(seed):
        algorithm = replace(WRONG, erroneous=replace(SOON, seed=seed))
        state, found = algorithm.init(20, 3, exclusive=True), []
        for given in steps(algorithm, exclusive=True, number=10):
            losses, state = algorithm.step(state, given)
            found.append(losses.report["cutoff"])
        return found

    assert cutoffs(1) == cutoffs(1) != cutoffs(2)

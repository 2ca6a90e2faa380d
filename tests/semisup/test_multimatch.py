"""MultiMatch by hand: who teaches what, the cutoffs, and the losses."""

from dataclasses import replace
from math import log

import pytest
import torch

from mindrail.semisup._margins import Margins
from mindrail.semisup.multimatch import OTHERS, MultiMatch, teach
from semisup.steps import one_step, steps


def lesson(labels, leads, sure=(True, True), cutoff=1.0, head=0):
    """What `head` is taught by the two others, who gave `labels` with average margins `leads`."""
    guess, lead = torch.zeros(1, 3, 1, dtype=torch.int64), torch.zeros(1, 3, 1)
    masks = torch.zeros(1, 3, 1, dtype=torch.bool)
    for other, label, margin, mask in zip(OTHERS[head], labels, leads, sure, strict=True):
        guess[0, other], lead[0, other], masks[0, other] = label, margin, mask
    label, easy, difficult = teach(guess, lead, torch.stack([masks, masks]), torch.full((3, 1, 2), cutoff))
    return label[0, head].item(), easy[0, head].item(), difficult[0, head].item()


@pytest.mark.parametrize("head", range(3))
@pytest.mark.parametrize(
    ("labels", "leads", "expected"),
    [
        ((1, 1), (2, 2), (1, True, False)),
        ((1, 1), (2, 0), (1, False, True)),
        ((1, 1), (0, 2), (1, False, True)),
        ((1, 1), (0, 0), (1, False, False)),
        ((1, 0), (2, 0), (1, False, True)),
        ((1, 0), (0, 2), (0, False, True)),
        ((1, 0), (2, 2), (1, False, False)),
        ((1, 0), (0, 0), (0, False, False)),
    ],
)
def test_who_teaches_what(head, labels, leads, expected):
    assert lesson(labels, leads, head=head) == expected


@pytest.mark.parametrize(
    ("sure", "counts"), [((1, 1), True), ((1, 0), True), ((0, 1), True), ((0, 0), False)]
)
def test_one_of_the_two_must_be_sure(sure, counts):
    assert lesson((1, 1), (2, 2), sure) == (1, counts, False)
    assert lesson((1, 1), (2, 0), sure) == (1, False, counts)


def test_the_first_epoch_is_supervised():
    given = one_step([[[3.0, 0.0]]] * 3)
    losses, memory = MultiMatch().step(MultiMatch().init(1, 2, exclusive=True), given)
    assert losses.total.item() == pytest.approx(3 * log(2))
    assert losses.report["sure"] == 0
    assert memory.guess.tolist() == [[0, 0, 0]]  # but it is remembered


def test_heads_add_up_or_are_averaged():
    """Head 0 differs. Heads 1 and 2 teach it label 0; what it and the others say of each other is difficult."""
    weak = [[[0.0, 2.0]], [[2.0, 0.0]], [[2.0, 0.0]]]
    strong = [[[0.0, 0.0]], [[log(3), 0.0]], [[0.0, log(3)]]]
    algorithm = MultiMatch(smoothing=1.0, unlabeled_weight=2.0)
    memory = algorithm.init(1, 2, exclusive=True)
    # both lead: easy for head 0; heads 1 and 2 hear two labels that both pass, so nothing
    losses, _ = algorithm.step(memory, one_step(weak, strong, epoch=1))
    assert losses.report == pytest.approx(
        {
            "supervised": 3 * log(2),
            "unlabeled": log(2) / 3,
            "sure": 1 / 3,
            "share/0": 1.0,
            "share/1": 0.0,
            "threshold": losses.report["threshold"],
            "cutoff": 0.0,
            "difficult": 0.0,
        }
    )
    assert losses.total.item() == pytest.approx(3 * log(2) + 2 * log(2) / 3)
    averaged, _ = replace(algorithm, supervised_losses="mean").step(memory, one_step(weak, strong, epoch=1))
    assert averaged.total.item() == pytest.approx(log(2) + 2 * log(2) / 3)


def test_what_one_head_passes_alone_weighs_three():
    """Head 0 said the opposite before: its label fails for heads 1 and 2, who learn from one another."""
    algorithm = MultiMatch(smoothing=1.0)
    memory = algorithm.init(1, 2, exclusive=True)
    _, memory = algorithm.step(memory, one_step([[[9.0, 0.0]], [[2.0, 0.0]], [[2.0, 0.0]]]))
    memory = replace(memory, epoch=1)  # keep the cutoffs at 0
    given = one_step([[[0.0, 2.0]], [[2.0, 0.0]], [[2.0, 0.0]]], [[[0.0, 0.0]]] * 3, epoch=1)
    losses, _ = algorithm.step(memory, given)
    assert losses.report["difficult"] == pytest.approx(2 / 3)
    assert losses.report["unlabeled"] == pytest.approx((1 + 3 + 3) * log(2) / 3)


def remembered(guess, average):
    """A memory of texts with each head's last guess and its average margin for the first label."""
    memory = MultiMatch().init(len(guess), 2, exclusive=True)
    margins = torch.zeros(len(guess), 3, 2)
    margins[..., 0] = torch.tensor(average)
    return replace(memory, guess=torch.tensor(guess), margins=Margins(margins, memory.margins.seen))


def test_cutoffs_are_a_low_quantile_where_the_two_others_agree():
    memory = remembered(
        [[1, 0, 0], [0, 0, 0], [0, 0, 1], [-1, -1, -1]],
        [[9.0, 1.0, 2.0], [4.0, 3.0, 5.0], [6.0, 8.0, 9.0], [0.0, 0.0, 0.0]],
    )
    cutoffs = MultiMatch(quantile=0.0).recalibrated(memory)
    # for head 0: texts 0 and 1, margins 1, 3, 2, 5; for head 1: text 1, 4 and 5; for head 2: texts 1 and 2
    assert cutoffs[:, 0].tolist() == [[1, 0], [4, 0], [3, 0]]
    assert MultiMatch(quantile=0.5).recalibrated(memory)[:, 0, 0].tolist() == [2.5, 4.5, 5.0]


@pytest.mark.parametrize(("allowed", "expected"), [(False, 0.0), (True, -2.0)])
def test_a_cutoff_is_not_negative_unless_allowed(allowed, expected):
    memory = remembered([[0, 0, 0]], [[-2.0, -2.0, -2.0]])
    algorithm = MultiMatch(allow_negative_cutoffs=allowed)
    assert algorithm.recalibrated(memory)[:, 0, 0].tolist() == [expected] * 3


def test_stopping_at_a_label_without_agreement_keeps_the_cutoffs_behind_it():
    memory = remembered([[1, 1, 1]], [[0.0, 0.0, 0.0]])  # nobody says the first label
    memory = replace(memory, cutoffs=torch.full((3, 1, 2), 7.0))
    assert MultiMatch().recalibrated(memory).tolist() == [[[0, 0]]] * 3
    assert MultiMatch(stop_at_missing_label=True).recalibrated(memory).tolist() == [[[0, 7]]] * 3


@pytest.mark.parametrize(("every", "when"), [(0, [4, 8]), (3, [3, 6, 9])])
def test_cutoffs_are_new_at_the_end_of_an_epoch_or_every_few_steps(every, when):
    algorithm = MultiMatch(recalibrate_every=every, quantile=0.5)
    state, moved = algorithm.init(20, 3, exclusive=True), []
    for given in steps(algorithm, exclusive=True):
        before = state.cutoffs
        _, state = algorithm.step(state, given)
        if not torch.equal(before, state.cutoffs):
            moved.append(given.step)
    assert moved == when


def test_running_confidence_moves_once_a_step_or_once_a_lesson():
    given = one_step([[[3.0, 0.0]]] * 3)
    start = MultiMatch().init(1, 2, exclusive=True)
    _, once = MultiMatch(momentum=0.5).step(start, given)
    _, twice = MultiMatch(momentum=0.5, count_confidence_twice=True).step(start, given)
    sure = torch.tensor(3.0).sigmoid().item()
    assert once.confidence.overall.tolist() == pytest.approx([0.5 * 0.5 + 0.5 * sure] * 3)
    assert twice.confidence.overall.tolist() == pytest.approx([0.25 * 0.5 + 0.75 * sure] * 3)

"""Pseudo-labels: FixMatch's loss on the same wording, with a weight that rises."""

from math import log

import pytest

from mindrail.semisup.fixmatch import FixMatch
from mindrail.semisup.pseudo_label import PseudoLabel
from semisup.steps import one_step

WEAK = [[log(19), 0.0], [log(3), 0.0]]


def test_a_sure_guess_is_made_surer():
    given = one_step(WEAK, step=99, steps=100)
    losses, _ = PseudoLabel(threshold=0.9).step(None, given)
    assert losses.report["unlabeled"] == pytest.approx(log(20 / 19) / 2)
    assert losses.report["sure"] == 1 / 2
    losses.total.backward()
    assert given.strong.grad[0].tolist() == [pytest.approx([-0.05 / 2, 0.05 / 2], rel=1e-5), [0, 0]]


@pytest.mark.parametrize(
    ("step", "ramp", "weight"),
    [(0, 0.4, 0.0), (10, 0.4, 0.25), (40, 0.4, 1.0), (90, 0.4, 1.0), (0, 0.0, 1.0), (25, 1.0, 0.25)],
)
def test_the_weight_rises_evenly_over_the_first_part_of_the_run(step, ramp, weight):
    losses, _ = PseudoLabel(threshold=0.9, ramp=ramp, unlabeled_weight=2.0).step(
        None, one_step(WEAK, step=step, steps=100)
    )
    expected = losses.report["supervised"] + 2 * weight * losses.report["unlabeled"]
    assert losses.total.item() == pytest.approx(expected)


def test_without_a_ramp_it_is_fixmatch_on_the_same_wording():
    given = one_step(WEAK, [[0.3, 0.1], [0.2, 0.4]])
    ours, _ = PseudoLabel(threshold=0.7, ramp=0.0).step(None, given)
    fixmatch, _ = FixMatch(threshold=0.7).step(None, given)
    assert (PseudoLabel.learns_from, FixMatch.learns_from) == ("weak", "strong")
    assert ours.report == fixmatch.report

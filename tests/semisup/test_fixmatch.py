"""FixMatch on three rows, by hand."""

from math import log

import pytest
import torch

from mindrail.semisup.fixmatch import FixMatch
from semisup.steps import one_step

WEAK = [[log(19), 0.0], [log(3), 0.0], [0.0, log(99)]]  # 0.95, 0.75 and 0.99 sure
STRONG = [[0.0, 0.0], [0.0, 0.0], [log(3), 0.0]]


def test_sure_rows_count_and_all_rows_divide():
    losses, memory = FixMatch(threshold=0.9).step(None, one_step(WEAK, STRONG))
    assert memory is None
    assert losses.report == pytest.approx(
        {
            "supervised": log(2),
            "unlabeled": (log(2) + log(4)) / 3,
            "sure": 2 / 3,
            "share/0": 1 / 2,
            "share/1": 1 / 2,
        }
    )
    assert losses.total.item() == pytest.approx(log(2) + log(8) / 3)


def test_the_weight_multiplies_the_unlabelled_loss_alone():
    losses, _ = FixMatch(threshold=0.9, unlabeled_weight=10.0).step(None, one_step(WEAK, STRONG))
    assert losses.total.item() == pytest.approx(log(2) + 10 * log(8) / 3)
    assert losses.report["unlabeled"] == pytest.approx(log(8) / 3)


def test_the_gradient_pulls_the_other_wording_towards_the_guess():
    given = one_step(WEAK, STRONG)
    FixMatch(threshold=0.9).step(None, given)[0].total.backward()
    expected = torch.tensor([[0.5 - 1, 0.5], [0.0, 0.0], [0.75, 0.25 - 1]]) / 3
    assert torch.allclose(given.strong.grad[0], expected, atol=1e-6)


def test_labels_that_do_not_exclude_each_other_are_questions_of_their_own():
    weak = [[log(19), -log(19), 0.0]]  # surely there, surely not there, unknown
    given = one_step(weak, [[0.0, log(3), 0.0]], labels=3, exclusive=False)
    losses, _ = FixMatch(threshold=0.9).step(None, given)
    assert losses.report == pytest.approx(
        {
            "supervised": log(2),
            "unlabeled": (log(2) + log(4)) / 3,
            "sure": 2 / 3,
            "share/0": 1.0,
            "share/1": 0.0,
            "share/2": 0.0,
        }
    )


def test_aligned_with_equal_shares_a_favourite_must_be_surer():
    """The mean guess is (3/4, 1/4); every guess of 3/4 for the favourite becomes an even one."""
    algorithm = FixMatch(threshold=0.6, align="uniform")
    memory = algorithm.init(2, 2, exclusive=True)
    losses, memory = algorithm.step(memory, one_step([[log(3), 0.0], [log(3), 0.0]]))
    assert losses.report["sure"] == 0
    # the second step's guess is 1/3, the running mean is now (3/4 + 1/3) / 2 = 13/24
    losses, memory = algorithm.step(memory, one_step([[0.0, log(2)]]))
    assert memory.guessed[0].tolist() == pytest.approx([13 / 24, 11 / 24])
    assert losses.report["share/1"] == 1  # 2/3 · 24/11 against 1/3 · 24/13


def test_a_short_memory_forgets_how_it_was_guessed_before():
    """One step that favours the first label, then one that favours the second: only the second is remembered."""
    first, second = [[log(9), 0.0]], [[0.0, log(4)]]
    algorithm = FixMatch(threshold=0.6, align="uniform", align_over=1)
    state = algorithm.init(1, 2, exclusive=True)
    for weak in (first, second):
        _, state = algorithm.step(state, one_step(weak, [[0.0, 0.0]]))
    assert state is not None
    assert state.guessed[0].tolist() == pytest.approx([0.2, 0.8])


def test_aligned_with_the_labels_what_they_rarely_say_must_be_surer():
    """Labelled rows all say the first label: guesses lean towards it as far as they can."""
    algorithm = FixMatch(threshold=0.9, align="labels")
    given = one_step([[0.0, log(3)], [log(3), 0.0]])
    losses, memory = algorithm.step(algorithm.init(2, 2, exclusive=True), given)
    assert memory.labeled.tolist() == [[1.0, 0.0]]
    assert (losses.report["sure"], losses.report["share/0"]) == (1, 1)


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"threshold: found 1.5, expected a probability in \(0, 1\]"):
        FixMatch(threshold=1.5)
    with pytest.raises(ValueError, match="unlabeled_weight: found -1"):
        FixMatch(unlabeled_weight=-1.0)

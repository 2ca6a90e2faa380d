"""Scores per node: worked by hand, and the table that tells them."""

import numpy as np
import pytest

from helpers.axes import FIRST, SCALE
from helpers.judged import judged
from mindrail.evaluate import report
from mindrail.evaluate.nodes import nodes

LOST, COLD, KIND = np.eye(3, dtype=bool)


def test_each_node_is_judged_among_the_rows_that_reach_it() -> None:
    truth = np.stack([LOST, LOST, COLD, COLD, KIND, KIND])
    chances = np.array(
        [
            [0.8, 0.1, 0.1],  # lost: yes
            [0.2, 0.7, 0.1],  # lost: no, a miss; it never comes to the second node
            [0.6, 0.3, 0.1],  # cold: the first node says yes, an alarm; the second says 0.3 / 0.4: yes
            [0.1, 0.2, 0.7],  # cold: 0.2 / 0.9, a miss
            [0.1, 0.5, 0.4],  # kind: 0.5 / 0.9, an alarm
            [0.0, 0.0, 1.0],
        ]
    )
    first, second = nodes(FIRST, truth, [chances], rounds=20)
    assert (first.label, first.reached, first.positives) == ("lost", 6, 2)
    assert (first.said_yes.precision.value, first.said_yes.recall.value) == (0.5, 0.5)
    assert first.auroc.value == pytest.approx(
        7 / 8
    )  # of 2 x 4 pairs one is the wrong way round: 0.2 against 0.6
    assert (second.label, second.reached, second.positives) == ("cold", 4, 2)
    assert (second.said_yes.precision.value, second.said_yes.recall.value) == (0.5, 0.5)
    assert second.auroc.value == pytest.approx(3 / 4)


def test_several_runs_are_averaged() -> None:
    truth = np.stack([LOST, KIND])
    right, wrong = np.array([[0.9, 0.0, 0.1], [0.1, 0.0, 0.9]]), np.array([[0.1, 0.0, 0.9], [0.9, 0.0, 0.1]])
    (first, *_) = nodes(FIRST, truth, [right, wrong], rounds=20)
    assert first.said_yes.recall.value == 0.5
    assert first.auroc.value == 0.5


def test_a_node_that_no_row_reaches_is_left_out() -> None:
    (only,) = nodes(FIRST, np.stack([LOST, LOST]), [np.full((2, 3), 1 / 3)], rounds=20)
    assert only.label == "lost"
    assert only.auroc.value is None


def test_other_axes_have_no_nodes() -> None:
    assert nodes(SCALE, np.stack([LOST, KIND]), [np.full((2, 3), 1 / 3)]) == ()


def test_the_report_tells_them_and_reads_back(tmp_path) -> None:
    found = judged(FIRST).evaluate()
    assert [node.label for node in found.nodes] == ["lost", "cold"]
    report.write(found, tmp_path)
    assert "The labels are tried in this order" in (tmp_path / "report.md").read_text()
    assert report.read(tmp_path / "report.json") == found
    assert not judged(SCALE).evaluate().nodes

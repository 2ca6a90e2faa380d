"""Numbers of picked labels: by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score

from helpers.axes import FIRST
from mindrail.study.picks import Rows, pairs, questions, table

# lost, cold, kind; the last one is let pass
TRUE = [0, 0, 1, 1, 2, 2, 2, 2]
SAID = [0, 1, 1, 2, 2, 2, 0, 2]


def rows(truth=TRUE, groups=None) -> Rows:
    return Rows(FIRST, np.eye(3, dtype=bool)[truth], groups, rounds=100)


def test_one_run_by_hand() -> None:
    (line,) = table(rows(), {"ours": {"0": np.array(SAID)}}).values()
    assert line["accuracy"]["mean"] == 5 / 8
    # of four rows to stop three are stopped, and one of four others is
    assert line["stop recall"]["mean"] == 3 / 4
    assert line["stop false-positive-rate"]["mean"] == 1 / 4
    assert line["f1 lost"]["mean"] == pytest.approx(1 / 2)
    for name, oracle in (("weighted-precision", precision_score), ("weighted-f1", f1_score)):
        assert line[name]["mean"] == pytest.approx(oracle(TRUE, SAID, average="weighted", zero_division=0))


def test_several_runs_have_a_mean_and_a_sample_deviation() -> None:
    runs = {"0": np.array(TRUE), "1": np.array(SAID)}
    line = table(rows(), {"ours": runs})["ours"]["accuracy"]
    assert line["values"] == [1.0, 5 / 8]
    assert line["mean"] == pytest.approx(13 / 16)
    assert line["sd"] == pytest.approx(np.std([1, 5 / 8], ddof=1))
    low, high = line["interval"]
    assert 0 <= low < line["mean"] < high <= 1


def test_every_label_and_stopping_are_asked_for() -> None:
    names = [question.name for question in questions(FIRST)]
    assert len(names) == len(set(names)) == 5 + 4 + 3


def test_a_pair_is_a_minus_b_and_p_is_adjusted() -> None:
    many = TRUE * 20
    models = {
        "right": {"0": np.array(many)},
        "wrong": {"0": np.array(SAID * 20)},
        "same": {"0": np.array(SAID * 20)},
    }
    found = {(p["number"], p["a"], p["b"]): p for p in pairs(rows(many), models)}
    assert len(found) == 3 * 3
    better = found["accuracy", "right", "wrong"]
    assert better["difference"] == pytest.approx(3 / 8)
    assert better["interval"][0] > 0 and better["p"] == pytest.approx(3 * better["p_alone"])
    equal = found["accuracy", "wrong", "same"]
    assert (equal["difference"], equal["interval"], equal["p"]) == (0.0, [0.0, 0.0], 1.0)
    (only,) = {(p["a"], p["b"]) for p in pairs(rows(many), models, [("same", "right")])}
    assert only == ("same", "right")

"""A printed table beside released predictions: held, missed, and what it leaves out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.axes import FIRST
from mindrail import config, taxonomy
from mindrail.data import corpus
from mindrail.data.sets.dialogue_safety import released
from mindrail.errors import Unreachable
from mindrail.records.targets import targets_of
from mindrail.study.picks import Rows
from mindrail.study.published import Checkpoints, Expected, beside, sentence, worst

STUDY = Path(__file__).parents[2] / "studies" / "dialogue-safety"
TRUE = [0, 0, 1, 1, 2, 2, 2, 2]
ROWS = Rows(FIRST, np.eye(3, dtype=bool)[TRUE], None, rounds=20)


def with_right(count: int) -> np.ndarray:
    """The first rows right, the others wrong."""
    return np.array([label if i < count else (label + 1) % 3 for i, label in enumerate(TRUE)])


def test_a_table_that_holds_and_one_that_does_not() -> None:
    models = {"ours": {"a": with_right(8), "b": with_right(6)}}
    printed = Expected("table", 0.05, 5, {"ours": {"accuracy": (87.5, 17.7)}})
    found = beside(ROWS, models, printed)
    assert found["max_abs_difference_points"] == pytest.approx(0.0)
    assert found["max_abs_difference_points_sd"] == pytest.approx(17.7 - 100 * 0.25 / 2**0.5, abs=1e-2)
    assert "table: reproduced; 2 figures" in sentence(found)
    wrong = beside(ROWS, models, replace(printed, table={"ours": {"accuracy": (87.4, 17.7)}}))
    assert "NOT reproduced" in sentence(wrong)


def test_what_choosing_on_the_test_set_added() -> None:
    log = Checkpoints(best={"1": 0.8, "2": 0.7}, last={"1": 0.7, "2": 0.7})
    found = beside(
        ROWS,
        {"ours": {"1": with_right(8), "2": with_right(7)}},
        Expected("table", 0.05, 5, {"ours": {"accuracy": (0.0, 0.0)}}, {"ours": log}),
    )
    assert found["checkpoints"]["ours"]["gain"] == pytest.approx(0.05)
    assert found["checkpoints"]["ours"]["last"]["sd"] == pytest.approx(0.0)


def test_a_collapsed_run_is_found() -> None:
    found = worst(ROWS, {"1": with_right(7), "2": with_right(8), "3": np.full(8, 2)})
    assert (found["run"], found["accuracy"], found["never_says"]) == ("3", 0.5, ["lost", "cold"])
    assert found["others"]["mean"] == pytest.approx(15 / 16)
    assert found["distance"] > 3


@pytest.mark.corpus("dialogue-safety")
def test_the_studys_own_table_is_reproduced() -> None:
    try:
        said = released()
    except Unreachable:
        pytest.skip("corpus dialogue-safety")
    kinds = taxonomy.load("dialogue-safety")
    examples = corpus.read("dialogue-safety", kinds, kinds.axis())
    rows = Rows(
        kinds.axis(), targets_of(kinds.axis(), examples).values, [one.group for one in examples], rounds=2
    )
    expected = config.load(Expected, STUDY / "expected.yaml")
    found = beside(rows, said, expected)
    assert len(found["figures"]) == 6 * 4 * 2
    assert found["max_abs_difference_points"] <= 0.05 + 1e-9
    assert found["max_abs_difference_points_sd"] <= 0.05
    collapsed = found["worst_run"]["hfl-chinese-roberta-wwm-ext-large"]
    assert collapsed["run"] == "45" and collapsed["distance"] > 10
    for model, log in expected.logs.items():  # the log's best epoch is what was released
        assert found["models"][model]["accuracy"]["values"] == pytest.approx(list(log.best.values()))

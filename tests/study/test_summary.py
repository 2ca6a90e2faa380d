"""Result files made by hand, and the numbers that must come out of them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mindrail import config, files
from mindrail.arrays import ndarray
from mindrail.study import cell as cells
from mindrail.study import curves, readme, summary
from mindrail.study.plan import Block, Cell, Plan, Task

TRUE = np.array([1, 1, 1, 1, 0, 0, 0, 0] * 5, dtype=bool)
#: three of four found, one of four flagged wrongly: precision 3/4, recall 3/4
GOOD = np.array([1, 1, 1, 0, 1, 0, 0, 0] * 5, dtype=bool)
#: one of four found, nothing flagged wrongly: precision 1, recall 1/4, F1 0.4
POOR = np.array([1, 0, 0, 0, 0, 0, 0, 0] * 5, dtype=bool)


def plan(**grid: Any) -> Plan:
    return Plan("by-hand", {"one": Task({})}, (Block(("one",), (0, 1), **grid),))


def result(
    cell: Cell,
    picks: ndarray,
    true: ndarray = TRUE,
    *,
    clean: ndarray | None = None,
    groups: Sequence[int] | None = None,
    ids: str = "same",
    sure: Sequence[float | None] | None = None,
    **sets: ndarray,
) -> dict[str, Any]:
    """What a cell leaves behind; `sets` are picks on more sets of the same truth."""

    def part(picked: ndarray) -> dict[str, Any]:
        measures = {"f1": 0.7, "recall": float(picked[true].mean()) if true.ndim == 1 else 0.5}
        return {
            "ids": ids,
            "measures": measures,
            "truth": cells.packed(true),
            "picks": cells.packed(picked),
            "groups": None if groups is None else cells.packed_numbers(groups),
        }

    judged = {"dev": part(picks), "test": part(picks)} | {name: part(of) for name, of in sets.items()}
    judged["test"]["clean"] = None if clean is None else cells.packed(clean)
    return {
        "schema": 1,
        "cell": config.plain(cell),
        "sets": judged,
        "rows": {"labelled": 20, "unlabelled": 100, "dev": 40, "test": 40},
        "semisupervision": None,
        "course": {"steps": 10} | ({} if sure is None else {"sure": list(sure)}),
        "seconds": 2.0 + cell.seed + (0.5 if cell.algorithm != "supervised" else 0.0),
    }


def written(folder: Path, found: Plan, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    for cell, one in zip(found.cells(), results, strict=True):
        files.write_json(folder / "cells" / f"{cell.key}.json", one)
    return summary.write(found, found.cells(), folder / "cells", folder)


def test_f1_gain_and_means_by_hand(tmp_path: Path) -> None:
    found = plan(algorithm=("supervised", "fixmatch"))
    alone, same, first, second = found.cells()
    results = [
        result(alone, POOR, later=TRUE),
        result(same, POOR, later=TRUE),
        result(first, GOOD, sure=[None, 0.2], later=GOOD),
        result(second, TRUE, sure=[0.1, 0.6], later=GOOD),
    ]
    told = written(tmp_path, found, results)
    assert (told["cells"], told["finished"]) == (4, 4)
    twin, ours = told["groups"]
    assert (ours["algorithm"], ours["seeds"], ours["labelled"]) == ("fixmatch", [0, 1], 20)
    assert twin["test"]["value"] == 0.4 and twin["test"]["each"] == [0.4, 0.4] and twin["gain"] is None
    assert ours["test"]["each"] == [0.75, 1.0] and ours["test"]["value"] == 0.875
    assert ours["gain"]["value"] == round((0.35 + 0.6) / 2, 4)
    low, high = ours["gain"]["interval"]
    assert low < ours["gain"]["value"] < high
    assert ours["gain"]["p_rows"] < 0.05
    assert ours["transfer"]["later"]["value"] == 0.75 and twin["transfer"]["later"]["value"] == 1.0
    assert ours["measures"]["recall"] == pytest.approx((0.75 + 1) / 2) and ours["dev"] == 0.7
    assert ours["sure"] == pytest.approx(0.4) and twin["sure"] is None and ours["seconds"] == 3.0
    assert twin["gain_dev"] is None and ours["gain_dev"] == ours["gain"]  # by hand, dev is the test part
    assert ours["more_seconds"] == 0.5 and ours["seconds_per_point"] == pytest.approx(0.5 / 47.5)
    assert files.read_json(tmp_path / "summary.json") == json.loads(json.dumps(told))
    table = summary.as_text(told, left=3)
    assert "87.5 (" in table and "+47.5 (" in table and "3 are not" in table
    assert "are not" not in summary.as_text(told, left=0)


def test_a_readme_tells_what_was_gained_and_what_it_cost(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"# Mine\n{readme.START}old{readme.END}\nThe end.\n")
    found = plan(algorithm=("supervised", "fixmatch", "flexmatch"))
    alone, same, first, second, worse, worst = found.cells()
    results = [
        *(result(cell, GOOD, later=GOOD) for cell in (alone, same)),
        *(result(cell, TRUE, sure=[0.5], later=GOOD) for cell in (first, second)),
        *(result(cell, POOR, sure=[0.5], later=GOOD) for cell in (worse, worst)),
    ]
    results[2]["seconds"] += 300
    results[3]["seconds"] += 300
    written(tmp_path, found, results)
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("# Mine") and text.endswith("The end.\n") and "old" not in text
    (gained,) = [line for line in text.splitlines() if "fixmatch" in line and "50" in line]
    (lost,) = [line for line in text.splitlines() if "flexmatch" in line and "50" in line]
    assert gained.endswith("| +5.0 | 0.2 |") and "+25.0" in gained
    assert lost.endswith("| nothing gained |") and "-35.0" in lost


def test_the_gain_in_auroc_is_of_the_seeds() -> None:
    found = plan(algorithm=("supervised", "fixmatch"))
    alone, same, first, second = (result(cell, GOOD) for cell in found.cells())
    for one, value in ((alone, 0.80), (same, 0.70), (first, 0.82), (second, 0.76)):
        one["sets"]["dev"]["measures"]["auroc"] = value
    told = summary._gained([first, second], [alone, same])["auroc_gain"]
    half = 12.7062 * 0.02 / 2**0.5 * 2**0.5  # Student's t with one degree, and the deviation of 0.02 and 0.06
    assert told["test"] is None
    assert told["dev"]["value"] == pytest.approx(0.04)
    assert told["dev"]["interval"] == pytest.approx([0.04 - half, 0.04 + half], abs=1e-3)
    (single,) = [summary._gained([first], [alone])["auroc_gain"]["dev"]]
    assert single == {"value": 0.02, "interval": [None, None]}


def test_the_paired_interval_of_a_gain_is_one_worked_out_elsewhere() -> None:
    """On one seed, against a plain loop over resampled rows."""
    own, twin = (result(cell, picks) for cell, picks in zip(plan().cells(), (GOOD, POOR), strict=True))
    found = summary.difference([own], [twin])

    def f1(true: ndarray, picks: ndarray) -> float:
        return float(2 * (true & picks).sum() / (true.sum() + picks.sum()))

    random = np.random.default_rng(7)
    drawn = [random.integers(0, len(TRUE), len(TRUE)) for _ in range(4000)]
    gains = [f1(TRUE[rows], GOOD[rows]) - f1(TRUE[rows], POOR[rows]) for rows in drawn]
    assert found["value"] == 0.35
    assert found["interval"] == pytest.approx(np.quantile(gains, [0.025, 0.975]), abs=0.04)


def test_a_tie_is_no_gain() -> None:
    cell = plan().cells()[0]
    found = summary.difference([result(cell, GOOD)], [result(cell, GOOD)])
    assert found["value"] == 0 and found["interval"] == [0, 0] and found["p_rows"] == 1


def test_several_labels_are_summed_up_by_their_mean_f1() -> None:
    cell = plan().cells()[0]
    true = np.eye(3, dtype=bool)[[0, 1, 2] * 10]
    picks = np.eye(3, dtype=bool)[[0, 1, 1] * 10]  # F1: 1, 2/3, 0
    assert summary.mean([result(cell, picks, true)])["value"] == round(5 / 9, 4)


def test_clean_rows_are_told_apart(tmp_path: Path) -> None:
    found = plan()
    clean = np.zeros(40, dtype=bool)
    clean[:4] = True
    clean[4] = True  # TRUE 1 1 1 1 0, GOOD 1 1 1 0 1: precision 3/4, recall 3/4
    results = [result(cell, np.where(clean, GOOD, TRUE), clean=clean) for cell in found.cells()]
    (row,) = written(tmp_path, found, results)["groups"]
    assert row["clean"]["value"] == 0.75
    assert row["test"]["value"] == round(2 * 19 / (20 + 20), 4)
    (row,) = written(tmp_path, found, [result(cell, GOOD) for cell in found.cells()])["groups"]
    assert row["clean"] is None


def test_groups_are_drawn_whole() -> None:
    cell = plan().cells()[0]
    pairs = [number // 8 for number in range(40)]  # each group holds a copy of the same eight rows
    alone, grouped = (summary.mean([result(cell, GOOD, groups=g)]) for g in (None, pairs))
    assert grouped["interval"] == [0.75, 0.75]
    assert alone["interval"][0] < 0.75 < alone["interval"][1]
    kept = np.arange(40) < 16
    truth, groups = summary.truth_of(result(cell, GOOD, groups=pairs, clean=kept), clean=True)
    assert len(truth) == 16 and groups == ["0"] * 8 + ["1"] * 8


def test_results_on_different_rows_are_refused(tmp_path: Path) -> None:
    one, two = plan().cells()
    with pytest.raises(ValueError, match="different rows"):
        summary.difference([result(one, GOOD)], [result(one, POOR, ids="others")])
    with pytest.raises(ValueError, match="different rows"):
        summary.mean([result(one, GOOD), result(two, GOOD, ids="others")])


def test_what_is_not_finished_is_left_out_and_said(tmp_path: Path) -> None:
    found = plan(algorithm=("supervised", "fixmatch"))
    alone, _, ours, _ = found.cells()
    for cell in (alone, ours):
        files.write_json(tmp_path / "cells" / f"{cell.key}.json", result(cell, GOOD))
    told = summary.write(found, found.cells(), tmp_path / "cells", tmp_path)
    assert (told["cells"], told["finished"]) == (4, 2)
    assert [row["seeds"] for row in told["groups"]] == [[0], [0]]
    (tmp_path / "cells" / f"{alone.key}.json").unlink()
    (row,) = summary.write(found, found.cells(), tmp_path / "cells", tmp_path)["groups"]
    assert row["gain"] is None


def test_what_is_undefined_is_left_open(tmp_path: Path) -> None:
    """Nothing is flagged, so there is no precision; nobody is harmful elsewhere, so there is no F1."""
    found = plan()
    nobody = np.zeros(40, dtype=bool)
    results = [result(cell, nobody, elsewhere=nobody) for cell in found.cells()]
    for one in results:
        one["sets"]["test"]["measures"]["precision"] = None
        one["sets"]["elsewhere"]["truth"] = cells.packed(nobody)
    (row,) = written(tmp_path, found, results)["groups"]
    assert row["measures"]["precision"] is None and row["test"]["value"] == 0
    assert row["transfer"]["elsewhere"] == {"value": None, "interval": [None, None], "each": [None, None]}
    assert files.read_json(tmp_path / "summary.json")["groups"][0] == row


def group(labels: int | str, value: float, **more: Any) -> dict[str, Any]:
    shared = {"task": "one", "family": "encoder", "algorithm": "supervised", "views": "none", "arm": "main"}
    found = {"value": value, "interval": [value - 0.05, value + 0.05]}
    return shared | {"labels": labels, "labelled": 640, "test": found} | more


def drawn(groups: Sequence[dict[str, Any]], task: str = "one") -> tuple[ElementTree.Element, str]:
    text = curves.learning_curve(groups, task)
    assert text is not None
    return ElementTree.fromstring(text), text


def points(tree: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [one for one in tree.iter() if one.tag.endswith(kind)]


def test_a_curve_has_one_point_per_budget() -> None:
    tree, _ = drawn([group(20, 0.5), group(80, 0.6), group("all", 0.8)])
    (line,) = points(tree, "polyline")
    where = [tuple(map(float, pair.split(","))) for pair in (line.get("points") or "").split()]
    assert len(where) == 3 and len(points(tree, "circle")) == 3 + 1  # one in the legend
    (x20, y20), (x80, y80), (x640, y640) = where
    assert x20 < x80 < x640 and y20 > y80 > y640
    assert (x640 - x80) / (x80 - x20) == pytest.approx(3 / 2, abs=0.02)  # doublings: 80 to 640, 20 to 80
    assert (y80 - y640) / (y20 - y80) == pytest.approx(2, abs=0.02)
    told = next(one.text for one in tree if one.tag.endswith("desc"))
    assert told == "supervised: 50.0 at 20, 60.0 at 80, 80.0 at 640"


def test_nothing_is_drawn_for_a_single_budget() -> None:
    assert curves.learning_curve([], "one") is None
    assert curves.learning_curve([group(20, 0.5), group(20, 0.6, algorithm="fixmatch")], "one") is None
    tree, _ = drawn([group(20, 0.5), group(80, 0.6), group(20, 0.6, algorithm="fixmatch")])
    assert len(points(tree, "polyline")) == 1


def test_names_are_escaped() -> None:
    tree, text = drawn([group(n, 0.5, arm="<&\"'>") for n in (20, 80)], "a <b> & c")
    assert "<b>" not in text
    assert next(one.text for one in tree if one.tag.endswith("title")) == "F1 by number of labels, a <b> & c"


def test_every_line_is_drawn_however_many_there_are() -> None:
    tree, _ = drawn([group(n, 0.5 + i / 50, arm=f"arm {i}") for i in range(9) for n in (20, 80)])
    assert len(points(tree, "polyline")) == 9
    height = float((tree.get("viewBox") or "").split()[3])
    assert all(float(one.get("y") or 0) < height for one in points(tree, "text"))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_every_point_lies_inside_the_drawing(values: list[float]) -> None:
    groups = []
    for number, value in enumerate(values):
        found = {"value": value, "interval": [max(0.0, value - 0.3), min(1.0, value + 0.3)]}
        groups.append(group(10 * 2**number, value) | {"test": found})
    tree, _ = drawn(groups)
    (line,) = points(tree, "polyline")
    for pair in (line.get("points") or "").split():
        x, y = map(float, pair.split(","))
        assert 0 <= x <= curves.WIDTH and 0 <= y <= curves.HEIGHT


def test_a_drawing_is_written_for_each_task_with_several_budgets(tmp_path: Path) -> None:
    found = plan(labels=(20, 80))
    written(tmp_path, found, [result(cell, GOOD) for cell in found.cells()])
    assert ElementTree.parse(tmp_path / "one.svg").getroot().tag.endswith("svg")
    single = replace(found, blocks=(Block(("one",), (0, 1), labels=(20,)),))
    summary.write(single, single.cells(), tmp_path / "cells", tmp_path / "other")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["summary.json"]


@given(arrays.arrays(bool, arrays.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=20)))
def test_unpacking_is_the_reverse_of_packing(bits: ndarray) -> None:
    kept = json.loads(json.dumps(cells.packed(bits)))
    found = cells.unpacked(kept)
    assert found.dtype == bool and found.shape == bits.shape and (found == bits).all()


@given(st.lists(st.integers(0, 65535), max_size=50))
def test_numbers_come_back(numbers: list[int]) -> None:
    assert cells.unpacked_numbers(json.loads(json.dumps(cells.packed_numbers(numbers)))) == numbers

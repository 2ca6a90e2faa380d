"""A tiny study of sizes from tables of a user's own, to numbers, drawings and tables without any text."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from mindrail import config, files, machine
from mindrail.errors import BadConfig
from mindrail.study import cell as cells
from mindrail.study import readme, rows, scatter, size_summary, size_tables
from mindrail.study.plan import Block, Cell, Model, More, Plan, Task

#: stands in every text; must never stand anywhere else
CANARY = "zq-canary-text"
_WHO = ("my aunt", "the teacher", "our neighbour", "a friend", "his manager")
_SAID = {
    "fine": ("bought two apples", "told a story", "repaired the bicycle"),
    "low": ("feels empty and tired", "sees no point", "is worn out"),
    "grave": ("will smash the window", "swears revenge", "must burn the garden"),
}
_CARD = """file: {name}.csv
text: text
label: verdict
source: {name}
axis: emotional-risk
labels: {{fine: safe, low: borderline, grave: unsafe}}
"""
_README = "# A study\n\n<!-- results -->\nold numbers\n<!-- /results -->\n\nThe end.\n"


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "cores", lambda: 1)
        yield


def table(folder: Path, name: str, size: int, kinds: str = "fine low grave") -> str:
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["text", "verdict"])
        writer.writeheader()
        for i in range(size):
            kind = kinds.split()[i % len(kinds.split())]
            said = f"{_WHO[i % 5]} {_SAID[kind][i // 3 % 3]} {CANARY} {name} number {i}"
            writer.writerow({"text": said, "verdict": kind})
    (folder / f"{name}.yaml").write_text(_CARD.format(name=name))
    return str(folder / f"{name}.yaml")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("data")
    data = {
        "taxonomy": "emotional-risk",
        "train": [table(folder, "posts", 90), table(folder, "notes", 40, "fine")],
        "held_out": {"posts": 0.4, "notes": 0.2},
        "dev_size": 9,
        "allow_leaks": ["train/dev", "train/test", "dev/test"],
    }
    model = ("linear", "first few")
    return Plan(
        "tiny",
        {"own": Task(data, outside={table(folder, "elsewhere", 12): rows.EACH})},
        (
            Block(("own",), (0, 1), labels=(20,), model=model),
            Block(
                ("own",), (0, 1), labels=(20,), model=("linear",), arm="rare", data={"rare": {"unsafe": 1}}
            ),
            Block(
                ("own",),
                (0, 1),
                labels=(20,),
                model=("linear",),
                arm="rare, repeated",
                data={"rare": {"unsafe": 1}},
                more=More(("unsafe",), 5),
            ),
        ),
        compares="sizes",
        models={"linear": Model("linear"), "first few": Model("linear", {"strength": 0.1}, rows=20)},
        outside_rows=10,
        honest=("posts",),
        gains={"closer fit": ("own 20: linear", "own 20: first few")},
    )


@pytest.fixture(scope="module")
def done(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every cell of the plan, run."""
    place = tmp_path_factory.mktemp("study")
    for cell in plan.cells():
        for _ in cells.run(cell, place / "work", place / "cells"):
            pass
    return place


@pytest.fixture(scope="module")
def told(plan: Plan, done: Path) -> dict[str, Any]:
    files.write_text(done / "sum" / "README.md", _README)
    return size_summary.write(plan, plan.cells(), done / "cells", done / "sum")


def result(done: Path, cell: Cell) -> dict[str, Any]:
    found: dict[str, Any] = files.read_json(done / "cells" / f"{cell.key}.json")
    return found


def named(told: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (group for group in told["groups"] if group["name"] == name)
    return found


def test_every_cell_leaves_rows_and_costs(plan: Plan, done: Path) -> None:
    assert len(plan.cells()) == 8
    for cell in plan.cells():
        found = result(done, cell)
        assert config.build(Cell, found["cell"]).key == cell.key
        test, elsewhere = (rows.unpacked(of) for of in found["sets"].values())
        assert (len(test), test.of) == (20 if cell.model == "first few" else 44, 44)
        assert (len(elsewhere), elsewhere.of) == (10, 12)
        costs = found["costs"]
        assert 0 < costs["bare_rss_mb"] < costs["peak_rss_mb"] < 1000
        assert costs["parameters"] > 100 and costs["rows"] == len(test) and costs["single_ms"] > 0


def test_models_of_all_seeds_judge_the_same_rows_in_the_same_order(plan: Plan, done: Path) -> None:
    tests = [rows.unpacked(result(done, cell)["sets"]["test"]) for cell in plan.cells()]
    assert len({test.order for test in tests}) == 1
    assert set(tests[0].sources) == {"posts", "notes"}


def test_a_rare_label_is_learned_from_few_and_repeated(plan: Plan, done: Path) -> None:
    by = {(cell.arm, cell.seed): result(done, cell) for cell in plan.cells() if cell.model == "linear"}
    assert by["main", 0]["answers"]["unsafe"] > 1
    assert by["rare", 0]["answers"]["unsafe"] == 1 and by["rare, repeated", 0]["answers"]["unsafe"] == 5
    assert by["rare", 0]["rows"]["labelled"] + 4 == by["rare, repeated", 0]["rows"]["labelled"]


def test_a_second_start_runs_nothing(plan: Plan, done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "train", lambda *_: pytest.fail("trained again"))
    for cell in plan.cells():
        assert list(cells.run(cell, done / "work", done / "cells")) == []
    assert not list((done / "work").glob("run-*"))


def test_no_result_holds_a_text(done: Path, told: dict[str, Any]) -> None:
    for path in [*(done / "cells").iterdir(), *(done / "sum").iterdir()]:
        said = path.read_text()
        assert CANARY not in said and not any(word in said for word in ("aunt", "bicycle", "revenge"))


def test_groups_have_measures_by_label_source_and_outside_set(told: dict[str, Any]) -> None:
    assert (told["cells"], told["finished"]) == (8, 8)
    found = named(told, "own 20: linear")
    assert found["seeds"] == [0, 1] and len(found["test"]["macro-f1"]["each"]) == 2
    assert {name for name in found["test"] if name.startswith("auroc/")} == {
        f"auroc/{label}" for label in ("safe", "borderline", "unsafe")
    }
    assert found["honest"]["rows"] == found["sources"]["posts"]["rows"] == 36
    assert found["sources"]["notes"]["rows"] == 8
    assert found["honest"]["macro-f1"]["value"] == found["sources"]["posts"]["macro-f1"]["value"]
    assert found["test"]["macro-f1"]["value"] > 0.8  # every bad word was seen
    (outside,) = found["outside"].values()
    assert outside["macro-f1"]["value"] > 0.8
    assert len(found["costs"]["each_peak_rss_mb"]) == 2


def test_a_gain_is_that_of_the_rows_that_both_judged(plan: Plan, done: Path, told: dict[str, Any]) -> None:
    gain = told["gains"]["closer fit"]
    assert (gain["rows"], gain["seeds"]) == (20, [0, 1])
    values = []
    for cell in plan.cells()[:4]:
        one = rows.unpacked(result(done, cell)["sets"]["test"]).first(20)
        hits = (one.truth & one.picks).sum(0)
        values.append((2 * hits / (one.truth.sum(0) + one.picks.sum(0))).mean())
    assert gain["value"] == pytest.approx((values[0] - values[2] + values[1] - values[3]) / 2, abs=1e-4)


def test_the_readme_gets_its_tables_and_keeps_its_words(done: Path, told: dict[str, Any]) -> None:
    text = (done / "sum" / "README.md").read_text()
    assert text.startswith("# A study\n") and text.endswith("\n\nThe end.\n") and "old numbers" not in text
    assert (
        "| linear | 20 | 2 | 44 of 44 |" in text and "posts: macro F1" in text and "notes: accuracy" in text
    )
    assert "rare, repeated" in text and "closer fit" in text
    widths = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert len(set(widths)) <= 7 and all(widths)
    readme.into(done / "sum" / "README.md", size_tables.tables(told, ["posts"]))
    assert (done / "sum" / "README.md").read_text() == text


def test_a_readme_without_marks_is_left_alone(tmp_path: Path, told: dict[str, Any]) -> None:
    (tmp_path / "README.md").write_text("# Mine")
    readme.into(tmp_path / "README.md", size_tables.tables(told, []))
    assert (tmp_path / "README.md").read_text() == "# Mine"
    readme.into(tmp_path / "none.md", "numbers")
    assert not (tmp_path / "none.md").exists()


@pytest.mark.parametrize("cost", scatter.COSTS)
def test_a_drawing_has_a_point_for_each_model_of_the_main_arm(
    done: Path, told: dict[str, Any], cost: str
) -> None:
    tree = ElementTree.parse(done / "sum" / f"own-{cost}.svg").getroot()
    said = next(one.text for one in tree if one.tag.endswith("desc"))
    assert said is not None and said.startswith("linear: ") and "; first few: " in said
    assert scatter.quality(told["groups"][:1], "own", cost) is None


@pytest.mark.parametrize(
    ("count", "said"), [(7, "7"), (1000, "1k"), (297395, "297k"), (22.7e6, "22.7M"), (1.24e9, "1.24B")]
)
def test_counts_are_told_in_few_characters(count: float, said: str) -> None:
    assert scatter.short(count) == said


def test_the_table_for_a_terminal_says_what_is_missing(told: dict[str, Any]) -> None:
    text = size_summary.as_text(told, left=3)
    assert "own 20: linear (rare)" in text and "closer fit: " in text and "3 are not" in text


def test_a_gain_of_unknown_cells_is_refused(plan: Plan, done: Path, tmp_path: Path) -> None:
    wrong = config.build(Plan, config.plain(plan) | {"gains": {"mine": ["own 20: linear", "own 30: linear"]}})
    with pytest.raises(BadConfig, match="gain 'mine'"):
        size_summary.write(wrong, wrong.cells(), done / "cells", tmp_path)


def test_results_on_different_rows_are_refused(plan: Plan, done: Path, tmp_path: Path) -> None:
    one, other = plan.cells()[:2]
    changed = result(done, other)
    changed["sets"]["test"]["order"] = "another"
    for cell, found in ((one, result(done, one)), (other, changed)):
        files.write_json(tmp_path / f"{cell.key}.json", found)
    with pytest.raises(BadConfig, match="different rows"):
        size_summary.write(plan, plan.cells(), tmp_path, tmp_path)

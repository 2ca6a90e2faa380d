"""One cell from a table of a user's own, or from the starter set, to a small file without any text."""

import csv
import json
from collections.abc import Iterator
from dataclasses import make_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import tiny
from mindrail import config, files, machine, plugins
from mindrail.recipes.split import Split
from mindrail.study import cell as cells
from mindrail.study import summary
from mindrail.study.plan import Block, Cell, Plan, Task

#: stands in every text; must never stand anywhere else
CANARY = "zq-canary-text"
_WHO = ("my aunt", "the teacher", "our neighbour", "a friend", "his manager")
_GOOD = ("bought two apples", "told a story", "repaired the bicycle", "will visit the city")
_BAD = ("will smash the window", "must burn the garden", "gets hurt tonight", "swears revenge")
#: 10 labelled texts, 2 a step, 1 pass: 5 steps
OWN = {
    "window": 24,
    "overlap": 4,
    "context": 6,
    "batch": 4,
    "epochs": 1,
    "batch_with_unlabelled": 2,
    "epochs_with_unlabelled": 1,
    "unlabelled": 2,
    "learning_rate": 1e-3,
    "precision": "float32",
    "save_every": 2,
    "judge_every": 3,
}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "cores", lambda: 1)
        yield


def table(folder: Path, name: str, start: int, size: int) -> str:
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["text", "verdict"])
        writer.writeheader()
        for i in range(start, start + size):
            did = (_BAD if i % 2 else _GOOD)[i // 2 % 4]
            text = f"{_WHO[i % 5]} {did} {CANARY} number {i}"
            writer.writerow({"text": text, "verdict": "bad" if i % 2 else "ok"})
    card = folder / f"{name}.yaml"
    told = "axis: prompt-harm\nlabels: {ok: safe, bad: harmful}\n"
    card.write_text(f"file: {name}.csv\ntext: text\nlabel: verdict\n{told}")
    return str(card)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("data")
    data = {
        "taxonomy": "prompt-harm",
        "train": [table(folder, "mine", 0, 50)],
        "test": [table(folder, "later", 100, 30)],
        "dev_size": 12,
        "allow_leaks": ["train/dev", "train/test", "dev/test"],
    }
    model = str(tiny.encoder(tmp_path_factory.mktemp("bert")))
    return Plan(
        "tiny",
        {"own": Task(data, (table(folder, "elsewhere", 200, 20),))},
        (
            Block(("own",), (0, 1), labels=(10, "all"), family=("linear",)),
            Block(("own",), (0,), labels=(10,), algorithm=("supervised", "fixmatch"), views=("edit",)),
        ),
        views={"edit": {"method": "edit", "views": 1, "probe": 10}},
        settings={"encoder": OWN | {"model": model}},
        algorithm_settings={"fixmatch": {"threshold": 0.5}},
    )


def run(cell: Cell, place: Path) -> dict[str, Any]:
    for _ in cells.run(cell, place / "work", place / "cells"):
        pass
    found: dict[str, Any] = files.read_json(place / "cells" / f"{cell.key}.json")
    return found


def fixmatch(plan: Plan) -> Cell:
    return next(cell for cell in plan.cells() if not cell.supervised)


@pytest.fixture(scope="module")
def done(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every cell of the plan, run."""
    place = tmp_path_factory.mktemp("study")
    for cell in plan.cells():
        run(cell, place)
    return place


def result(done: Path, cell: Cell) -> dict[str, Any]:
    found: dict[str, Any] = files.read_json(done / "cells" / f"{cell.key}.json")
    return found


def test_every_cell_leaves_its_result(plan: Plan, done: Path) -> None:
    wanted = plan.cells()
    assert len(wanted) == 6
    assert {path.stem for path in (done / "cells").iterdir()} == {cell.key for cell in wanted}
    for cell in wanted:
        found = result(done, cell)
        assert config.build(Cell, {**found["cell"], "adapt": None}).key == cell.key
        assert set(found["sets"]) == {"dev", "test", *cell.transfer}
        assert found["rows"]["labelled"] == (10 if cell.labels == 10 else 38)
        for name, size in (("dev", 12), ("test", 30), (cell.transfer[0], 20)):
            assert cells.unpacked(found["sets"][name]["truth"]).shape == (size,)


def test_measures_are_those_of_what_was_decided(plan: Plan, done: Path) -> None:
    for cell in plan.cells():
        for about in result(done, cell)["sets"].values():
            true, picks = (cells.unpacked(about[name]) for name in ("truth", "picks"))
            f1 = 2 * (true & picks).sum() / (true.sum() + picks.sum())
            assert about["measures"]["f1"] == pytest.approx(f1, abs=1e-5)


def test_a_cell_that_learns_from_unlabelled_texts_says_how_that_went(plan: Plan, done: Path) -> None:
    cell = fixmatch(plan)
    found, twin = result(done, cell), result(done, cell.twin)
    assert found["course"]["steps"] == 5 and len(found["course"]["sure"]) == 5
    assert found["course"]["sure"] == [1.0] * 5
    told = found["semisupervision"]
    assert told["dev"] == pytest.approx(found["sets"]["dev"]["measures"]["f1"], abs=1e-5)
    assert told["twin"] == pytest.approx(twin["sets"]["dev"]["measures"]["f1"], abs=1e-5)
    assert told["gain"] == pytest.approx(told["dev"] - told["twin"])
    assert twin["semisupervision"] is None and twin["course"] == {"steps": 3}


def test_a_second_start_runs_nothing(plan: Plan, done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.read_bytes() for path in (done / "cells").iterdir()}
    monkeypatch.setattr(cells, "measured", lambda *_: pytest.fail("measured again"))
    for cell in plan.cells():
        assert list(cells.run(cell, done / "work", done / "cells")) == []
    assert {path: path.read_bytes() for path in (done / "cells").iterdir()} == before


def test_an_encoder_that_read_the_pool_is_named_wherever_it_lies(plan: Plan, tmp_path: Path) -> None:
    reading = {
        "model": str(tiny.masked(tmp_path / "bert")),
        "window": 24,
        "epochs": 1,
        "precision": "float32",
    }
    found = run(replace(fixmatch(plan).twin, adapt=reading), tmp_path)
    (adapted,) = (tmp_path / "work").glob("adapted-*")
    assert found["resolved"]["settings"]["model"] == adapted.name
    assert str(tmp_path / "work") not in str(found)


def test_an_update_with_other_settings_trains_elsewhere(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the run of the version before would be in the way, as the twin of cells that are still to be run."""
    cell = fixmatch(plan).twin
    before = cells.place_of(cell, tmp_path)
    assert before == cells.place_of(cell, tmp_path)
    family = plugins.get("family", cell.family).FAMILY
    added = make_dataclass("Later", [("added", int, 1)], bases=(family.Config,), frozen=True)
    monkeypatch.setattr(type(family), "Config", added)
    assert cells.place_of(cell, tmp_path) != before


def test_what_is_large_is_not_left_behind(done: Path, plan: Plan) -> None:
    assert not cells.place_of(fixmatch(plan), done / "work").exists()
    assert not list((done / "work").glob("run-*/checkpoints"))


@pytest.fixture(scope="module")
def told(plan: Plan, done: Path) -> dict[str, Any]:
    return summary.write(plan, plan.cells(), done / "cells", done / "sum")


def test_no_result_holds_a_text(done: Path, told: dict[str, Any]) -> None:
    texts = {one.text for place in (done / "work").glob("split-*") for one in Split.load(place).part("test")}
    assert texts and all(CANARY in text for text in texts)
    for path in [*(done / "cells").iterdir(), *(done / "sum").iterdir()]:
        said = path.read_text()
        assert CANARY not in said and not any(word in said for word in ("aunt", "bicycle", "revenge"))


def test_the_summary_says_what_each_way_is_worth(told: dict[str, Any]) -> None:
    assert (told["cells"], told["finished"]) == (6, 6)
    by = {(row["family"], row["labels"], row["algorithm"]): row for row in told["groups"]}
    assert by["linear", "all", "supervised"]["labelled"] == 38
    ours = by["encoder", 10, "fixmatch"]
    twin = by["encoder", 10, "supervised"]
    difference = ours["test"]["value"] - twin["test"]["value"]
    assert ours["gain"]["value"] == pytest.approx(difference, abs=2e-4)
    assert by["linear", "all", "supervised"]["test"]["value"] > 0.9  # every bad word was seen


@pytest.mark.parametrize("kill", [1, 5, 7])
def test_a_cell_that_was_killed_gives_the_same_measures(
    plan: Plan, done: Path, tmp_path: Path, kill: int
) -> None:
    """Killed in the twin, in the first or the last steps of its own, or once it was trained."""
    cell = fixmatch(plan)
    steps = iter(cells.run(cell, tmp_path / "work", tmp_path / "cells"))
    for number, stepped in enumerate(steps, 1):
        if number == kill or (kill == 7 and stepped.step == stepped.steps == 5):
            break
    steps.close()  # type: ignore[attr-defined]
    assert not (tmp_path / "cells" / f"{cell.key}.json").exists()
    again, whole = run(cell, tmp_path), result(done, cell)
    for name in ("sets", "rows", "semisupervision", "course"):
        assert again[name] == whole[name]


def test_a_twin_that_was_thrown_away_is_trained_again(plan: Plan, done: Path, tmp_path: Path) -> None:
    """`work` may be deleted at any time; the twin's result stays as it is."""
    cell = fixmatch(plan)
    files.write_json(tmp_path / "cells" / f"{cell.twin.key}.json", {"kept": True})
    assert run(cell, tmp_path)["sets"] == result(done, cell)["sets"]
    assert files.read_json(tmp_path / "cells" / f"{cell.twin.key}.json") == {"kept": True}


def test_views_are_made_once_for_all_seeds(plan: Plan, done: Path, tmp_path: Path) -> None:
    for _ in cells.run(replace(fixmatch(plan), seed=1), done / "work", tmp_path / "cells"):
        pass
    assert len(list((tmp_path / "cells").iterdir())) == 2  # its own and its twin's
    assert len(list((done / "work").glob("views-*"))) == 1


def test_the_starter_set_and_its_own_minimal_pairs(tmp_path: Path) -> None:
    """Three labels, and a set to transfer to that has groups."""
    data = {"taxonomy": "emotional-risk", "train": ["starter"], "test_share": 0.2, "dev_share": 0.2}
    task = Task(data | {"sample": "balanced"}, ("minimal-pairs",))
    block = Block(("starter",), (0,), labels=(60,), family=("majority",))
    (cell,) = Plan("tiny", {"starter": task}, (block,)).cells()
    found = run(cell, tmp_path)
    assert found["rows"]["labelled"] == 60
    true, picks = (cells.unpacked(found["sets"]["test"][name]) for name in ("truth", "picks"))
    assert true.shape == picks.shape == (found["rows"]["test"], 3)
    assert (picks.sum(axis=0) > 0).sum() == 1  # the same answer to everything
    share = true[:, picks[0]].mean()
    assert found["sets"]["test"]["measures"]["macro-f1"] == pytest.approx(
        2 * share / (1 + share) / 3, abs=1e-5
    )
    assert found["sets"]["test"]["clean"] is None
    (row,) = summary.write(Plan("tiny", {"starter": task}, (block,)), [cell], tmp_path / "cells", tmp_path)[
        "groups"
    ]
    assert row["transfer"]["minimal-pairs"]["value"] == pytest.approx(
        found["sets"]["minimal-pairs"]["measures"]["macro-f1"], abs=1e-4
    )
    assert json.dumps(found).count("http") == 0 and np.isfinite(row["dev"])


def test_test_rows_whose_group_was_learned_from_are_told_apart(plan: Plan, tmp_path: Path) -> None:
    """The first ten test rows are of people that the training set knows."""
    for name, start in (("mine", 0), ("later", 100)):
        card = Path(table(tmp_path, name, start, 50))
        rows = list(csv.DictReader((tmp_path / f"{name}.csv").open()))
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["text", "verdict", "who"])
            writer.writeheader()
            for i, row in enumerate(rows):
                known = name == "mine" or i < 10
                writer.writerow(row | {"who": f"person {i % 5}" if known else f"stranger {i // 2}"})
        card.write_text(card.read_text() + "group: who\nsource: shared\n")
    own = {"train": [str(tmp_path / "mine.yaml")], "test": [str(tmp_path / "later.yaml")]}
    data = dict(plan.tasks["own"].data) | own
    cell = replace(plan.cells()[0], data=data, transfer=())
    test = run(cell, tmp_path)["sets"]["test"]
    clean = cells.unpacked(test["clean"])
    assert clean.tolist() == [False] * 10 + [True] * 40
    groups = cells.unpacked_numbers(test["groups"])
    assert groups[:10] == [0, 1, 2, 3, 4] * 2 and len(set(groups[10:])) == 20

"""Cells on Ray: each is run once, results land with the others, and a worker that dies costs time alone."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mindrail.study import spread
from mindrail.study.plan import Block, Cell, Plan, Task

pytest.importorskip("ray", reason="the extra 'ray' is not installed")

#: stands for `mindrail study FOLDER --work WORK --cell KEY`; {marks} counts how often a key was begun
CELL = """
import os, pathlib, signal, sys
folder, key = pathlib.Path(sys.argv[2]), sys.argv[-1]
begun = pathlib.Path({marks!r}) / key
first = not begun.exists()
with begun.open("a") as file: file.write("x")
assert (folder / "plan.yaml").read_text() == "name: tiny" and sys.argv[3:5] == ["--small", "--work"]
print("zq-canary-text", file=sys.stderr)
if key == {lost!r} and first: os.kill(os.getppid(), signal.SIGKILL); signal.pause()
if key == {wrong!r}: sys.exit(3)
(folder / "cells").mkdir()
(folder / "cells" / (key + ".json")).write_text(os.environ["OMP_NUM_THREADS"])
"""


@pytest.fixture(scope="module")
def cells() -> list[Cell]:
    return Plan("tiny", {"one": Task({})}, (Block(("one",), (0, 1, 2, 3)),)).cells()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, cells: list[Cell]) -> Iterator[Path]:
    """Four cells on two cores: one is done before, one kills its worker the first time, one fails."""
    place = tmp_path_factory.mktemp("spread")
    (place / "begun").mkdir()
    (place / "cells").mkdir()
    (place / "plan.yaml").write_text("name: tiny")
    (place / "cells" / f"{cells[0].key}.json").write_text("there before")
    script = CELL.format(marks=str(place / "begun"), lost=cells[1].key, wrong=cells[2].key)
    program = [sys.executable, "-S", "-c", script]
    over = spread.run(cells, place, ["--small"], place / "work", jobs=2, minutes=None, program=program)
    (place / "said").write_text("\n".join(f"{one.cell.key} {one.code} {one.done} {one.of}" for one in over))
    return place


def test_results_land_with_those_that_are_there(place: Path, cells: list[Cell]) -> None:
    found = {path.stem: path.read_text() for path in (place / "cells").iterdir()}
    assert found == {cells[0].key: "there before", cells[1].key: "1", cells[3].key: "1"}


def test_a_lost_worker_costs_its_cells_time_alone(place: Path, cells: list[Cell]) -> None:
    begun = {path.name: len(path.read_text()) for path in (place / "begun").iterdir()}
    assert begun == {cells[1].key: 2, cells[2].key: 1, cells[3].key: 1}


def test_who_listens_hears_of_every_cell(place: Path, cells: list[Cell]) -> None:
    lines = [line.split() for line in (place / "said").read_text().splitlines()]
    assert {(key, code) for key, code, _, _ in lines} == {
        (cells[1].key, "0"),
        (cells[2].key, "3"),
        (cells[3].key, "0"),
    }
    assert [(done, of) for _, _, done, of in lines] == [("1", "3"), ("2", "3"), ("3", "3")]


def test_what_a_cell_says_is_in_its_log(place: Path, cells: list[Cell]) -> None:
    for cell in cells[1:]:
        assert "zq-canary-text" in (place / "work" / f"{cell.key}.log").read_text()


def test_after_its_time_nothing_is_started(place: Path, cells: list[Cell], tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("name: tiny")
    over = spread.run(cells, tmp_path, [], tmp_path / "work", jobs=1, minutes=0.0)
    assert list(over) == [] and "RAY_ADDRESS" not in os.environ

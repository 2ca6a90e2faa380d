"""Cells are run once each, several at a time, and one that fails does not stop the others."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mindrail.study import runner
from mindrail.study.alone import alone
from mindrail.study.plan import Block, Cell, Plan, Task

GOOD = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('{}'); print('fine')"
BAD = "import sys; print('what went wrong', file=sys.stderr); sys.exit(3)"
KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
SLOW = "import time; time.sleep(60)"

Script = Callable[[str], str]


@pytest.fixture
def cells() -> list[Cell]:
    return Plan("tiny", {"one": Task({})}, (Block(("one",), (0, 1, 2, 3)),)).cells()


class Starts:
    """Stands for the processes of cells: what was started, and in which slot."""

    def __init__(self, results: Path, script: Script) -> None:
        self.results, self.script = results, script
        self.keys: list[str] = []
        self.processes: list[subprocess.Popen[bytes]] = []
        self.most = 0
        results.mkdir(exist_ok=True)

    def __call__(self, command: Sequence[str], log: Path, slot: int, jobs: int) -> subprocess.Popen[bytes]:
        assert command[:-1] == ["--cell"] and 0 <= slot < jobs
        key = command[-1]
        self.keys.append(key)
        self.most = max(self.most, 1 + sum(process.poll() is None for process in self.processes))
        words = [sys.executable, "-S", "-c", self.script(key), str(self.results / f"{key}.json")]
        with log.open("ab") as file:
            self.processes.append(subprocess.Popen(words, stdout=file, stderr=file))
        return self.processes[-1]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: list[Cell]
) -> Callable[..., tuple[Starts, list[runner.Finished]]]:
    def call(
        script: Script, jobs: int = 2, minutes: float | None = None
    ) -> tuple[Starts, list[runner.Finished]]:
        starts = Starts(tmp_path / "cells", script)
        monkeypatch.setattr(runner, "_start", starts)
        work = runner.run(
            cells, ["--cell"], tmp_path / "cells", tmp_path / "work", jobs=jobs, minutes=minutes
        )
        return starts, list(work)

    return call


Call = Callable[..., tuple[Starts, list[runner.Finished]]]


def test_every_cell_is_run_and_none_twice(run: Call, cells: list[Cell], tmp_path: Path) -> None:
    starts, over = run(lambda _: GOOD)
    assert starts.keys == [cell.key for cell in cells]
    assert starts.most <= 2
    assert {one.cell.key for one in over} == set(starts.keys) and all(one.code == 0 for one in over)
    assert [(one.done, one.of) for one in over] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert runner.pending(cells, tmp_path / "cells") == []
    again, over = run(lambda _: GOOD)
    assert again.keys == [] and over == []


def test_what_another_command_is_at_comes_last(run: Call, cells: list[Cell], tmp_path: Path) -> None:
    with alone(tmp_path / "work", cells[0].key), alone(tmp_path / "work", cells[2].key):
        starts, _ = run(lambda _: GOOD, 1)
    assert starts.keys == [cells[n].key for n in (1, 3, 0, 2)]


def test_one_that_fails_is_told_with_its_log_and_the_others_go_on(
    run: Call, cells: list[Cell], tmp_path: Path
) -> None:
    bad = cells[1].key
    _, over = run(lambda key: BAD if key == bad else GOOD)
    codes = {one.cell.key: one.code for one in over}
    assert codes == {cell.key: 3 if cell.key == bad else 0 for cell in cells}
    log = next(one.log for one in over if one.code)
    assert "what went wrong" in log.read_text()
    assert runner.pending(cells, tmp_path / "cells") == [cells[1]]


def test_one_that_was_killed_is_run_again(run: Call, cells: list[Cell]) -> None:
    killed = cells[2].key
    _, over = run(lambda key: KILLED if key == killed else GOOD)
    assert [one.code for one in over if one.cell.key == killed] == [-9]
    again, over = run(lambda _: GOOD)
    assert again.keys == [killed] and [(one.code, one.of) for one in over] == [(0, 1)]


def test_after_its_time_nothing_is_started(run: Call) -> None:
    starts, over = run(lambda _: GOOD, minutes=0.0)
    assert starts.keys == [] and over == []
    starts, over = run(lambda _: GOOD, minutes=10.0)
    assert len(over) == 4


def test_what_runs_when_time_is_up_comes_to_its_end(
    run: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow = f"import time; time.sleep(0.5); {GOOD}"
    starts, over = run(lambda _: slow, jobs=1, minutes=0.3 / 60)
    assert len(starts.keys) == len(over) == 1 and over[0].code == 0


def test_who_stops_the_study_stops_its_cells(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = Starts(tmp_path / "cells", lambda key: GOOD if key == cells[0].key else SLOW)
    monkeypatch.setattr(runner, "_start", starts)
    work = runner.run(cells, ["--cell"], tmp_path / "cells", tmp_path / "work", jobs=2, minutes=None)
    next(iter(work))
    work.close()  # type: ignore[attr-defined]
    until = time.monotonic() + 20
    while any(process.poll() is None for process in starts.processes) and time.monotonic() < until:
        time.sleep(0.02)
    assert [process.returncode for process in starts.processes] in ([0, -15], [0, -15, -15])


def test_slots_share_the_cores_evenly_and_no_core_is_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(10, 17)), raising=False)
    monkeypatch.setattr("mindrail.machine.cores", lambda: 7)
    parts = [runner._cores(slot, 3) for slot in range(3)]
    assert sorted(map(len, parts)) == [2, 2, 3] and set().union(*parts) == set(range(10, 17))
    assert runner._cores(0, 8) == set()  # more cells than cores: let the system decide

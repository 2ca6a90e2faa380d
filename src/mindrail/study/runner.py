"""Running a plan's cells: each in a process of its own, several at once, none twice."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mindrail import machine
from mindrail.study.alone import taken
from mindrail.study.plan import Cell


@dataclass(frozen=True)
class Finished:
    """One cell is over. `code` is its process's exit code, 0 for success; its own words are in `log`."""

    cell: Cell
    code: int
    seconds: float
    log: Path
    done: int
    of: int


def pending(cells: Sequence[Cell], results: Path) -> list[Cell]:
    """The cells without a result."""
    return [cell for cell in cells if not (results / f"{cell.key}.json").is_file()]


def run(
    cells: Sequence[Cell],
    command: Sequence[str],
    results: Path,
    work: Path,
    *,
    jobs: int,
    minutes: float | None,
) -> Iterator[Finished]:
    """Run what has no result yet, `jobs` at once, starting none after `minutes`.

    Several commands may share a plan and its `work`: each takes cells that no other is at.

    `command` runs one cell when its key is appended. Processes share the cores evenly, each with threads of its own
    cores only, because two runs of one thread get more done than one of two.
    """
    work.mkdir(parents=True, exist_ok=True)
    waiting, began = pending(cells, results), time.monotonic()
    total, done = len(waiting), 0
    running: dict[int, tuple[Cell, subprocess.Popen[bytes], float, Path]] = {}
    try:
        while waiting or running:
            late = minutes is not None and time.monotonic() - began >= 60 * minutes
            free = [slot for slot in range(jobs) if slot not in running]
            while waiting and free and not late:
                cell, slot = _next(waiting, work), free.pop(0)
                waiting.remove(cell)
                log = work / f"{cell.key}.log"
                running[slot] = (cell, _start([*command, cell.key], log, slot, jobs), time.monotonic(), log)
            if late and not running:
                return
            for slot, (cell, process, since, log) in list(running.items()):
                if process.poll() is not None:
                    del running[slot]
                    done += 1
                    yield Finished(cell, process.returncode, time.monotonic() - since, log, done, total)
            time.sleep(0.2)
    finally:
        for _, process, _, _ in running.values():
            process.terminate()


def _next(waiting: Sequence[Cell], work: Path) -> Cell:
    """The first cell that no other command is at; where others are at all of them, the first."""
    return next((cell for cell in waiting if not taken(work, cell.key)), waiting[0])


def _start(command: Sequence[str], log: Path, slot: int, jobs: int) -> subprocess.Popen[bytes]:
    own = _cores(slot, jobs)
    with log.open("ab") as file:
        process = subprocess.Popen([sys.executable, "-m", "mindrail", *command], stdout=file, stderr=file)
    if own and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, own)
    return process


def _cores(slot: int, jobs: int) -> set[int]:
    """The cores of one slot, where there are enough for everyone."""
    if not hasattr(os, "sched_getaffinity") or jobs > machine.cores():
        return set()
    usable = sorted(os.sched_getaffinity(0))
    return set(usable[slot * len(usable) // jobs : (slot + 1) * len(usable) // jobs])

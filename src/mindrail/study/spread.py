"""A plan's cells on a Ray cluster, or on one started here: each a task, on whatever machine has a free core.

A cell runs in a process of its own, as `runner` would start it, in a folder of its own; its result, without any text,
comes back in Ray's answer, so machines share no disk. What it says comes back with it and is in no log of Ray's. A
machine that is lost takes the time of its cells with it: they are run again elsewhere.
"""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mindrail import files
from mindrail.batch.engines._cluster import cluster
from mindrail.study.plan import Cell
from mindrail.study.runner import Finished, pending

#: how often a cell is begun again whose worker or machine was lost
RETRIES = 3
LOST = -9
PROGRAM = (sys.executable, "-m", "mindrail")


class Told(NamedTuple):
    """What comes back of a cell: result files by name (its twin's too), and what its process said."""

    code: int
    results: Mapping[str, bytes]
    said: bytes


def run(
    cells: Sequence[Cell],
    folder: Path,
    options: Sequence[str],
    work: Path,
    *,
    jobs: int | None,
    minutes: float | None,
    address: str | None = None,
    program: Sequence[str] = PROGRAM,
) -> Iterator[Finished]:
    """Run what has no result in `folder/cells` yet, starting none after `minutes`; `jobs` at once, or one per core.

    The cluster at `address` is used, or one of this machine's cores until the end. Every machine needs mindrail, and
    the data where MINDRAIL_DATA says, its own or ours. Raises MissingExtra.
    """
    work.mkdir(parents=True, exist_ok=True)
    results, plan = folder / "cells", (folder / "plan.yaml").read_bytes()
    waiting, began = pending(cells, results), time.monotonic()
    total, running = len(waiting), dict[Any, tuple[Cell, float]]()
    if not waiting:
        return
    with cluster(address, jobs) as ray:
        task = ray.remote(num_cpus=1, max_retries=RETRIES)(_run)
        most = jobs or int(ray.cluster_resources()["CPU"])
        data = {name: value for name, value in os.environ.items() if name == "MINDRAIL_DATA"}
        command = [*options, "--work", str(work.resolve())]
        while waiting or running:
            late = minutes is not None and time.monotonic() - began >= 60 * minutes
            if late and not running:
                return
            while waiting and len(running) < most and not late:
                cell = waiting.pop(0)
                asked = task.remote(list(program), command, cell.key, plan, str(Path.cwd()), data)
                running[asked] = cell, time.monotonic()
            for done in ray.wait(list(running), timeout=1)[0]:
                cell, since = running.pop(done)
                try:
                    told = ray.get(done)
                except ray.exceptions.RayError as error:
                    told = Told(LOST, {}, f"lost on Ray: {type(error).__name__}\n".encode())
                log = work / f"{cell.key}.log"
                files.write_bytes(log, told.said)
                for name, result in told.results.items():
                    files.write_bytes(results / name, result)
                left = len(waiting) + len(running)
                yield Finished(cell, told.code, time.monotonic() - since, log, total - left, total)


def _run(
    program: list[str], options: list[str], key: str, plan: bytes, place: str, data: dict[str, str]
) -> Told:
    """In the worker: one cell, in a folder that goes with it."""
    with tempfile.TemporaryDirectory(prefix="mindrail-") as name:
        folder = Path(name)
        (folder / "plan.yaml").write_bytes(plan)
        done = subprocess.run(
            [*program, "study", name, *options, "--cell", key],
            cwd=place if Path(place).is_dir() else None,
            env=data | os.environ,  # where data are is known best on the machine itself
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=_end_with_us if sys.platform == "linux" else None,
            check=False,
        )
        results = {path.name: path.read_bytes() for path in (folder / "cells").glob("*.json")}
        return Told(done.returncode, results, done.stdout)


def _end_with_us() -> None:
    """In the cell's process: end when the worker does, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG

"""Workers of this machine: as many as are asked for, all with the one guard that the scan began with."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from helpers.guards import tiny_guard
from mindrail import Guard
from mindrail.batch.answers import answer
from mindrail.batch.engines import local
from mindrail.batch.engines._base import Engine, WorkerLost
from mindrail.errors import BrokenGuard, UsageError

ASKED = [(("user", "the soup is ready"),), (("user", "a storm"),)]


def kill_worker(engine: local.Local) -> None:
    (pool,) = engine._processes
    (process,) = pool._processes.values()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def test_a_worker_that_dies_is_replaced_but_never_by_one_with_another_guard(tmp_path: Path) -> None:
    guard = tiny_guard(tmp_path / "guard")
    with local.start(guard, 1, None) as engine:
        assert isinstance(engine, Engine)
        expected = answer(Guard.load(guard), ASKED)
        assert engine.submit(ASKED).result() == expected
        kill_worker(engine)
        with pytest.raises(WorkerLost):
            engine.submit(ASKED).result()
        assert engine.submit(ASKED).result() == expected
        kill_worker(engine)
        shutil.rmtree(guard)
        tiny_guard(guard, "linear")
        with pytest.raises(WorkerLost):
            engine.submit(ASKED).result()
        with pytest.raises(BrokenGuard, match="when the scan began"):
            engine.submit(ASKED).result()


def test_an_address_is_for_clusters(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has none"), local.start(tmp_path, 1, "here"):
        pass

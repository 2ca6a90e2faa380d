"""Processes of a Ray cluster, or of one started here for as long as the scan takes.

Ray's core rather than Ray Data: every piece of work is a task without effects, whose answer this process awaits
and writes, so a machine that is lost takes nothing with it but time. Only this process reads inputs and writes
shards; the other machines need mindrail installed, and neither the inputs nor the guard's folder.

Texts travel inside the task's own message, in pieces that are too small for Ray's object store, which is shared and
spills to disk. No error that could carry a text leaves a worker (`answers.answer`), and no log is sent around.
"""

import importlib.util
import os
import pickle
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from mindrail import machine
from mindrail.batch.answers import Answered, answer
from mindrail.batch.engines._base import WorkerLost
from mindrail.batch.rows import Said
from mindrail.errors import MissingExtra, Unreachable
from mindrail.guard import Guard
from mindrail.guard.manifest import NAME
from mindrail.guard.verify import verify

#: bytes of one argument; Ray keeps those under 100 KB out of its object store
_PIECE = 64_000
#: seconds without an answer, after which nobody is believed to work any more
_PATIENCE = 600.0

#: of a cluster that is started here: nobody else reaches it, and its workers do not stand back behind other processes
_OWN = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token", "RAY_worker_niceness": "0"}


class Ray:
    """Tasks that each answer a few texts, on whatever machine has a free core."""

    def __init__(self, guard: Path) -> None:
        import ray

        manifest, content = verify(guard)
        content[NAME] = (guard / NAME).read_bytes()
        self._ray, self._id = ray, manifest.id
        self._files = [ray.put(content)]  # in a list it is fetched by those who need it, not for every task
        self._task = ray.remote(num_cpus=1, max_retries=0)(_answer)

    def submit(self, asked: Sequence[Said]) -> "_Promised":
        """Answered by the next core that is free."""
        raw = pickle.dumps(asked)
        pieces = (raw[start : start + _PIECE] for start in range(0, len(raw), _PIECE))
        return _Promised(self._ray, self._task.remote(self._id, self._files, *pieces))


class _Promised:
    def __init__(self, ray: Any, answers: Any) -> None:
        self._ray, self._answers = ray, answers

    def result(self) -> list[Answered]:
        lost = self._ray.exceptions
        try:
            done: list[Answered] = self._ray.get(self._answers, timeout=_PATIENCE)
            return done
        except lost.GetTimeoutError:
            raise Unreachable(
                f"no machine of the Ray cluster has answered for {_PATIENCE:.0f} s. Do: see `ray status`, "
                "then go on with --resume"
            ) from None
        except lost.RayError:
            raise WorkerLost from None


@contextmanager
def start(guard: Path, workers: int | None, address: str | None) -> Iterator[Ray]:
    """Workers with that guard, on the cluster at `address` or one of `workers` cores here. Raises MissingExtra."""
    if importlib.util.find_spec("ray") is None:
        raise MissingExtra("ray", "ray", "the engine 'ray'")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address is None:
        os.environ.update(_OWN | {"RAY_AUTH_TOKEN": secrets.token_hex(32)})
    import ray  # reads the environment

    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    place = Path(tempfile.mkdtemp(prefix="ray-"))  # for its logs and sockets, to be removed
    try:
        if address is None:
            here = {"include_dashboard": False, "_temp_dir": str(place), "_node_ip_address": "127.0.0.1"}
            ray.init(num_cpus=workers or machine.cores(), **here, **quiet)
        else:
            ray.init(address, **quiet)
        yield Ray(guard)
    finally:
        ray.shutdown()
        shutil.rmtree(place, ignore_errors=True)


def _answer(guard: str, content: list[Any], *pieces: bytes) -> list[Answered]:
    """In the worker."""
    return answer(_opened(guard, content[0]), pickle.loads(b"".join(pieces)))  # noqa: S301, our own


@lru_cache(maxsize=1)
def _opened(guard: str, content: Any) -> Guard:
    """The guard of that id, fetched once for each process."""
    import ray

    with tempfile.TemporaryDirectory(prefix="mindrail-") as folder:
        for name, raw in ray.get(content).items():
            (Path(folder) / name).write_bytes(raw)
        return Guard.load(folder, threads=1)

"""Processes of a Ray cluster, or of one started here for as long as the scan takes.

Ray's core rather than Ray Data: every piece of work is a task without effects, whose answer this process awaits
and writes, so a machine that is lost takes nothing with it but time. Only this process reads inputs and writes
shards; the other machines need mindrail installed, and neither the inputs nor the guard's folder.

Texts travel inside the task's own message, in pieces that are too small for Ray's object store, which is shared and
spills to disk. No error that could carry a text leaves a worker (`answers.answer`), and no log is sent around.
"""

import pickle
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from mindrail.batch.answers import Answered, answer
from mindrail.batch.engines._base import WorkerLost
from mindrail.batch.engines._cluster import cluster
from mindrail.batch.rows import Said
from mindrail.errors import Unreachable
from mindrail.guard import Guard
from mindrail.guard.manifest import NAME
from mindrail.guard.verify import verify

#: bytes of one argument; Ray keeps those under 100 KB out of its object store
_PIECE = 64_000
#: seconds without an answer, after which nobody is believed to work any more
_PATIENCE = 600.0


class Ray:
    """Tasks that each answer a few texts, on whatever machine has a free core."""

    def __init__(self, ray: Any, guard: Path) -> None:
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
    with cluster(address, workers) as ray:
        yield Ray(ray, guard)


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

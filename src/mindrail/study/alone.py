"""One process at a time makes a thing, however many work on the same plan."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(work: Path, name: str) -> Iterator[None]:
    """Whoever comes first makes the thing of this name; the others wait and then find it."""
    work.mkdir(parents=True, exist_ok=True)
    with (work / f".{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def taken(work: Path, name: str) -> bool:
    """Whether somebody is at it now."""
    lock = work / f".{name}.lock"
    if not lock.is_file():
        return False
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False

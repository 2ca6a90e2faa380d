"""What an engine is: something that keeps guards at work, wherever they are."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

from mindrail.batch.answers import Answered
from mindrail.batch.rows import Said


class WorkerLost(Exception):
    """The process or machine that was at it is gone. Nothing is known of what it was asked; it can be asked again."""


@runtime_checkable
class Promised(Protocol):
    """Answers that are being made."""

    def result(self) -> list[Answered]:
        """Waits for them. Raises WorkerLost, and Stopped where nothing moves any more."""
        ...


@runtime_checkable
class Engine(Protocol):
    """Takes texts to a guard; several are worked on at once, on the queue are as many as are submitted."""

    def submit(self, asked: Sequence[Said]) -> Promised:
        """Have them answered."""
        ...


@runtime_checkable
class Start(Protocol):
    """`start` of an engine's file."""

    def __call__(
        self, guard: Path, workers: int | None, address: str | None
    ) -> AbstractContextManager[Engine]:
        """Workers with that guard (default: one per core), on the cluster at `address` where it has one."""
        ...

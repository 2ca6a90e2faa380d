"""What every way of rewording promises."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from mindrail.records import Example, Turn

#: Why there is no wording. Language-model failures keep their code; `unchanged`: nothing could be reworded.
NotMade = Literal["unchanged", "down", "refused", "budget", "junk", "timeout", "too_long", "unparsable"]


@dataclass(frozen=True)
class Wanted:
    """One view that is wanted: another wording of `example`, the `number`-th of its kind (from 0).

    `seed` is this view's own: chance must come from it alone.
    """

    example: Example
    number: int
    seed: int


@dataclass(frozen=True)
class Made:
    """What came of it: reworded turns (same speakers, same count), or why there are none."""

    turns: tuple[Turn, ...] | None
    reason: NotMade | None = None


@runtime_checkable
class Method(Protocol):
    """A way of rewording with its frozen settings. The same wanted view always gives the same wording.

    `identity` names everything the wording depends on (settings, model, prompts), for the cache and provenance.
    `chunk` is how many views it likes to make at once; work is saved after each chunk.
    """

    #: made again faster than looked up, so never cached
    cheap: ClassVar[bool]
    #: names of the checks that make no sense for it
    skips: ClassVar[frozenset[str]]

    @property
    def chunk(self) -> int:
        """How many views it likes to make at once."""
        ...

    def identity(self) -> dict[str, Any]:
        """Settings, model and prompt digests, as plain values. Opens the language model, where there is one."""
        ...

    def make(self, wanted: Sequence[Wanted]) -> Iterator[tuple[int, Made]]:
        """One result for each wanted view, with its position, in any order."""
        ...

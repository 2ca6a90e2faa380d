"""What every check promises: a verdict on each view, and the numbers it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from mindrail.records import Example


class Candidate(NamedTuple):
    """A view beside the example it was made from."""

    original: Example
    view: Example

    @property
    def turns(self) -> list[tuple[str, str]]:
        """(before, after) of every turn that was there to be reworded."""
        both = zip(self.original.turns, self.view.turns, strict=True)
        return [(before.text, after.text) for before, after in both][: self.original.focus + 1]


@dataclass(frozen=True)
class Finding:
    """Whether a view passed, else why not; `facts` are numbers worth keeping with it, never text."""

    passed: bool
    reason: str = ""  # empty: the name of the check
    facts: Mapping[str, float] = field(default_factory=dict)


@runtime_checkable
class Check(Protocol):
    """One question about views. Rejected views are counted under its `name`, or the reason of the finding."""

    @property
    def name(self) -> str:
        """What settings and methods call it."""
        ...

    def find(self, candidates: Sequence[Candidate]) -> list[Finding]:
        """A finding for each, in order. Candidates of one example follow one another."""
        ...

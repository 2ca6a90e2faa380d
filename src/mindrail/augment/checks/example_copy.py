"""Did the model hand back the example that it was shown? Small ones do."""

from collections.abc import Sequence
from dataclasses import dataclass

from mindrail.augment._units import tokens
from mindrail.augment.checks._base import Candidate, Finding

#: words in a row that nobody hits upon by chance
_RUN = 7


@dataclass(frozen=True)
class ExampleCopy:
    """Refuses a view with seven words in a row of a shown text that the original does not have."""

    shown: tuple[str, ...]
    name: str = "example_copy"

    def find(self, candidates: Sequence[Candidate]) -> list[Finding]:
        """No numbers are kept."""
        known = {run for text in self.shown for run in _runs(text)}
        return [
            Finding(not any(known & (_runs(after) - _runs(before)) for before, after in one.turns))
            for one in candidates
        ]


def _runs(text: str) -> set[tuple[str, ...]]:
    words = tokens(text)
    return {tuple(words[i : i + _RUN]) for i in range(len(words) - _RUN + 1)}

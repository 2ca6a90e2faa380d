"""Is the view about as long as the text? Half a text, or a lecture about it, is another text."""

from collections.abc import Sequence
from dataclasses import dataclass

from mindrail.augment.checks._base import Candidate, Finding

#: characters by which short texts may differ whatever the ratio
_SLACK = 20


@dataclass(frozen=True)
class Length:
    """Refuses a view of which a turn is under `shortest` times, or over `longest` times, as long as it was."""

    shortest: float
    longest: float
    name: str = "length"

    def find(self, candidates: Sequence[Candidate]) -> list[Finding]:
        """No numbers are kept; lengths are in the report."""
        return [Finding(all(self._fits(*turn) for turn in one.turns)) for one in candidates]

    def _fits(self, before: str, after: str) -> bool:
        least, most = self.shortest * len(before) - _SLACK, self.longest * len(before) + _SLACK
        return least <= len(after) <= most and bool(after.strip()) == bool(before.strip())

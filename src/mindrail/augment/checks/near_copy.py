"""Does the view say anything in other words? Copies teach nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mindrail.augment._units import tokens
from mindrail.augment.checks._base import Candidate, Finding
from mindrail.records import Example


@dataclass(frozen=True)
class NearCopy:
    """Refuses a view that shares `limit` or more of its words (as a Dice coefficient, order aside) with the
    original, or is equal to an earlier view of the same text, case and white space aside.

    Moving words alone is no new wording: all of them are shared.
    """

    limit: float
    name: str = "near_copy"

    def find(self, candidates: Sequence[Candidate]) -> list[Finding]:
        """The share of common words is kept as `overlap`."""
        found, seen = [], {(one.original.id, one.original.normalised()) for one in candidates}
        for one in candidates:
            key = (one.original.id, one.view.normalised())
            share = overlap(one.original, one.view)
            passed = key not in seen and share < self.limit
            if passed:
                seen.add(key)
            found.append(Finding(passed, facts={"overlap": round(share, 3)}))
        return found


def overlap(one: Example, other: Example) -> float:
    """The share of words in common, each as often as it occurs, up to the judged turn; 1 for the same words."""
    mine, theirs = _words(one), _words(other)
    total = mine.total() + theirs.total()
    return 2 * (mine & theirs).total() / total if total else 1.0


def _words(example: Example) -> Counter[str]:
    return Counter(word for turn in example.turns[: example.focus + 1] for word in tokens(turn.text))

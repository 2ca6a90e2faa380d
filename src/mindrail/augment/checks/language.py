"""Is the view in the language of the text? Told from its letters, and for English from its smallest words."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from mindrail.augment._units import tokens
from mindrail.augment.checks._base import Candidate, Finding

#: words without which hardly any English sentence gets by, and that few other languages have
_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        "the of and to is that it you for on with are this be have from or had by but what all were we when your "
        "how which their if do will each about them then these would make into has more could been who its my",
    )
)
#: words a text needs before its smallest words say anything
_ENOUGH = 8
#: share of them in texts that are surely English, and in texts that are surely not
_YES, _NO = 0.15, 0.03


@dataclass(frozen=True)
class Language:
    """Refuses a view if more than `limit` of its letters changed script, or English came or went."""

    limit: float
    name: str = "language"

    def find(self, candidates: Sequence[Candidate]) -> list[Finding]:
        """No numbers are kept."""
        return [Finding(all(self._same(*turn) for turn in one.turns)) for one in candidates]

    def _same(self, before: str, after: str) -> bool:
        if moved(scripts(before), scripts(after)) > self.limit:
            return False
        shares = [share for share in map(english, (before, after)) if share is not None]
        return len(shares) < 2 or not (min(shares) <= _NO and max(shares) >= _YES)


def scripts(text: str) -> dict[str, float]:
    """The share of each script among the letters of a text.

    >>> scripts("Tee 茶")
    {'LATIN': 0.75, 'CJK': 0.25}
    """
    counts = Counter(_script(c) for c in text if c.isalpha())
    return {script: count / counts.total() for script, count in counts.items()}


def moved(one: dict[str, float], other: dict[str, float]) -> float:
    """The share of letters that would have to change script (total variation); 0 where a side has no letters."""
    if not one or not other:
        return 0.0
    return sum(abs(one.get(script, 0.0) - other.get(script, 0.0)) for script in {*one, *other}) / 2


def english(text: str) -> float | None:
    """The share of small English words; None for texts too short to tell."""
    words = tokens(text)
    return sum(word in _ENGLISH for word in words) / len(words) if len(words) >= _ENOUGH else None


@cache
def _script(letter: str) -> str:
    """The first word of its Unicode name: LATIN, CYRILLIC, CJK; Japanese syllables count as CJK."""
    name = unicodedata.name(letter, "UNKNOWN").split()[0]
    return "CJK" if name in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA") else name

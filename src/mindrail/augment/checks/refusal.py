"""Did the model answer the text, by declining, instead of rewording it?"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from mindrail.augment import _lexicon
from mindrail.augment.checks._base import Candidate, Finding

#: refusals come at once; a text that mentions one later is still a text
_START = 240


@dataclass(frozen=True)
class Refusal:
    """Refuses a view that begins like a refusal where the original does not."""

    name: str = "refusal"

    def find(self, candidates: Sequence[Candidate]) -> list[Finding]:
        """No numbers are kept."""
        return [
            Finding(not any(refuses(after) and not refuses(before) for before, after in one.turns))
            for one in candidates
        ]


def refuses(text: str) -> bool:
    """Whether a text begins like a model that declines.

    >>> refuses("I'm sorry, but I can't help with that."), refuses("I am sorry that you are sad.")
    (True, False)
    """
    return _patterns().search(text[:_START].replace("’", "'")) is not None


@cache
def _patterns() -> re.Pattern[str]:
    phrases = [phrase for group in _lexicon.lists("refusals").values() for phrase in group]
    return re.compile("|".join(f"(?:{phrase})" for phrase in phrases), re.IGNORECASE)

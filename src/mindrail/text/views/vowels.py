"""Vowels left out: `ths s th sp`. Each word becomes the commonest of its consonants, then the one after that."""

import re
from collections.abc import Iterator

from mindrail.text.lexicon import Lexicon
from mindrail.text.views._base import View

_WORD = re.compile(r"[^\W\d_]+")
_LETTERS, _VOWELS = re.compile("[a-z]"), "aeiou"
#: so many letters are no abbreviation; of English ones, two in five are vowels
_FEWEST, _MOST_VOWELS = 8, 0.08
#: how many readings: the words meant are the commonest in three cases of four, the second in one of ten
_READINGS = 2


def read(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The text with vowels, in each reading, where it has almost none."""
    lower = text.lower()
    vowels = sum(map(lower.count, _VOWELS))
    if (
        vowels > _MOST_VOWELS * len(lower)
        or not _FEWEST <= len(_LETTERS.findall(lower)) >= vowels / _MOST_VOWELS
    ):
        return
    for place in range(_READINGS):
        yield _WORD.sub(lambda match, place=place: lexicon.vowelled(match.group(), place), text)  # type: ignore[misc]


VIEW = View("decodes", read)

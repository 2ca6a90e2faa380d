"""Every letter moved along the alphabet (rot13 and its kin), or counted from its end (atbash)."""

from collections.abc import Iterator
from string import ascii_lowercase as lower
from string import ascii_uppercase as upper

from mindrail.text.lexicon import Lexicon
from mindrail.text.views._base import View, readable

_KEYS = [
    str.maketrans(lower + upper, lower[by:] + lower[:by] + upper[by:] + upper[:by])
    for by in (13, *range(1, 13), *range(14, 26))
] + [str.maketrans(lower + upper, lower[::-1] + upper[::-1])]
#: as much of a text as tells which key fits
_SAMPLE = 400


def read(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The text under the key that makes most words of it, if any makes enough."""
    sample = text[:_SAMPLE]
    best = max(_KEYS, key=lambda key: lexicon.share(sample.translate(key)))
    if readable(sample.translate(best), sample, lexicon):
        yield text.translate(best)


VIEW = View("deciphers", read)

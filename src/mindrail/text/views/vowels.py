"""Vowels left out: `ths s th sp`. Each such word becomes the commonest word of the same consonants."""

import re
from collections.abc import Iterator

from mindrail.text.lexicon import Lexicon
from mindrail.text.views._base import View, readable

_WORD = re.compile(r"[^\W\d_]+")


def read(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The text with vowels, where that makes words of it."""
    made = _WORD.sub(lambda match: lexicon.vowelled(match.group()), text)
    if readable(made, text, lexicon):
        yield made


VIEW = View("deciphers", read)

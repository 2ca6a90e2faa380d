"""Turned letters, read from the end."""

from collections.abc import Iterator

from mindrail.text.lexicon import Lexicon
from mindrail.text.views._base import View

_TURNED = "ɐqɔpǝɟƃɥᴉɾʞꞁɯuodbɹsʇnʌʍxʎz"
_LETTERS = str.maketrans(_TURNED + "ıɓɠɹ¿¡˙'‾", "abcdefghijklmnopqrstuvwxyz" + "ibgr?!.,_")
_MARKS = frozenset(_TURNED) - frozenset("abcdefghijklmnopqrstuvwxyz")
#: so many turned letters are no accident
_FEWEST = 3


def read(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The text turned the right way up."""
    if not text.isascii() and sum(c in _MARKS for c in text) >= _FEWEST:
        yield text[::-1].translate(_LETTERS)


VIEW = View("decodes", read)

"""Written from the end, or each word from its end."""

from collections.abc import Iterator

from mindrail.text.lexicon import Lexicon
from mindrail.text.views._base import View, readable


def read(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The text turned round, as a whole and word by word, where that makes words of it."""
    turned = text[::-1]
    if readable(turned, text, lexicon):
        yield turned
        yield " ".join(turned.split()[::-1])


VIEW = View("deciphers", read)

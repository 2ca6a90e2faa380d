"""What every view is: a cheap look at a text, and where it applies, the text as it reads then."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from mindrail.text.lexicon import Lexicon

#: `cleans`: the same words, written plainly. `decodes`: parts that are written in a code.
#: `deciphers`: the whole text, and only where it is not made of known words.
#: `rescues`: cleans too, but only where the model has read too little of the text as it is written.
Kind = Literal["cleans", "decodes", "deciphers", "rescues"]
#: a text is made of words from this share of known letters on
WORDS = 0.5


@dataclass(frozen=True)
class View:
    """A view. `read` gives the text as read by it; nothing, or the text itself, where it does not apply.

    Never longer than a few times the text, in time about linear in it, and the same for the same text.
    """

    kind: Kind
    read: Callable[[str, Lexicon], Iterable[str]]


def readable(made: str, text: str, lexicon: Lexicon) -> bool:
    """Whether what a key made of a text is far more made of known words than the text itself."""
    return lexicon.share(made) >= max(WORDS, lexicon.share(text) + 0.25)

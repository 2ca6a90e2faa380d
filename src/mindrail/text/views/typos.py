"""Neighbouring letters exchanged: `tihs`, `gadren`, `mroning`.

Only words that the guard does not know and that one exchange behind the first letter makes known, where the text
is made of known words then. Other slips of the keys are left alone: a tokenizer's vocabulary lacks so many
ordinary words that most of what one wrong, missing or added letter would mend is no slip (`tweet` is not `tweed`).
"""

import re
from collections.abc import Iterator

from mindrail.text.lexicon import Lexicon
from mindrail.text.views._base import WORDS, View

#: shorter words have too many neighbours, longer ones are not in vocabularies
_WORD = re.compile(r"(?<![^\W_])[^\W\d_]{4,20}(?![^\W_])")


def read(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The text with such words as they were meant."""
    unknown = lexicon.unknown(_WORD.findall(text.lower()))
    meant = {word: known for word in unknown if (known := lexicon.commonest(_exchanged(word)))}
    if not meant:
        return
    made = _WORD.sub(lambda match: meant.get(match.group().lower(), match.group()), text)
    if lexicon.share(made) >= WORDS:
        yield made


def _exchanged(word: str) -> Iterator[str]:
    """The word with each two neighbours behind its first letter exchanged."""
    return (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(1, len(word) - 1))


VIEW = View("cleans", read)

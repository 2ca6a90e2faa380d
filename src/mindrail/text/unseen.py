"""Characters that show nothing, and how much of a text is made of them."""

import unicodedata
from functools import lru_cache

#: shows nothing, though its category is that of a letter or a mark
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_NOTHING = frozenset(("Cf", "Cc", "Co", "Cn", "Cs"))
#: join, keep apart, or choose the look of their neighbours; ordinary beside an emoji or in scripts that need them
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")


@lru_cache(maxsize=4096)
def shows_nothing(character: str) -> bool:
    """Whether a character is invisible: formats, controls, private use, unassigned, selectors, fillers."""
    if character.isascii():
        return not character.isprintable() and character not in "\t\n\r"
    if character in _BLANK or "\ufe00" <= character <= "\ufe0f" or "\U000e0000" <= character <= "\U000e0fff":
        return True
    return unicodedata.category(character) in _NOTHING


def unseen(text: str) -> float:
    """The share of a text's characters, space left out, that show nothing and are not in ordinary use.

    Joiners and selectors between characters beyond ASCII are: emoji, Persian and Indic scripts need them.
    """
    if text.isascii() and text.isprintable():
        return 0.0
    hidden = visible = 0
    for place, character in enumerate(text):
        if shows_nothing(character):
            hidden += not (character in _JOINERS and _beside(text, place))
        else:
            visible += not character.isspace()
    return hidden / (hidden + visible) if hidden else 0.0


def _beside(text: str, place: int) -> bool:
    """Whether what stands before is a visible character beyond ASCII, or an emoji's digit."""
    before = text[place - 1] if place else " "
    if before == "\ufe0f" and place > 1:
        before = text[place - 2]
    return not shows_nothing(before) and (not before.isascii() or before in "0123456789#*")

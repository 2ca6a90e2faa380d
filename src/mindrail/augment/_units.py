"""A text as units that can be exchanged, and what stands between them; put together it is the text again."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from mindrail.augment import _lexicon

#: A word; a character of a script that puts no space between words; or something that keeps its place:
#: a negation, a number, an address, the mark of a speaker at the start of a line.
Kind = Literal["word", "sign", "kept"]

_SIGNS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_UNIT = re.compile(
    rf"""(?P<kept> ^[^\S\n]*[^\W\d_]{{1,20}}[ ]?[:：]   # who speaks
                 | \w{{1,16}}://\S+ | [\w.+-]{{1,64}}@\S+ | \#\w+  # addresses
                 | [^\W{_SIGNS}]{{0,64}}\d (?: [\w.,:/%-]* \w )? )    # anything with a digit
      | (?P<sign> [{_SIGNS}] )
      | (?P<word> [^\W\d_{_SIGNS}]+ (?: ['’-] [^\W\d_{_SIGNS}]+ )* )""",
    re.VERBOSE | re.MULTILINE,
)


class Unit(NamedTuple):
    """`gap` is what stands between this unit and the next."""

    text: str
    gap: str
    kind: Kind


class Cut(NamedTuple):
    """A text: what stands before the first unit, and the units."""

    lead: str
    units: tuple[Unit, ...]

    @property
    def text(self) -> str:
        """The text again."""
        return self.lead + "".join(unit.text + unit.gap for unit in self.units)


def cut(text: str) -> Cut:
    """Take a text apart."""
    found = list(_UNIT.finditer(text))
    starts = [*(match.start() for match in found), len(text)]
    units = (
        Unit(match.group(), text[match.end() : following], _kind(match))
        for match, following in zip(found, starts[1:], strict=True)
    )
    return Cut(text[: starts[0]], tuple(units))


def tokens(text: str) -> list[str]:
    """The units of a text in lower case, for counting what two texts share."""
    return [unit.text.lower() for unit in cut(text).units]


def without(units: Sequence[Unit], gone: int) -> list[Unit]:
    """The units without one of them; of the two gaps around it the one that says more stays."""
    kept = [*units[:gone], *units[gone + 1 :]]
    if gone:
        before, after = units[gone - 1].gap, units[gone].gap
        says_more = after.strip(" ") or gone == len(units) - 1
        gap = before.rstrip(" ") + after if says_more else before
        kept[gone - 1] = units[gone - 1]._replace(gap=gap)
    return kept


def _kind(match: re.Match[str]) -> Kind:
    if match.lastgroup == "kept" or fixed(match.group()):
        return "kept"
    return "sign" if match.lastgroup == "sign" else "word"


def fixed(word: str) -> bool:
    """Whether a word or character negates or counts.

    >>> fixed("Don’t"), fixed("twelve"), fixed("soup")
    (True, True, False)
    """
    plain = word.lower().replace("’", "'")
    known = _lexicon.fixed()
    return plain in known or plain.endswith("n't") or any(part in known for part in plain.split("-"))

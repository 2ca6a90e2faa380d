"""Compatibility forms, invisible characters, stacked marks, text direction, hidden messages.

Full-width, circled, mathematical and superscript letters become letters (NFKC). What shows nothing is dropped:
zero-width characters, soft hyphens, private and unassigned code points. Messages in tag characters and variation
selectors, which show nothing either, are written out at the end. What is stored backwards behind a right-to-left
override is turned round.
"""

import re
import unicodedata
from collections.abc import Iterator

from mindrail.text.lexicon import Lexicon
from mindrail.text.unseen import shows_nothing
from mindrail.text.views._base import View

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: what tokenizers use as signs of their own; typed by a person they are only noise
_MARKUP = re.compile(r"\[(?:CLS|SEP|PAD|MASK|UNK)\]|</?s>|<\|[a-z_]{2,20}\|>")
_OVERRIDE = re.compile("\u202e([^\u202c\n]*)\u202c?")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2,}")
#: a compatibility form that is longer than this stays as it is: U+FDFA alone would grow eighteen times
_LONGEST = 4
#: ordinary signs that would turn into letters
_SIGNS = frozenset("™℠℡ªº")
_STACKED = re.compile(
    "([A-Za-z0-9\u00c0-\u052f\u1e00-\u1fff])[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20f0]+"
)


def read(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The text in plain characters."""
    if text.isascii():
        yield _MARKUP.sub(" ", _CONTROLS.sub("", text))
        return
    hidden = " ".join(
        filter(None, [*map(_of_tag, _TAGS.findall(text)), *map(_of_bytes, _SELECTORS.findall(text))])
    )
    turned = _OVERRIDE.sub(lambda match: match.group(1)[::-1], text)
    seen = "".join("" if shows_nothing(c) else c for c in turned)
    composed = unicodedata.normalize("NFC", "".join(map(_compatible, seen)))
    plain = _MARKUP.sub(" ", _STACKED.sub(r"\1", composed))
    yield f"{plain}\n{hidden}" if hidden else plain


def _compatible(character: str) -> str:
    if character.isascii() or character in _SIGNS or unicodedata.decomposition(character).startswith("<frac"):
        return character
    form = unicodedata.normalize("NFKC", character)
    return form if len(form) <= _LONGEST else character


def _of_tag(run: str) -> str:
    return "".join(chr(ord(c) - 0xE0000) for c in run)


def _of_bytes(run: str) -> str:
    """Variation selectors 1 to 256 as the bytes 0 to 255, if these are readable text."""
    raw = bytes(o - 0xFE00 if (o := ord(c)) < 0xE0000 else o - 0xE0100 + 16 for c in run)
    text = raw.decode("utf-8", "ignore")
    return text if len(text) > 1 and text.isprintable() else ""


VIEW = View("cleans", read)

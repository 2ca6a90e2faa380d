"""A text in pieces that people recognise: its words, and passages of words."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

#: characters that are words by themselves: Chinese and Japanese are written without spaces
_ALONE = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
#: what has no spaces for longer than this is cut
_LONGEST = 40
_RUN = re.compile(rf"[{_ALONE}]|[^\s{_ALONE}]{{1,{_LONGEST}}}")
_ENDS = tuple(".!?…。！？؟।\n")


@dataclass(frozen=True)
class Span:
    """`text[start:end]`, counted in characters (Unicode code points)."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """That part of the text."""
        return text[self.start : self.end]


def words(text: str) -> list[Span]:
    """The words, without the punctuation around them; several signs in a row are a word, a lone one is none.

    >>> said = "(Yes, it rained!) 下雨了。 :)"
    >>> [span.of(said) for span in words(said)]
    ['Yes', 'it', 'rained', '下', '雨', '了', ':)']
    """
    found = (_bare(text, run.start(), run.end()) for run in _RUN.finditer(text))
    return [span for span in found if span.end > span.start + 1 or not _is_sign(text[span.start])]


def passages(text: str, spans: Sequence[Span], most: int, longest: int) -> list[list[Span]]:
    """The words in passages of about equal size: at most `most` words and `longest` characters each.

    A passage ends with a sentence where one ends in its last quarter.
    """
    count = -(-len(spans) // most)
    size = -(-len(spans) // max(1, count))
    made: list[list[Span]] = []
    for place, span in enumerate(spans):
        if not made or _is_full(text, made[-1], span, size, len(spans) - place, most, longest):
            made.append([])
        made[-1].append(span)
    return made


def _is_full(
    text: str, passage: Sequence[Span], span: Span, size: int, left: int, most: int, longest: int
) -> bool:
    """Whether the next word begins another passage."""
    held = len(passage)
    if held == most or span.end - passage[0].start > longest:
        return True
    if held + left <= most:
        return False
    between = text[passage[-1].end : span.start]
    return held >= size or (held >= 0.75 * size and any(end in between for end in _ENDS))


def _bare(text: str, start: int, end: int) -> Span:
    """Without punctuation at either end, unless nothing would be left."""
    first, last = start, end
    while first < last and _is_sign(text[first]):
        first += 1
    while last > first and _is_sign(text[last - 1]):
        last -= 1
    return Span(first, last) if first < last else Span(start, end)


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] == "P"

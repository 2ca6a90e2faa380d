"""Digits and signs in the place of letters: `w4lk`, `s0up`, `c@lm`."""

import re
from collections.abc import Iterator

from mindrail.text.lexicon import Lexicon
from mindrail.text.views._base import View

_LIKE = str.maketrans("03456789@$+!|(<{€£", "oeasgtbgastilcccel")
_SIGNS = frozenset(map(chr, _LIKE)) | {"1"}
#: longer ones are no words; they may be keys, links or code
_LONGEST = 24
#: what may stand for either of two letters
_EITHER = ("i", "l")
_WORD = re.compile(r"\\?[^\s\"#%&*,/:;=?\[\]^`}~\\.]+")
#: no bracket before a word: `(sic)`
_CUE = re.compile(r"[^\W\d_][0-9@$+!|(<{€£]+[^\W\d_]|[0-9@$+!|€£][^\W\d_]{2}|[^\W\d_]{2}[0-9@$+|(<{€£]")
_INSIDE = re.compile(r"(?<=[^\W\d_])[013-9@$+!|]+(?=[^\W\d_])")
#: `3rd`, `10km`, `90s`: a number with its unit
_COUNT = re.compile(r"[$+(]?[0-9][0-9,.:]*[^\W\d_]{0,2}[)!+]?")


def read(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The text with letters in such words; where there are several, in all words that can be read so."""
    if _SIGNS.isdisjoint(text) or not _CUE.search(text):
        return
    words = _WORD.findall(text)
    several = sum(_spelled(word, lexicon) != word for word in words) > 1
    yield _WORD.sub(lambda match: _spelled(match.group(), lexicon, sure=several), text)


def _spelled(word: str, lexicon: Lexicon, *, sure: bool = False) -> str:
    """The word in letters, if the lexicon has it then, or if several signs stand between its letters."""
    if word.isalpha() or len(word) > _LONGEST or word.startswith("\\"):
        return word
    if not sure and (len(word) < 3 or _COUNT.fullmatch(word) or not _CUE.search(word)):
        return word
    core = word.rstrip("!)+")
    ends = word[len(core) :]
    for candidate, rest in ((core.lstrip("(<{"), ends), (word, "")):
        for one in _EITHER:
            made = candidate.replace("1", one).translate(_LIKE)
            if made in lexicon:
                return made + rest
    inside = len(_INSIDE.findall(core)) > (0 if sure else 1)
    return core.replace("1", "i").translate(_LIKE) + ends if inside else word


VIEW = View("cleans", read)

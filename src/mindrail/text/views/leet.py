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
_WORD = re.compile(r"[^\s\"#%&*,/:;=?\[\]^`}~\\.]+")
_CUE = re.compile(r"[^\W\d_][0-9@$+!|(<{€£]+[^\W\d_]|[0-9@$+!|(<{€£][^\W\d_]{2}|[^\W\d_]{2}[0-9@$+|(<{€£]")
_INSIDE = re.compile(r"[^\W\d_][013-9@$+!|]+[^\W\d_]")
#: `3rd`, `10km`, `90s`: a number with its unit
_COUNT = re.compile(r"[$+(]?[0-9][0-9,.:]*[^\W\d_]{0,2}[)!+]?")


def read(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The text with letters in such words."""
    if not _SIGNS.isdisjoint(text) and _CUE.search(text):
        yield _WORD.sub(lambda match: _spelled(match.group(), lexicon), text)


def _spelled(word: str, lexicon: Lexicon) -> str:
    """The word in letters, if the lexicon has it then, or if signs stand between its letters."""
    if word.isalpha() or not 3 <= len(word) <= _LONGEST or _COUNT.fullmatch(word) or not _CUE.search(word):
        return word
    core = word.rstrip("!)+")
    ends = word[len(core) :]
    core = core.lstrip("(<{")
    for one in _EITHER:
        for candidate in (core, word):
            made = candidate.replace("1", one).translate(_LIKE)
            if made in lexicon:
                return made + (ends if candidate is core else "")
    return core.replace("1", "i").translate(_LIKE) + ends if _INSIDE.search(core) else word


VIEW = View("cleans", read)

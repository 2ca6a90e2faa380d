"""Letters kept apart by spaces or signs, and words run together.

`k i n d`, `k.i.n.d` and `k-i-n-d` are joined. Where the gaps between words are no wider than those between
letters, or there are none at all, the words are found in the guard's own lexicon.
"""

import re
from collections import Counter
from collections.abc import Iterator

from mindrail.text.lexicon import Lexicon
from mindrail.text.views._base import View

#: four or more letters, each alone between signs or spaces
_APART = re.compile(r"(?<![^\W_])[^\W_](?:[\W_]{1,3}[^\W_](?![^\W_])){3,}")
_GAP = re.compile(r"[\W_]+")
#: a word with signs inside, such as `ki.nd`
_BROKEN = re.compile(r"[^\W\d_]+(?:[.*_~|+^`\-]{1,2}[^\W\d_]+)+")
_SIGNS = re.compile(r"[.*_~|+^`\-]+")
#: letters in a row that are too many for one word
_TOO_MANY = 20
_LONG = re.compile(rf"[^\W\d_]{{{_TOO_MANY},}}")
#: cheaper to look for than what they announce
_MAY_BE_APART = re.compile(r"[\W_][^\W_][\W_]{1,3}[^\W_][\W_]")
_MAY_BE_BROKEN = re.compile(r"[.*_~|+^`\-][^\W\d_]")
_MAY_BE_LONG = re.compile(rf"\S{{{_TOO_MANY}}}")


def read(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The text with its words whole."""
    made = text
    if _MAY_BE_APART.search(made):
        made = _APART.sub(lambda match: _joined(match.group(), lexicon), made)
    if _MAY_BE_BROKEN.search(made):
        made = _BROKEN.sub(lambda match: _mended(match.group(), lexicon), made)
    if _MAY_BE_LONG.search(made):
        made = _LONG.sub(lambda match: _parted(match.group(), lexicon), made)
    yield made


def _joined(run: str, lexicon: Lexicon) -> str:
    """Single letters as words: wider gaps part them, else the lexicon does."""
    gaps = _GAP.findall(run)
    usual = Counter(gaps).most_common(1)[0][0]
    words, letters = [""], _GAP.split(run)
    for letter, gap in zip(letters, [*gaps, ""], strict=True):
        words[-1] += letter
        if gap != usual and (len(gap) > len(usual) or "\n" in gap or (gap.isspace() and not usual.isspace())):
            words.append("")
    return " ".join(_parted(word, lexicon) for word in words if word)


def _parted(word: str, lexicon: Lexicon) -> str:
    """A word that the lexicon does not have as those that it is made of, if it is made of few enough."""
    if word in lexicon:
        return word
    parts = lexicon.parted(word)
    strays = sum(len(part) == 1 and part not in lexicon for part in parts)
    return " ".join(parts) if strays <= len(word) / 5 else word


def _mended(word: str, lexicon: Lexicon) -> str:
    """A broken word made whole, if it is one then and its pieces are not; two initials are none."""
    whole, pieces = _SIGNS.sub("", word), _SIGNS.split(word)
    broken = len(whole) > 2 and not all(piece in lexicon for piece in pieces)
    return whole if broken and whole in lexicon else word


VIEW = View("cleans", read)

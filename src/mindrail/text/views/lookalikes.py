"""Letters of other scripts, and dressed-up Latin ones, as the plain Latin letters that they look like.

Blanket mapping would ruin Russian and Greek. So a word is mapped only where it mixes in plain Latin letters,
is Latin with marks, or becomes a word that the guard knows. Latin letters are found by their names in Unicode;
the look-alikes of other scripts are a list of our own.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from math import prod

from mindrail.text.lexicon import Lexicon
from mindrail.text.views._base import View

_ALIKE = {
    # Cyrillic
    "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "ё": "e", "є": "e", "э": "e", "ғ": "f", "ԍ": "g",
    "һ": "h", "н": "h", "і": "i", "ї": "i", "ј": "j", "к": "k", "ӏ": "l", "м": "m", "п": "n", "и": "n",
    "о": "o", "р": "p", "ԛ": "q",
    "г": "r", "я": "r", "ѕ": "s", "т": "t", "ц": "u", "ѵ": "v", "ш": "w", "щ": "w", "ԝ": "w", "ѡ": "w", "х": "x",
    "у": "y", "ч": "y", "ү": "y", "з": "z", "ь": "b", "б": "b", "ъ": "b", "ґ": "r", "ө": "o",
    # Greek
    "α": "a", "β": "b", "ϲ": "c", "δ": "d", "ε": "e", "ϝ": "f", "γ": "y", "η": "n", "ι": "i", "ϳ": "j", "κ": "k",
    "λ": "l", "μ": "u", "ν": "v", "ο": "o", "σ": "o", "π": "n", "ρ": "p", "τ": "t", "υ": "u", "χ": "x", "ω": "w",
    "ς": "s", "ζ": "z", "θ": "o", "φ": "o", "ξ": "e", "Η": "H", "Μ": "M", "Ν": "N", "Ρ": "P", "Σ": "E", "Υ": "Y",
    # Armenian
    "օ": "o", "ս": "u", "հ": "h", "ո": "n", "զ": "q", "ց": "g", "յ": "j", "ռ": "n", "ա": "w", "ք": "p", "տ": "s",
    # Hebrew, Arabic-script and Thai are left alone: nothing in them passes for Latin in running text
    # Cherokee
    "Ꭰ": "D", "Ꭱ": "R", "Ꭲ": "T", "Ꭵ": "i", "Ꭺ": "A", "Ꭻ": "J", "Ꭼ": "E", "Ꮃ": "W", "Ꮇ": "M", "Ꮋ": "H",
    "Ꮐ": "G", "Ꮓ": "Z", "Ꮖ": "I", "Ꮢ": "R", "Ꮤ": "W", "Ꮥ": "S", "Ꮩ": "V", "Ꮪ": "S", "Ꮮ": "L", "Ꮯ": "C",
    "Ꮲ": "P", "Ꮶ": "K", "Ᏼ": "B", "Ꮍ": "Y", "Ꮑ": "A", "Ꮎ": "O", "Ꮕ": "O",
    # Lisu
    "ꓐ": "B", "ꓑ": "P", "ꓓ": "D", "ꓔ": "T", "ꓖ": "G", "ꓗ": "K", "ꓙ": "J", "ꓚ": "C", "ꓜ": "Z", "ꓝ": "F",
    "ꓟ": "M", "ꓠ": "N", "ꓡ": "L", "ꓢ": "S", "ꓣ": "R", "ꓦ": "V", "ꓧ": "H", "ꓪ": "W", "ꓫ": "X", "ꓬ": "Y",
    "ꓮ": "A", "ꓰ": "E", "ꓲ": "I", "ꓳ": "O", "ꓴ": "U",
    # symbols
    "∀": "a", "∂": "d", "∈": "e", "∊": "e", "ℓ": "l", "∩": "n", "∪": "u", "∨": "v", "×": "x", "¢": "c", "€": "e",
    "£": "l", "¥": "y", "₤": "l", "₦": "n", "₱": "p", "₩": "w", "฿": "b", "₵": "c", "₴": "s", "₮": "t", "ƛ": "l",
    "ß": "b", "þ": "p", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "ɩ": "i", "ɑ": "a", "ɡ": "g", "ſ": "s", "ɛ": "e",
    "ɔ": "c", "ɣ": "y", "ʋ": "v", "ʊ": "u", "ɪ": "i", "ƨ": "s", "ƽ": "s", "ƅ": "b", "ǀ": "l",
}  # fmt: skip
#: what they sound like, tried where the look makes no word
_SOUNDS = dict(zip("ρηνγσφθχпбвгдзилнруфхсы" + "мκμ", "rhngsfohpbvgdzilnrufhsy" + "mkm", strict=True))
_MOST = 64
_LATIN = re.compile(
    r"(?:MODIFIER LETTER |NEGATIVE CIRCLED |NEGATIVE SQUARED |SQUARED |CROSSED NEGATIVE SQUARED )?"
    r"(?:LATIN (SMALL|CAPITAL) LETTER|LATIN LETTER (?:SMALL )?(CAPITAL)|MODIFIER LETTER (SMALL|CAPITAL))"
    r" (?:TURNED |REVERSED |INVERTED |SIDEWAYS |DOTLESS |LONG |SCRIPT |BLACKLETTER |INSULAR |AFRICAN |OPEN )?"
    r"([A-Z])(?: WITH .*| ROTUNDA)?"
)
_REGIONAL = range(0x1F1E6, 0x1F200)
_ROW = re.compile("[\U0001f1e6-\U0001f1ff]{3,}")
_FOREIGN = re.compile(r"\S*[^\x00-\x7f\s]\S*")


def read(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The text with such words mapped."""
    if not text.isascii():
        rows = _ROW.sub(lambda row: "".join(chr(ord(c) - _REGIONAL[0] + ord("a")) for c in row.group()), text)
        yield _FOREIGN.sub(lambda match: _mapped(match.group(), lexicon), rows)


def _mapped(word: str, lexicon: Lexicon) -> str:
    """The word as it looks; itself where it belongs to another script."""
    looks = "".join(c if c.isascii() else latin(c) or c for c in word)
    known = _letters(looks)
    if known.isascii() and known not in lexicon:
        other = next((made for made in _sounding(word, looks) if _letters(made) in lexicon), "")
        if other:
            return other
    mixed = any((c.isascii() and c.isalpha()) or _is_latin(c) for c in word)
    return looks if mixed or known in lexicon else word


def _letters(word: str) -> str:
    return "".join(c for c in word if c.isalpha())


def _sounding(word: str, looks: str) -> Iterator[str]:
    """The word with each letter as it looks or as it sounds, if these are not too many."""
    if len(looks) == len(word):
        options = [{seen, _SOUNDS.get(c.lower(), seen)} for c, seen in zip(word, looks, strict=True)]
        if prod(map(len, options)) <= _MOST:
            yield from map("".join, product(*map(sorted, options)))


@lru_cache(maxsize=4096)
def latin(character: str) -> str:
    """The Latin letter that a character looks like, in its case; empty where there is none."""
    own = _ALIKE.get(character) or _ALIKE.get(character.lower())
    if own:
        return own.upper() if character.isupper() else own
    match = _LATIN.fullmatch(unicodedata.name(character, ""))
    if not match:
        return ""
    letter = match.group(4)
    return letter if "CAPITAL" in (match.group(1), match.group(3)) else letter.lower()


def _is_latin(character: str) -> bool:
    return not character.isascii() and "LATIN" in unicodedata.name(character, "")


VIEW = View("cleans", read)

"""Parts written in a code that any program can undo: base64, base32, hex, bits, percent, HTML, escapes."""

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from mindrail.text.lexicon import Lexicon
from mindrail.text.views._base import View

#: a cheap look: signs that announce a code, a word too long for a word, or a row of digits in pairs
_SIGNS = ("%", "&", "\\", "U+", "0x")
_LONG = re.compile(r"\S{16}")
_DIGITS = frozenset("0123456789")
_PAIRS = re.compile(
    r"[0-9A-Fa-f]{2}[\s:,]+[0-9A-Fa-f]{2}[\s:,]+[0-9A-Fa-f]{2}[\s:,]+[0-9A-Fa-f]{2}\b|[01]{8}"
)
_SPACES = re.compile(r"[\s:,]+")
_ESCAPES = re.compile(r"(?:\\u|\\x|\\U|U\+|0x)\{?([0-9A-Fa-f]{2,8})\}?")


def read(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The text with such parts undone."""
    announced = any(sign in text for sign in _SIGNS) or _LONG.search(text)
    if not announced and (_DIGITS.isdisjoint(text) or not _PAIRS.search(text)):
        return
    made = html.unescape(unquote(text, errors="replace") if "%" in text else text)
    made = _ESCAPES.sub(_character, made)
    for pattern, decode in _CODES:
        made = pattern.sub(lambda match, decode=decode: _text(match.group(), decode), made)  # type: ignore[misc]
    yield made


def _bits(part: str) -> bytes:
    digits = _SPACES.sub("", part)
    return bytes(int(digits[i : i + 8], 2) for i in range(0, len(digits), 8))


def _hex(part: str) -> bytes:
    return bytes.fromhex(_SPACES.sub("", part))


def _base64(part: str) -> bytes:
    body = part.rstrip("=").translate(str.maketrans("-_", "+/"))
    return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)


def _base32(part: str) -> bytes:
    body = part.rstrip("=")
    return base64.b32decode(body + "=" * (-len(body) % 8))


_CODES: tuple[tuple[re.Pattern[str], Callable[[str], bytes]], ...] = (
    (re.compile(r"\b(?:[01]{8}[\s:,]*){3,}"), _bits),
    (re.compile(r"\b(?:[0-9A-Fa-f]{2}[\s:,]*){6,}\b"), _hex),
    (re.compile(r"\b[A-Z2-7]{16,}={0,6}"), _base32),
    (re.compile(r"(?<![\w+/-])[A-Za-z0-9+/_-]{16,}={0,2}"), _base64),
)


def _text(part: str, decode: Callable[[str], bytes]) -> str:
    """The decoded part if it is text: UTF-8, printable, mostly letters and spaces; else the part itself."""
    try:
        made = decode(part).decode()
    except (ValueError, binascii.Error):
        return part
    readable = sum(c.isalpha() or c.isspace() for c in made)
    printable = made.replace("\n", " ").replace("\t", " ").replace("\r", " ").isprintable()
    return f" {made} " if len(made) > 2 and printable and readable >= 0.7 * len(made) else part


def _character(match: re.Match[str]) -> str:
    code = int(match.group(1), 16)
    return chr(code) if 0x20 <= code < 0x110000 and not 0xD800 <= code < 0xE000 else match.group()


VIEW = View("decodes", read)

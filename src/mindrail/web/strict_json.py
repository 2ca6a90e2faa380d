"""JSON that two readers cannot understand differently.

A proxy that checked the first of two equal keys while we judge the second would let anything through, so what
parsers usually forgive is refused here: duplicate keys, NaN, a byte-order mark, halves of surrogate pairs.
"""

import re
from itertools import accumulate
from typing import Any

import orjson

from mindrail.web.problems import DUPLICATE_KEY, INVALID_JSON, INVALID_UNICODE, TOO_NESTED, Problem

DEEPEST = 32
#: objects and lists in one body
MOST_PARTS = 10_000
#: characters of one number
LONGEST_NUMBER = 40

# possessive, and with an optional end: linear in any bytes, also in those that are no JSON at all
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_LONG_NUMBER = re.compile(rb"[0-9.eE+-]{%d}" % (LONGEST_NUMBER + 1))
_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def parse(raw: bytes) -> Any:
    """The value. Raises Problem: `invalid_json`, `invalid_unicode` or `duplicate_key`; never quotes `raw`."""
    bare = _STRING.sub(b"", raw)
    brackets = bare.translate(None, _BRACKETS)
    if len(brackets) > 2 * MOST_PARTS or _depth(brackets) > DEEPEST:
        raise Problem(TOO_NESTED, most=DEEPEST)
    if _LONG_NUMBER.search(bare):
        raise Problem(INVALID_JSON)
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        half = "surrogate" in error.msg and "UTF-8" not in error.msg
        raise Problem(INVALID_UNICODE if half else INVALID_JSON) from None
    if bare.count(b":") != _keys(value):  # outside strings, a colon is a key given
        raise Problem(DUPLICATE_KEY)
    return value


def _depth(brackets: bytes) -> int:
    """How deep they nest."""
    if len(brackets) <= 2 * DEEPEST:
        return 0
    return max(accumulate(map(_STEP.__getitem__, brackets)))


def _keys(value: Any) -> int:
    """How many keys the parsed value still has."""
    total, left = 0, [value]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            total += len(part)
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)
    return total

"""Texts as rows of numbers without any model: hashed TF-IDF of words and character trigrams."""

import re
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from mindrail.arrays import Float, ndarray

#: columns; hashed with a sign, so that what collides cancels out on average (Weinberger et al. 2009)
WIDTH = 256

_WORD = re.compile(r"\w+")


def rows(texts: Sequence[str]) -> Float[ndarray, "n width"]:
    """One row of length one for each text; texts with words in common point the same way.

    Takes about 0.1 ms a message, and 1 KiB each.
    """
    counts = [Counter(_terms(text)) for text in texts]
    seen = Counter(term for own in counts for term in own)
    made = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, own in zip(made, counts, strict=True):
        for term, count in own.items():
            code = zlib.crc32(term.encode("utf-8", "replace"))
            weight = (1 + np.log(count)) * np.log((1 + len(texts)) / seen[term])
            row[code % WIDTH] += weight if code & 0x80000000 else -weight
    lengths = np.linalg.norm(made, axis=1, keepdims=True)
    return made / np.where(lengths > 0, lengths, 1)


def _terms(text: str) -> list[str]:
    """Words, and the trigrams inside them: they also serve scripts that do without spaces."""
    words = _WORD.findall(text.lower())
    return words + [f"#{word[i : i + 3]}" for word in words for i in range(max(1, len(word) - 2))]

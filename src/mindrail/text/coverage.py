"""How much of a text reached the model: what the tokenizer does not know or silently drops was not read."""

import unicodedata

import numpy as np
from tokenizers import Encoding, Tokenizer

#: categories of which a tokenizer's normaliser may drop single characters inside a word
_DROPPABLE = ("M", "C")


class Coverage:
    """Counts for one tokenizer. Remembers single characters, never a text."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.unknown = unknown_id(tokenizer)
        self._normalizer = tokenizer.normalizer
        self._dropped: dict[str, bool] = {}

    def share(self, text: str, whole: Encoding, mark: int = 0) -> float:
        """The share of non-space characters that lie in a known token and are not dropped inside it.

        1.0 for a text of nothing but space. Counted from the character `mark` on.
        """
        if text.isascii() and self.unknown not in whole.ids and "".join(text.split()).isprintable():
            return 1.0
        seen = np.zeros(len(text), dtype=bool)
        for token, (start, end) in zip(whole.ids, whole.offsets, strict=True):
            if token != self.unknown:
                seen[start:end] = True
        counts = np.fromiter((not c.isspace() for c in text), dtype=bool, count=len(text))
        seen &= np.fromiter((not self._drops(c) for c in text), dtype=bool, count=len(text))
        counts[:mark] = False
        return float(seen[counts].mean()) if counts.any() else 1.0

    def _drops(self, character: str) -> bool:
        """Whether the normaliser makes nothing of a character between two letters."""
        if self._normalizer is None or unicodedata.category(character)[0] not in _DROPPABLE:
            return False
        if character not in self._dropped:
            self._dropped[character] = self._normalizer.normalize_str(f"a{character}a") == "aa"
        return self._dropped[character]


def unknown_id(tokenizer: Tokenizer) -> int | None:
    """The id of the unknown token, or None for tokenizers that know every byte."""
    for name in (getattr(tokenizer.model, "unk_token", None), "[UNK]", "<unk>"):
        if name and (found := tokenizer.token_to_id(name)) is not None:
            return int(found)
    return None

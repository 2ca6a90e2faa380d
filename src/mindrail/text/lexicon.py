"""The words that a guard's own model knows: enough to tell writing from code, and to part words run together.

No word list is shipped. A tokenizer's vocabulary is one (its words stand in the order of how common they are),
and so is the vocabulary of a linear model.
"""

import json
import re
from collections.abc import Iterable
from functools import cached_property
from math import log

#: letters of one word, in any script
_WORD = re.compile(r"[^\W\d_]+")
#: characters that are looked at: enough to know whether a text is made of words
_LOOK = 400
_LONGEST = 24
#: what one letter costs that belongs to no word, in nats; a rare word costs about ten
_STRAY = 12.0
#: one letter is a word only here
_SHORT = frozenset("ai")
_NO_VOWELS = str.maketrans("", "", "aeiou")


class Lexicon:
    """Words, the commonest first. Empty for a model that has none: then nothing is ever recognised."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        known = dict.fromkeys(word for word in words if word.isalpha() and (len(word) > 1 or word in _SHORT))
        self._cost = {word: log((place + 2) * log(len(known) + 2)) for place, word in enumerate(known)}

    @classmethod
    def of_vocabulary(cls, tokens: Iterable[str]) -> "Lexicon":
        """The whole words among a tokenizer's tokens, in their order.

        Of tokens that carry a mark for "begins a word" only those count, else those without a mark for "goes on".
        """
        listed = list(tokens)
        begins = [token[1:] for token in listed if token[:1] in ("Ġ", "▁")]
        return cls(word.lower() for word in (begins or listed))

    @classmethod
    def of_tokenizer(cls, raw: str) -> "Lexicon":
        """The same from a serialised tokenizer. Vocabularies of another form give an empty lexicon."""
        vocabulary = json.loads(raw).get("model", {}).get("vocab")
        if isinstance(vocabulary, dict):
            return cls.of_vocabulary(sorted(vocabulary, key=vocabulary.__getitem__))
        if isinstance(vocabulary, list):
            return cls.of_vocabulary(str(piece) for piece, _ in vocabulary)
        return cls()

    def __contains__(self, word: str) -> bool:
        return word.lower() in self._cost

    def __len__(self) -> int:
        return len(self._cost)

    def share(self, text: str) -> float:
        """The share of letters that lie in known words, at its beginning; 1.0 where there are none."""
        words = _WORD.findall(text[:_LOOK].lower())
        known = sum(map(len, filter(self._cost.__contains__, words)))
        return known / total if (total := sum(map(len, words))) else 1.0

    def unknown(self, words: Iterable[str]) -> set[str]:
        """Those of some words, in small letters, that it does not have."""
        return set(words).difference(self._cost)

    def commonest(self, words: Iterable[str]) -> str:
        """The commonest of some words, in small letters; empty where none is known."""
        return min(filter(self._cost.__contains__, words), key=self._cost.__getitem__, default="")

    def vowelled(self, word: str, place: int = 0) -> str:
        """The word of the same consonants at this place, the commonest first; the last where there are fewer.

        The word itself where none has them.
        """
        meant = self._consonants.get(word.lower(), [word])
        return meant[min(place, len(meant) - 1)]

    @cached_property
    def _consonants(self) -> dict[str, list[str]]:
        """Words by their consonants."""
        found: dict[str, list[str]] = {}
        for word in self._cost:
            found.setdefault(word.translate(_NO_VOWELS), []).append(word)
        return found

    def parted(self, run: str) -> list[str]:
        """A run of letters as the likeliest words (Viterbi over word ranks, by Zipf's law); strays stay letters."""
        lower = run.lower()
        if len(lower) != len(run):  # a letter that grows when lowered: places would not match
            return [run]
        best, back = [0.0], [0]
        for end in range(1, len(run) + 1):
            cost, start = best[end - 1] + _STRAY, end - 1
            for begin in range(max(0, end - _LONGEST), end):
                price = self._cost.get(lower[begin:end])
                if price is not None and best[begin] + price < cost:
                    cost, start = best[begin] + price, begin
            best.append(cost)
            back.append(start)
        words, end = [], len(run)
        while end:
            words.append(run[back[end] : end])
            end = back[end]
        return words[::-1]

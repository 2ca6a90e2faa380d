"""The same text twice: inside one list, and (a leak) on two sides of a split."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mindrail.errors import MissingExtra
from mindrail.records.example import Example
from mindrail.taxonomy.axis import Answer, Axis, labels_in

#: A shingle is this many words in a row. Shorter texts are compared whole.
SHINGLE = 5

_HASHES = 128
#: Share of pairs exactly at the threshold that the search may miss before the exact check.
_MISSED = 1e-3
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
#: A word, or one character of a script that puts no space between words.
_WORD = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")


@dataclass(frozen=True)
class Dropped:
    """What `drop_duplicates` left out, in rows: later copies of a text, and texts with two answers."""

    repeated: int
    conflicting: int


class Pair(NamedTuple):
    """Two texts by their places, and their similarity from 0 to 1: the share of shingles in common."""

    left: int
    right: int
    similarity: float


@dataclass(frozen=True)
class Leak:
    """Two examples on two sides that say the same, or nearly."""

    left_id: str
    right_id: str
    similarity: float


def duplicates(examples: Sequence[Example]) -> list[tuple[int, ...]]:
    """Places of examples with the same normalised text, one group for each text that stands there twice."""
    groups: dict[str, list[int]] = {}
    for place, example in enumerate(examples):
        groups.setdefault(example.normalised(), []).append(place)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def drop_duplicates(examples: Sequence[Example], axis: Axis) -> tuple[list[Example], Dropped]:
    """Keep each text once: its first occurrence, or the first that has an answer on `axis`.

    A text whose known answers differ is dropped altogether. The order stays.
    """
    out: set[int] = set()
    conflicting = 0
    for group in duplicates(examples):
        answers = {
            place: examples[place].answers[axis.name]
            for place in group
            if axis.name in examples[place].answers
        }
        if len(set(map(_same, answers.values()))) > 1:
            out.update(group)
            conflicting += len(group)
        else:
            keep = next(iter(answers), group[0])
            out.update(place for place in group if place != keep)
    kept = [example for place, example in enumerate(examples) if place not in out]
    return kept, Dropped(repeated=len(out) - conflicting, conflicting=conflicting)


def _same(answer: Answer) -> frozenset[str]:
    return frozenset(labels_in(answer))


def near_pairs(left: Sequence[str], right: Sequence[str], threshold: float = 0.7) -> list[Pair]:
    """Pairs of texts that share at least `threshold` of their 5-word shingles, in order.

    Candidates come from MinHash and are checked exactly, so every pair given is one; of pairs right at the
    threshold about one in a thousand is missed. Texts under five words have no shingles and are in no pair.
    1,500 against 5,000 texts take seconds. Raises ValueError for a threshold outside (0, 1], MissingExtra.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold {threshold} is outside (0, 1]")
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError:
        raise MissingExtra("datasketch", "train", "finding near duplicates") from None
    cut = [[shingles(text) for text in side] for side in (left, right)]
    hashes = [
        MinHash.bulk([[s.encode() for s in sorted(own)] for own in side], num_perm=_HASHES) for side in cut
    ]
    rows = _rows(threshold)
    index = MinHashLSH(num_perm=_HASHES, params=(_HASHES // rows, rows))
    for place, hashed in enumerate(hashes[0]):
        if cut[0][place]:
            index.insert(place, hashed)
    pairs = []
    for second, hashed in enumerate(hashes[1]):
        if own := cut[1][second]:
            for first in index.query(hashed):
                other = cut[0][first]
                similarity = len(own & other) / len(own | other)
                if similarity >= threshold:
                    pairs.append(Pair(first, second, similarity))
    return sorted(pairs)


def shingles(text: str) -> frozenset[str]:
    """All runs of SHINGLE words in a normalised text."""
    words = _WORD.findall(text)
    return frozenset(" ".join(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1))


def _rows(threshold: float) -> int:
    """Hashes per band: as many as keep the share of missed pairs at the threshold small."""
    missed = {rows: (1 - threshold**rows) ** (_HASHES // rows) for rows in (1, 2, 4, 8, 16, 32, 64)}
    return max(rows for rows, share in missed.items() if share <= _MISSED or rows == 1)


def leaks(left: Sequence[Example], right: Sequence[Example], threshold: float = 0.7) -> list[Leak]:
    """Examples of `left` that stand in `right` too, word for word or nearly, in the order of `left`.

    Raises what `near_pairs` raises.
    """
    first_texts, second_texts = ([example.normalised() for example in side] for side in (left, right))
    near = near_pairs(first_texts, second_texts, threshold)
    found = {(pair.left, pair.right): pair.similarity for pair in near}
    places: dict[str, list[int]] = {}
    for place, text in enumerate(second_texts):
        places.setdefault(text, []).append(place)
    for first, text in enumerate(first_texts):
        found |= {(first, second): 1.0 for second in places.get(text, ())}
    return [Leak(left[i].id, right[j].id, similarity) for (i, j), similarity in sorted(found.items())]

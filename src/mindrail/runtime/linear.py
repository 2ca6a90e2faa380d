"""TF-IDF of words and characters, then a linear head: scikit-learn's numbers without scikit-learn.

Texts longer than a window are read in overlapping windows, so that one sentence cannot be thinned out by
the calm pages around it; the most dangerous window counts.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from mindrail import config
from mindrail import files as disk
from mindrail.arrays import Float, ndarray
from mindrail.errors import BrokenGuard
from mindrail.records import Example
from mindrail.runtime.local import CONTEXT, LocalScorer, Score, Spread, cuts
from mindrail.runtime.parts import Files, array, arrays_of, head_rows, json_of, settings_of
from mindrail.runtime.scorer import worst
from mindrail.taxonomy import Axis, tree
from mindrail.taxonomy.tree import Ordered
from mindrail.text.lexicon import Lexicon

SETTINGS, VOCABULARY, ARRAYS = "linear.json", "vocabulary.json", "linear.safetensors"

_WORDS = {1: re.compile(r"\b\w+\b"), 2: re.compile(r"\b\w\w+\b")}
_SPACES = re.compile(r"\s\s+")


@dataclass(frozen=True)
class Grams:
    """What is counted in a text, as `TfidfVectorizer` does: `unit` is its `analyzer`.

    Of `word`: runs of at least `shortest_word` letters and digits, joined by spaces. Of `char`: characters,
    white space as one space. Of `char_wb`: characters inside words padded by a space.
    """

    unit: Literal["word", "char", "char_wb"]
    shortest: int  # n of the n-grams, from
    longest: int  # … to, included
    lowercase: bool = True
    sublinear: bool = False  # 1 + log(count) instead of the count
    shortest_word: Literal[1, 2] = 2

    def __post_init__(self) -> None:
        if not 1 <= self.shortest <= self.longest <= 16:
            raise ValueError(f"n-grams from {self.shortest} to {self.longest}; expected 1 to 16")

    def of(self, text: str) -> Iterable[str]:
        """Every n-gram of a text, as often as it occurs."""
        text = text.lower() if self.lowercase else text
        if self.unit == "word":
            words = _WORDS[self.shortest_word].findall(text)
            return (" ".join(gram) for n in self._lengths for gram in zip(*(words[i:] for i in range(n))))  # noqa: B905
        if self.unit == "char":
            return _slices(_SPACES.sub(" ", text), self._lengths)
        return self._within(text)

    @property
    def _lengths(self) -> range:
        return range(self.shortest, self.longest + 1)

    def _within(self, text: str) -> list[str]:
        """N-grams that do not cross words; a word shorter than n is counted once."""
        found: list[str] = []
        for word in text.split():
            padded = f" {word} "
            for n in self._lengths:
                if n >= len(padded):
                    found.append(padded)
                    break
                found += [padded[start : start + n] for start in range(len(padded) - n + 1)]
        return found


@dataclass(frozen=True)
class Vocabulary:
    """The n-grams a model knows, each with its column and its weight `idf[column]`."""

    grams: Grams
    columns: Mapping[str, int]
    idf: Float[ndarray, " column"]

    def row(self, text: str) -> tuple[ndarray, Float[ndarray, " found"]]:
        """The columns of a text and their values, of length one together; empty where nothing is known."""
        counts = Counter(map(self.columns.get, self.grams.of(text)))
        counts.pop(None, None)
        columns = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
        values = np.fromiter(counts.values(), dtype=np.float64, count=len(counts))
        if self.grams.sublinear:
            values = 1.0 + np.log(values)
        values *= self.idf[columns]
        return columns, values / (np.linalg.norm(values) or 1.0)


@dataclass(frozen=True)
class LinearSettings:
    """What is counted, and how long texts are cut, in characters; a window of 0 takes a text whole.

    `alphabet` holds every character of the vocabulary: others were never seen, so they count as unread.
    `ordered` says whether the head has a row per label, or one per node of the tree of labels.
    """

    grams: tuple[Grams, ...]
    alphabet: str
    window: int = 1000
    overlap: int = 200
    ordered: Ordered = "flat"

    def __post_init__(self) -> None:
        if not self.grams:
            raise ValueError("nothing is counted")
        if self.window and not 0 <= self.overlap < self.window:
            raise ValueError(f"window {self.window} must be longer than overlap {self.overlap}")


class LinearScorer(LocalScorer):
    """Scores `weights @ features + bias`, the features of all vocabularies one after the other."""

    def __init__(
        self,
        axis: Axis,
        settings: LinearSettings,
        vocabularies: Sequence[Vocabulary],
        weights: Float[ndarray, "row column"],
        bias: Float[ndarray, " row"],
        threads: int = 1,
    ) -> None:
        super().__init__(axis, threads)
        self.settings, self._vocabularies, self._bias = settings, vocabularies, bias
        ends = np.cumsum([len(vocabulary.idf) for vocabulary in vocabularies])
        self._weights = np.split(weights, ends[:-1], axis=1)
        self._alphabet = frozenset(settings.alphabet)

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words that are counted, the commonest first."""
        counted = [
            (float(vocabulary.idf[column]), gram)
            for vocabulary in self._vocabularies
            if vocabulary.grams.unit == "word"
            for gram, column in vocabulary.columns.items()
        ]
        return Lexicon(gram for _, gram in sorted(counted))

    def one(self, example: Example, spread: Spread) -> Score:
        """Score one text."""
        context, text = example.rendered()
        spans = cuts(len(text), self.settings.window, self.settings.overlap)
        said = np.stack([self._logits(document(context, text[start:end])) for start, end in spans])
        scores = tree.scores(said, self.settings.ordered)
        return Score(worst(self.axis, scores), self._coverage(example.text), len(scores))

    def _logits(self, read: str) -> Float[ndarray, " row"]:
        scores = self._bias.astype(np.float64)
        for vocabulary, weights in zip(self._vocabularies, self._weights, strict=True):
            columns, values = vocabulary.row(read)
            scores += weights[:, columns] @ values
        return scores

    def _coverage(self, text: str) -> float:
        """Share of non-space characters that the vocabulary knows, in either case."""
        known = self._alphabet
        marks = [c in known or c.lower() in known for c in text if not c.isspace()]
        return sum(marks) / len(marks) if marks else 1.0


def document(context: str, text: str) -> str:
    """What is counted for a text and what was said before it. Training reads with the same function.

    >>> document("user: Hello.", "assistant: Hi!")
    'user: Hello.\\nassistant: Hi!'
    """
    return f"{context[-CONTEXT:]}\n{text}" if context else text


def save(
    folder: Path,
    vocabularies: Sequence[Vocabulary],
    weights: Float[ndarray, "row column"],
    bias: Float[ndarray, " row"],
    *,
    window: int = LinearSettings.window,
    overlap: int = LinearSettings.overlap,
    ordered: Ordered = LinearSettings.ordered,
) -> None:
    """Write the three files into a folder. Numbers are kept as float32."""
    from safetensors.numpy import save as pack

    lists = [sorted(vocabulary.columns, key=vocabulary.columns.__getitem__) for vocabulary in vocabularies]
    alphabet = "".join(sorted({c for grams in lists for gram in grams for c in gram}))
    settings = LinearSettings(tuple(v.grams for v in vocabularies), alphabet, window, overlap, ordered)
    arrays = {"weights": weights, "bias": bias} | {f"idf.{i}": v.idf for i, v in enumerate(vocabularies)}
    disk.write_json(folder / SETTINGS, config.plain(settings))
    disk.write_json(folder / VOCABULARY, lists)
    disk.write_bytes(
        folder / ARRAYS, pack({name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()})
    )


def load(files: Files, axis: Axis, threads: int = 1) -> LinearScorer:
    """Read it back. Raises BrokenGuard where vocabulary, arrays and axis do not fit together."""
    settings = settings_of(LinearSettings, json_of(files, SETTINGS), SETTINGS)
    lists, arrays = json_of(files, VOCABULARY), arrays_of(files, ARRAYS)
    if not isinstance(lists, list) or len(lists) != len(settings.grams):
        raise BrokenGuard(f"expected {len(settings.grams)} lists of n-grams", file=VOCABULARY)
    vocabularies = [
        Vocabulary(grams, _columns(known), array(arrays, f"idf.{i}", (len(known),), ARRAYS))
        for i, (grams, known) in enumerate(zip(settings.grams, lists, strict=True))
    ]
    rows, width = head_rows(axis, settings.ordered, SETTINGS), sum(len(known) for known in lists)
    weights = array(arrays, "weights", (rows, width), ARRAYS)
    return LinearScorer(
        axis, settings, vocabularies, weights, array(arrays, "bias", (rows,), ARRAYS), threads
    )


def _columns(known: object) -> dict[str, int]:
    """N-grams in the order of their columns, as a look-up."""
    if not isinstance(known, list) or not all(isinstance(gram, str) for gram in known):
        raise BrokenGuard("expected lists of n-grams", file=VOCABULARY)
    columns = {gram: i for i, gram in enumerate(known)}
    if len(columns) != len(known):
        raise BrokenGuard("an n-gram occurs twice", file=VOCABULARY)
    return columns


def _slices(text: str, lengths: Iterable[int]) -> Iterator[str]:
    return (text[start : start + n] for n in lengths for start in range(len(text) - n + 1))

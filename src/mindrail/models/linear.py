"""TF-IDF of words and characters with logistic regression: seconds to train, and hard to beat with many labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mindrail import files
from mindrail.errors import MissingExtra
from mindrail.models import _head
from mindrail.models._base import Job
from mindrail.runtime import linear
from mindrail.runtime import load as runtime
from mindrail.runtime.linear import Grams, Vocabulary
from mindrail.runtime.scorer import Scorer
from mindrail.taxonomy import Axis
from mindrail.taxonomy.tree import Ordered
from mindrail.train.progress import Stepped


@dataclass(frozen=True)
class LinearConfig:
    """Settings of the linear family; for Chinese and Japanese use `words: [1, 1]`, `characters: [1, 3]`."""

    words: tuple[int, ...] = (1, 2)  # n-grams from … to
    characters: tuple[int, ...] = (2, 4)  # n-grams from … to
    across_words: bool = False  # whether character n-grams may cross a space
    at_least: int = 1  # texts an n-gram must occur in
    strength: float = 10.0  # scikit-learn's C: larger fits closer
    ordered: Ordered = "flat"  # for first_of axes, nodes: one question per label, asked in order
    window: int = 1000  # characters read at once in use; 0: a text whole
    overlap: int = 200  # characters that neighbouring windows share

    def __post_init__(self) -> None:
        if len(self.words) != 2 or len(self.characters) != 2:
            raise ValueError("words and characters are each a pair: [shortest, longest]")


class LinearFamily:
    """Fits with scikit-learn, runs without it."""

    runtime = "linear"
    algorithms = ("supervised",)
    Config = LinearConfig

    def train(self, job: Job, config: LinearConfig, place: Path) -> Iterator[Stepped]:
        """Count n-grams and fit the head."""
        try:
            from scipy.sparse import hstack
        except ImportError:
            raise MissingExtra("scipy", "train", "training the linear family") from None
        texts = [linear.document(*example.rendered()) for example in job.labelled]
        units = [
            Grams("word", config.words[0], config.words[1], sublinear=True),
            Grams(
                "char" if config.across_words else "char_wb",
                config.characters[0],
                config.characters[1],
                sublinear=True,
            ),
        ]
        fitted = [_count(grams, texts, config.at_least) for grams in units]
        weights, bias = _head.fit(
            hstack([counts for _, counts in fitted]).tocsr(),
            job,
            strength=config.strength,
            ordered=config.ordered,
        )
        with files.new_folder(place) as folder:
            linear.save(
                folder,
                [vocabulary for vocabulary, _ in fitted],
                weights,
                bias,
                window=config.window,
                overlap=config.overlap,
                ordered=config.ordered,
            )
        yield Stepped(1, 1)

    def scorer(self, axis: Axis, place: Path) -> Scorer:
        """The trained model, from plain arrays."""
        return runtime.from_folder("linear", place, axis)


def _count(grams: Grams, texts: list[str], at_least: int) -> tuple[Vocabulary, Any]:
    """The vocabulary of one kind of n-gram, and the texts as a sparse matrix in it."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        raise MissingExtra("scikit-learn", "train", "training the linear family") from None
    settings: dict[str, Any] = {
        "analyzer": grams.unit,
        "ngram_range": (grams.shortest, grams.longest),
        "sublinear_tf": grams.sublinear,
        "min_df": at_least,
    }
    vectorizer = TfidfVectorizer(**settings)
    matrix = vectorizer.fit_transform(texts)
    columns = {gram: int(column) for gram, column in vectorizer.vocabulary_.items()}
    return Vocabulary(grams, columns, np.asarray(vectorizer.idf_)), matrix


FAMILY = LinearFamily()

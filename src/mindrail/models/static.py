"""Fixed word vectors distilled from an encoder (model2vec), with a linear head: no network at run time.

Distilling needs no data and no network: every token of the vocabulary is read by the encoder once, reduced
by principal components, and weighted by its rank (Zipf). It takes about half a minute and is kept in the cache.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from mindrail import files
from mindrail.arrays import ndarray
from mindrail.data.fetch import cache
from mindrail.errors import MissingExtra
from mindrail.models import _head
from mindrail.models._base import Job
from mindrail.models._pretrained import fast_tokenizer, locate
from mindrail.runtime import load as runtime
from mindrail.runtime import static
from mindrail.runtime.scorer import Scorer
from mindrail.runtime.static import Embedder, StaticSettings
from mindrail.taxonomy import Axis
from mindrail.taxonomy.tree import Ordered
from mindrail.train import environment
from mindrail.train.progress import Stepped


@dataclass(frozen=True)
class StaticConfig:
    """Settings of the static family."""

    model: str = "minilm"  # the encoder to distil: or a Hugging Face id, or a folder
    dimensions: int = 256  # principal components kept
    int8: bool = True  # one byte per number instead of two
    normalise: bool = True  # mean vectors of length one
    strength: float = 10.0  # scikit-learn's C: larger fits closer
    ordered: Ordered = "flat"  # for first_of axes, nodes: one question per label, asked in order
    window: int = 256  # tokens read at once
    overlap: int = 32  # tokens that neighbouring windows share


class StaticFamily:
    """Distils an encoder, fits a linear head on mean vectors."""

    runtime = "static"
    algorithms = ("supervised",)
    Config = StaticConfig

    def train(self, job: Job, config: StaticConfig, place: Path) -> Iterator[Stepped]:
        """Distil (or take from the cache) and fit the head; of a long text every window is a row."""
        yield Stepped(0, 2)
        tokenizer, vectors = distilled(config.model, config.dimensions)
        yield Stepped(1, 2)
        pair = any(example.context for example in job.labelled)
        settings = StaticSettings(pair, config.normalise, config.window, config.overlap, config.ordered)
        table = static.compact(vectors, int8=config.int8)
        embedder = Embedder(tokenizer, table, settings)
        features = np.stack([embedder.features(example)[0].mean(axis=0) for example in job.labelled])
        weights, bias = _head.fit(features, job, strength=config.strength, ordered=config.ordered)
        with files.new_folder(place) as folder:
            static.save(folder, settings, tokenizer, table, weights, bias)
        yield Stepped(2, 2)

    def scorer(self, axis: Axis, place: Path) -> Scorer:
        """The trained model, from plain arrays."""
        return runtime.from_folder("static", place, axis)


def distilled(model: str, dimensions: int) -> tuple[Tokenizer, ndarray]:
    """A tokenizer and one vector per token [v, dimensions], made once per encoder and kept in the cache."""
    where = locate(model)
    key = files.digest([model, dimensions, files.sha256(fast_tokenizer(where))])[:16]
    kept = cache() / "static" / f"{key}"
    if not (kept / "vectors.npy").is_file():
        _distil(where, dimensions, kept)
    tokenizer = Tokenizer.from_file(str(kept / "tokenizer.json"))
    return tokenizer, np.load(kept / "vectors.npy", allow_pickle=False)


def _distil(where: str, dimensions: int, kept: Path) -> None:
    environment.prepare()
    try:
        from model2vec.distill import distill
    except ImportError:
        raise MissingExtra("model2vec", "train", "the static family") from None
    environment.settle()
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):  # its progress bars
        made = distill(where, pca_dims=dimensions, quantize_to="float32")
    size = made.tokenizer.get_vocab_size()
    mapping = getattr(made, "token_mapping", None)
    vectors = np.asarray(made.embedding, dtype=np.float32)
    if mapping is not None:
        vectors = vectors[np.asarray(mapping)]
    weights = getattr(made, "weights", None)
    if weights is not None:
        vectors = vectors * np.asarray(weights, dtype=np.float32)[:, None]
    assert len(vectors) == size, "one vector per token"
    with files.new_folder(kept) as folder:
        np.save(folder / "vectors.npy", vectors, allow_pickle=False)
        files.write_text(folder / "tokenizer.json", made.tokenizer.to_str())


FAMILY = StaticFamily()

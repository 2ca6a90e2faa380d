"""The mean of fixed word vectors, then a linear head: no network, thousands of texts a second.

The table holds one vector per token of the tokenizer, as float16 or as int8 with one scale per row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mindrail import config
from mindrail import files as disk
from mindrail.arrays import Float, ndarray
from mindrail.errors import BrokenGuard
from mindrail.records import Example
from mindrail.runtime.local import CONTEXT, LocalScorer, Score, Spread, cuts
from mindrail.runtime.parts import Files, array, arrays_of, head_rows, json_of, settings_of, tokenizer_of
from mindrail.runtime.scorer import worst
from mindrail.taxonomy import Axis, tree
from mindrail.taxonomy.tree import Ordered
from mindrail.text.coverage import Coverage
from mindrail.text.lexicon import Lexicon

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SETTINGS, ARRAYS = "static.json", "static.safetensors"


@dataclass(frozen=True)
class StaticSettings:
    """How texts become vectors. `window` and `overlap` in tokens; a window of 0 takes a text whole."""

    pair: bool = False  # the mean of what was said before comes first, the judged text's second
    normalise: bool = False  # each mean to length one
    window: int = 128
    overlap: int = 32
    ordered: Ordered = "flat"  # the head has a row per label, or one per node of the tree of labels

    def __post_init__(self) -> None:
        if self.window and not 0 <= self.overlap < self.window:
            raise ValueError(f"window {self.window} must be longer than overlap {self.overlap}")


class Embedder:
    """Texts to mean vectors. Training reads with the same code."""

    def __init__(
        self, tokenizer: "Tokenizer", table: Mapping[str, ndarray], settings: StaticSettings
    ) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        self.tokenizer, self.settings = tokenizer, settings
        self._rows, self._scale = table["embeddings"], table.get("scale")
        self._coverage = Coverage(tokenizer)

    @property
    def size(self) -> int:
        """The length of a feature vector."""
        return int(self._rows.shape[1]) * (2 if self.settings.pair else 1)

    def features(self, example: Example) -> tuple[Float[ndarray, "window d"], float]:
        """One vector per window, and the share of the text's characters that lie in known tokens."""
        context, text = example.rendered()
        whole = self.tokenizer.encode(text, add_special_tokens=False)
        covered = self._coverage.share(text, whole, example.mark)
        spans = cuts(len(whole), self.settings.window, self.settings.overlap)
        vectors = np.stack([self._mean(whole.ids[start:end]) for start, end in spans])
        if self.settings.pair:
            said = self.tokenizer.encode(context[-CONTEXT:], add_special_tokens=False).ids
            vectors = np.hstack([np.tile(self._mean(said), (len(vectors), 1)), vectors])
        return vectors, covered

    def _mean(self, ids: list[int]) -> Float[ndarray, " d"]:
        """The mean over known tokens; zeros where there is none."""
        known = [token for token in ids if token != self._coverage.unknown]
        rows = self._rows[known].astype(np.float32)
        if self._scale is not None:
            rows *= self._scale[known, None]
        mean: ndarray = rows.sum(axis=0) / max(1, len(known))
        length = float(np.linalg.norm(mean))
        return mean / length if self.settings.normalise and length else mean


class StaticScorer(LocalScorer):
    """A linear head over mean vectors; of a long text the most dangerous window counts."""

    def __init__(
        self,
        axis: Axis,
        embedder: Embedder,
        weights: Float[ndarray, "row d"],
        bias: Float[ndarray, " row"],
        threads: int = 1,
    ) -> None:
        super().__init__(axis, threads)
        self.embedder, self._weights, self._bias = embedder, weights, bias

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words of the tokenizer."""
        return Lexicon.of_tokenizer(self.embedder.tokenizer.to_str())

    def one(self, example: Example, spread: Spread) -> Score:
        """Score one text."""
        features, covered = self.embedder.features(example)
        said = np.stack([self._weights @ row + self._bias for row in features])
        scores = tree.scores(said, self.embedder.settings.ordered)
        return Score(worst(self.axis, scores), covered, len(features))


def save(
    folder: Path,
    settings: StaticSettings,
    tokenizer: "Tokenizer",
    table: Mapping[str, ndarray],
    weights: Float[ndarray, "row d"],
    bias: Float[ndarray, " row"],
) -> None:
    """Write the three files into a folder. `table` is what `compact` makes of embeddings."""
    from safetensors.numpy import save as pack

    head = {"weights": np.ascontiguousarray(weights, np.float32), "bias": bias.astype(np.float32)}
    disk.write_json(folder / SETTINGS, config.plain(settings))
    disk.write_text(folder / "tokenizer.json", tokenizer.to_str())
    disk.write_bytes(folder / ARRAYS, pack({**table, **head}))


def compact(embeddings: Float[ndarray, "v d"], *, int8: bool = False) -> dict[str, ndarray]:
    """A table of embeddings as stored: float16, or int8 with one float32 scale per row (half of that)."""
    if not int8:
        return {"embeddings": np.ascontiguousarray(embeddings, np.float16)}
    scale = np.maximum(np.abs(embeddings).max(axis=1), 1e-12).astype(np.float32) / 127
    return {"embeddings": np.rint(embeddings / scale[:, None]).astype(np.int8), "scale": scale}


def load(files: Files, axis: Axis, threads: int = 1) -> StaticScorer:
    """Read it back. Raises BrokenGuard where table, tokenizer, head and axis do not fit together."""
    settings = settings_of(StaticSettings, json_of(files, SETTINGS), SETTINGS)
    tokenizer, arrays = tokenizer_of(files), arrays_of(files, ARRAYS)
    table = _table(arrays, tokenizer.get_vocab_size())
    embedder = Embedder(tokenizer, table, settings)
    rows = head_rows(axis, settings.ordered, SETTINGS)
    weights = array(arrays, "weights", (rows, embedder.size), ARRAYS)
    return StaticScorer(axis, embedder, weights, array(arrays, "bias", (rows,), ARRAYS), threads)


def _table(arrays: Mapping[str, ndarray], tokens: int) -> dict[str, ndarray]:
    """The embeddings, and their scale where they are int8. Raises BrokenGuard unless they fit."""
    rows = arrays.get("embeddings")
    if rows is None or rows.ndim != 2 or rows.dtype not in (np.float16, np.float32, np.int8):
        raise BrokenGuard("expected a table 'embeddings' of float16, float32 or int8", file=ARRAYS)
    if len(rows) != tokens:
        raise BrokenGuard(f"{len(rows)} embeddings for {tokens} tokens of the tokenizer", file=ARRAYS)
    if rows.dtype != np.int8:
        return {"embeddings": rows}
    return {"embeddings": rows, "scale": array(arrays, "scale", (tokens,), ARRAYS)}

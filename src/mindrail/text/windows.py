"""Overlapping windows over a text of any length: nothing is truncated, and what was swallowed is counted.

Training and serving read with the same code, so a model meets in use what it met in training.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer


@dataclass(frozen=True)
class Window:
    """What one forward pass sees: token ids with special tokens, and segment ids of the same length."""

    ids: tuple[int, ...]
    segments: tuple[int, ...]


@dataclass(frozen=True)
class Reading:
    """A whole text as windows. `coverage` is the share of its non-space characters that became known tokens."""

    windows: tuple[Window, ...]
    coverage: float


@dataclass(frozen=True)
class Reach:
    """How far a model looks. All three in tokens; `window` includes special tokens and context."""

    window: int = 128
    overlap: int = 32
    context: int = 48

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.window or not 0 <= self.context < self.window:
            raise ValueError(f"window {self.window} must be larger than overlap {self.overlap} and context")


class Reader:
    """Cuts (context, text) into windows with a fast tokenizer.

    Every window of the text repeats the last `context` tokens of what was said before; older context is
    not read, by design. Special tokens typed by a person stay ordinary characters.
    """

    def __init__(self, tokenizer: Tokenizer, reach: Reach) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        self.tokenizer, self.reach = tokenizer, reach
        self._single = tokenizer.num_special_tokens_to_add(False)
        self._pair = tokenizer.num_special_tokens_to_add(True)
        self._unknown = _unknown_id(tokenizer)
        if reach.window - self._pair - reach.context <= reach.overlap:
            raise ValueError(f"window {reach.window} leaves no room beside overlap and context {reach.context}")

    @classmethod
    def load(cls, path: Path, reach: Reach) -> "Reader":
        """Read a `tokenizer.json`."""
        return cls(Tokenizer.from_file(str(path)), reach)

    def read(self, context: str, text: str) -> Reading:
        """Cut one judged text, with what was said before it, into windows. Never fewer than one."""
        whole = self.tokenizer.encode(text, add_special_tokens=False)
        coverage = self._coverage(text, whole)
        before: Encoding | None = None
        room = self.reach.window - self._single
        if context:
            before = self.tokenizer.encode(context, add_special_tokens=False)
            if len(before) > self.reach.context:
                before.truncate(self.reach.context, direction="left")
            room = self.reach.window - self._pair - len(before)
        pieces = [whole]
        if len(whole) > room:
            whole.truncate(room, stride=self.reach.overlap)
            pieces += whole.overflowing
        return Reading(tuple(self._window(piece, before) for piece in pieces), coverage)

    def _window(self, piece: Encoding, before: Encoding | None) -> Window:
        if before is None:
            done = self.tokenizer.post_process(piece)
        else:
            done = self.tokenizer.post_process(before, piece)
        return Window(tuple(done.ids), tuple(done.type_ids))

    def _coverage(self, text: str, whole: Encoding) -> float:
        """Share of non-space characters that lie in a known token; 1.0 for a text of nothing but space."""
        if text.isascii() and self._unknown not in whole.ids and text.isprintable():
            return 1.0
        seen = np.zeros(len(text), dtype=bool)
        for token, (start, end) in zip(whole.ids, whole.offsets, strict=True):
            if token != self._unknown:
                seen[start:end] = True
        counts = np.fromiter((not c.isspace() for c in text), dtype=bool, count=len(text))
        return float(seen[counts].mean()) if counts.any() else 1.0


def _unknown_id(tokenizer: Tokenizer) -> int | None:
    """The id of the unknown token, or None for tokenizers that know every byte."""
    for name in (getattr(tokenizer.model, "unk_token", None), "[UNK]", "<unk>"):
        if name and (found := tokenizer.token_to_id(name)) is not None:
            return int(found)
    return None

"""Overlapping windows over a text of any length: nothing is truncated, and what was swallowed is counted.

Training and serving read with the same code, so a model meets in use what it met in training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from mindrail.text.coverage import Coverage

#: of what was said before, at most so many characters are looked at to find its last tokens
_CONTEXT = 20_000


@dataclass(frozen=True)
class Window:
    """What one forward pass sees: token ids with special tokens, and segment ids of the same length."""

    ids: tuple[int, ...]
    segments: tuple[int, ...]


@dataclass(frozen=True)
class Reading:
    """A whole text as windows. `coverage` is the share of its non-space characters in known tokens."""

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
            told = f"overlap ({self.overlap}) and context ({self.context})"
            raise ValueError(f"a window of {self.window} tokens must be longer than {told}")


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
        self._alone, self._pair = _Frame.of(tokenizer, 1), _Frame.of(tokenizer, 2)
        self._coverage = Coverage(tokenizer)
        least = self._pair.size + reach.context + reach.overlap + 1
        if reach.window < least:
            raise ValueError(
                f"a window of {reach.window} tokens leaves no room for text; expected at least {least}: overlap "
                f"{reach.overlap}, context {reach.context}, special tokens {self._pair.size}, and one of the text"
            )

    @classmethod
    def load(cls, path: Path, reach: Reach) -> "Reader":
        """Read a `tokenizer.json`."""
        return cls(Tokenizer.from_file(str(path)), reach)

    def read(self, context: str, text: str, *, mark: int = 0) -> Reading:
        """Cut one judged text, with what was said before it, into windows. Never fewer than one.

        The first `mark` characters are ours (who speaks), and do not count as read.
        """
        whole = self.tokenizer.encode(text, add_special_tokens=False)
        ids, frame, parts = whole.ids, self._alone, []
        room = self.reach.window - frame.size
        if context:
            before = self.tokenizer.encode(context[-_CONTEXT:], add_special_tokens=False).ids
            frame, parts = self._pair, [before[max(0, len(before) - self.reach.context) :]]
            room = self.reach.window - frame.size - len(parts[0])
        starts = range(0, max(1, len(ids) - self.reach.overlap), room - self.reach.overlap)
        windows = tuple(frame.around(*parts, ids[start : start + room]) for start in starts)
        return Reading(windows, self._coverage.share(text, whole, mark))


@dataclass(frozen=True)
class _Frame:
    """The special tokens before, between and after the parts of a window, and the segment of each part."""

    fixed: tuple[Window, ...]
    segments: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: Tokenizer, parts: int) -> "_Frame":
        """Learned from what the tokenizer puts around one word or two. Raises ValueError if it has none."""
        word = tokenizer.encode("a", add_special_tokens=False)
        if not len(word):
            raise ValueError("the tokenizer cannot read the letter a")
        done = tokenizer.post_process(word, word if parts == 2 else None)
        own = [i for i, special in enumerate(done.special_tokens_mask) if not special]
        first, last = own[:: len(word)], own[len(word) - 1 :: len(word)]
        gaps = zip([0, *(i + 1 for i in last)], [*first, len(done)], strict=True)
        fixed = tuple(Window(tuple(done.ids[a:b]), tuple(done.type_ids[a:b])) for a, b in gaps)
        return cls(fixed, tuple(done.type_ids[i] for i in first))

    @property
    def size(self) -> int:
        """How many tokens of a window it takes."""
        return sum(len(window.ids) for window in self.fixed)

    def around(self, *parts: Sequence[int]) -> Window:
        """One window of the token ids of each part."""
        ids, segments = list(self.fixed[0].ids), list(self.fixed[0].segments)
        for part, segment, after in zip(parts, self.segments, self.fixed[1:], strict=True):
            ids += [*part, *after.ids]
            segments += [segment] * len(part) + list(after.segments)
        return Window(tuple(ids), tuple(segments))

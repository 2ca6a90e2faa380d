"""All texts of a job as windows of tokens, read when needed; what a step sees depends on seed and step alone."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple, TypeVar, overload

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mindrail import seeds
from mindrail.models._base import Job
from mindrail.models._noise import Tokens
from mindrail.records import Example
from mindrail.text.windows import Reader, Window
from mindrail.train.loop import Ask
from mindrail.train.workers import Workers

#: Tokens that the network reads at once, so that what lies between two layers fits a processor's cache; a graphics
#: card has no such trouble.
CHUNK = {"cpu": 512, "cuda": 16_384}

#: Texts of each part whose windows are remembered: all of most pools, 35 MB of texts of 100 tokens.
REMEMBERED = 8192

Windows = Sequence[Window]
T = TypeVar("T")


class Lazy(Sequence[T]):
    """`size` values, each made when it is asked for; the last REMEMBERED are kept."""

    def __init__(self, size: int, make: Callable[[int], T]) -> None:
        self._size, self._make = size, lru_cache(REMEMBERED)(make)

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        """One value, or a list of several."""
        if isinstance(place, slice):
            return [self._make(i) for i in range(*place.indices(self._size))]
        return self._make(range(self._size)[place])


class Texts(NamedTuple):
    """Windows of the labelled texts, of the unlabelled as they are, and of each one's other wordings."""

    labelled: Sequence[Windows]
    weak: Sequence[Windows]
    strong: Sequence[Sequence[Windows]]
    most: int  # windows of one text that a step reads
    seed: int

    @classmethod
    def of(cls, job: Job, reader: Reader, *, most: int, wordings: bool, unlabelled: bool) -> "Texts":
        """Read what an algorithm needs. A text without another wording stands in for it itself."""
        pool = job.unlabelled if unlabelled else ()
        weak = _lazily(reader, pool)

        def others(row: int) -> Sequence[Windows]:
            views = job.views.get(pool[row].id, ()) if wordings else ()
            return read(reader, views) if views else [weak[row]]

        return cls(_lazily(reader, job.labelled), weak, Lazy(len(pool), others), most, job.seed)

    def windows(self, ask: Ask, step: int) -> Windows:
        """What the network sees of one text in one step."""
        if ask.part == "labelled":
            text = self.labelled[ask.row]
        elif ask.part == "weak":
            text = self.weak[ask.row]
        else:
            several = self.strong[ask.row]
            one = len(several) == 1
            number = 0 if one else seeds.stream(self.seed, "view", step, ask.row).integers(len(several))
            text = several[int(number)]
        if len(text) <= self.most:
            return text
        picked = seeds.stream(self.seed, "windows", step, ask.row).choice(len(text), self.most, replace=False)
        return [text[i] for i in sorted(picked)]


def read(reader: Reader, examples: Sequence[Example]) -> list[Windows]:
    """Each example as windows."""
    return [windows(reader, example) for example in examples]


def windows(reader: Reader, example: Example) -> Windows:
    """One example as windows."""
    return reader.read(*example.rendered()).windows


def _lazily(reader: Reader, examples: Sequence[Example]) -> Lazy[Windows]:
    return Lazy(len(examples), lambda row: windows(reader, examples[row]))


def chunk_size(device: torch.device) -> int:
    """How many tokens to read at once on this kind of device."""
    return CHUNK.get(device.type, CHUNK["cuda"])


def chunked(windows: Windows, tokens: int) -> list[list[int]]:
    """Places of windows of similar length, at most `tokens` together with the padding between them."""
    chunks: list[list[int]] = []
    for i in sorted(range(len(windows)), key=lambda i: len(windows[i].ids)):
        if not chunks or len(windows[i].ids) * (len(chunks[-1]) + 1) > tokens:
            chunks.append([])
        chunks[-1].append(i)
    return chunks


def by_chunks(
    windows: Windows,
    device: torch.device,
    workers: Workers,
    start: Callable[[Sequence[Tokens]], None],
    read_chunk: Callable[[Sequence[int]], Float[Tensor, "head window column"]],
) -> Float[Tensor, "head window column"]:
    """Read windows of similar length together, chunks side by side on the workers; the result is in their order.

    `start` is told the tokens of a chunk's windows before `read_chunk` reads its places, on the thread that does.
    """
    tokens = sum(len(window.ids) for window in windows)
    chunks = chunked(windows, min(chunk_size(device), -(-tokens // workers.count)))

    def job(number: int) -> Float[Tensor, "head window column"]:
        start([windows[i].ids for i in chunks[number]])
        return read_chunk(chunks[number])

    sizes = [sum(len(windows[i].ids) for i in chunk) for chunk in chunks]
    scores, order = workers.run([partial(job, number) for number in range(len(chunks))], sizes)
    places = [i for number in order for i in chunks[number]]
    return scores[:, torch.tensor(np.argsort(places), device=device)]


def pad(windows: Sequence[Window], device: torch.device | str = "cpu") -> tuple[Tensor, Tensor, Tensor]:
    """Ids, segments and mask [window, token] of windows of different length."""
    longest = max(len(window.ids) for window in windows)
    arrays = np.zeros((3, len(windows), longest), dtype=np.int64)
    for i, window in enumerate(windows):
        arrays[0, i, : len(window.ids)] = window.ids
        arrays[1, i, : len(window.ids)] = window.segments
        arrays[2, i, : len(window.ids)] = 1
    ids, segments, mask = torch.from_numpy(arrays).to(device)
    return ids, segments, mask

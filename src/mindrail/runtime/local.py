"""What scorers on this machine share: each text alone and all of it, several texts side by side."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mindrail.arrays import Float, Int, ndarray
from mindrail.errors import BrokenGuard
from mindrail.records import Example
from mindrail.taxonomy import Axis
from mindrail.text.lexicon import Lexicon

if TYPE_CHECKING:
    from concurrent.futures import Executor

#: of what was said before, models without a tokenizer of their own reach read this many characters
CONTEXT = 2000

#: `map`, or the same on several threads; results in order
Spread = Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]


class Score(NamedTuple):
    """One text: raw scores, the share of it that was read (in [0, 1]), and in how many windows.

    `view` names the way of reading that the scores come from, empty for the text as written. `unread` counts
    the characters that were left out because the text is too long.
    """

    values: Float[ndarray, " k"]
    coverage: float
    windows: int
    view: str = ""
    unread: int = 0


class Scores(NamedTuple):
    """Many texts, in order. Values are float32: what is stored of them is what they are."""

    values: Float[ndarray, "n k"]
    coverage: Float[ndarray, " n"]
    windows: Int[ndarray, " n"]
    views: tuple[str, ...]
    unread: Int[ndarray, " n"]


class LocalScorer(ABC):
    """A model on this machine. The same text gets the same bits, whatever is scored beside it.

    That holds by construction: no arithmetic ever mixes two texts. Several texts are spread over `threads`
    workers; a lone text is spread by its windows; a lone window never sees a worker.
    """

    def __init__(self, axis: Axis, threads: int = 1) -> None:
        self.axis, self.threads = axis, threads

    @property
    def lexicon(self) -> Lexicon:
        """The words it knows, by which texts in disguise are recognised; none where it reads no words."""
        return Lexicon()

    @abstractmethod
    def one(self, example: Example, spread: Spread) -> Score:
        """Score one text, its windows through `spread`."""

    def measure(self, examples: Sequence[Example]) -> Scores:
        """Scores with coverage and number of windows. Raises BrokenGuard where a score is not finite."""
        if len(examples) == 1:
            each = [self.one(examples[0], self._spread)]
        else:
            each = list(self._spread(partial(self.one, spread=map), examples))
        values = np.array([score.values for score in each], dtype=np.float32)
        if not np.isfinite(values).all():
            raise BrokenGuard("the model gave NaN or infinity, from which no decision can be made")
        coverage = np.array([score.coverage for score in each], dtype=np.float64)
        windows = np.array([score.windows for score in each], dtype=np.int64)
        unread = np.array([score.unread for score in each], dtype=np.int64)
        views = tuple(score.view for score in each)
        return Scores(values.reshape(len(each), len(self.axis.names)), coverage, windows, views, unread)

    def score(self, examples: Sequence[Example]) -> Float[ndarray, "n k"]:
        """Raw scores alone, one row per example."""
        return self.measure(examples).values

    def golden(self, examples: Sequence[Example]) -> Float[ndarray, "n m"]:
        """What a guard's golden sentences record: the raw scores of everything that can answer."""
        return self.score(examples)

    def _spread(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Iterable[Any]:
        if self.threads == 1 or len(items) < 2:
            return map(function, items)
        return self._workers.map(function, items)

    @cached_property
    def _workers(self) -> "Executor":
        from concurrent.futures import ThreadPoolExecutor  # a lone text starts faster without

        return ThreadPoolExecutor(self.threads, thread_name_prefix="mindrail")


def cuts(length: int, window: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Where overlapping windows over `length` items begin and end; one at least. A window of 0 is endless."""
    if window == 0:
        yield 0, length
        return
    for start in range(0, max(1, length - overlap), window - overlap):
        yield start, min(start + window, length)

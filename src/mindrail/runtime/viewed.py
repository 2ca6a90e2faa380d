"""A scorer that also reads what is not written plainly: of a text and its views, the most dangerous counts."""

from collections.abc import Callable

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.records import Example
from mindrail.runtime.local import LocalScorer, Score, Spread
from mindrail.text.normalise import Reading, views
from mindrail.text.unseen import unseen

#: rows of raw scores to how strict they would make the guard; larger is stricter
Rank = Callable[[Float[ndarray, "view k"]], Float[ndarray, " view"]]


class ViewedScorer(LocalScorer):
    """Scores a text as it is written and, where it has any, its views (`mindrail.text.normalise`).

    Where labels exclude each other, the scores are those of the strictest view by `rank` (without one: by the
    axis' danger); else each label's largest. So no view can make a guard milder than the text alone would.

    A text longer than `reading.longest` is read at its beginning and its end; `unread` counts the rest.
    """

    def __init__(self, inner: LocalScorer, reading: Reading, rank: Rank | None = None) -> None:
        super().__init__(inner.axis, inner.threads)
        self.inner, self.reading = inner, reading
        self._rank = rank or inner.axis.danger

    def one(self, example: Example, spread: Spread) -> Score:
        """Score one text and its views."""
        text = example.text
        kept = self._kept(text)
        written = example if kept is text else example.saying(kept)
        base = self.inner.one(written, spread)
        others = views(kept, self.inner.lexicon, self.reading, read=base.coverage)
        each = [base, *(self.inner.one(example.saying(view.text), spread) for view in others)]
        read = max(
            score.coverage
            for score, same in zip(each, [True, *(v.same for v in others)], strict=True)
            if same
        )
        if self.reading.views:
            read = min(read, 1.0 - unseen(kept))
        unread = len(text) - len(kept) if kept is not text else 0
        read *= len(kept) / len(text) if unread else 1.0
        values, place = self._worst(np.stack([score.values for score in each]))
        name = ["", *(view.name for view in others)][place]
        return Score(values, read, sum(score.windows for score in each), name, unread)

    def _worst(self, rows: Float[ndarray, "view k"]) -> tuple[Float[ndarray, " k"], int]:
        """The scores that speak for the text, and which of its views made them."""
        if len(rows) == 1:
            return rows[0], 0
        place = int(np.argmax(self._rank(rows)))
        return rows[place] if self.axis.exclusive else rows.max(axis=0), place

    def _kept(self, text: str) -> str:
        half = self.reading.longest // 2
        return text if len(text) <= self.reading.longest else f"{text[:half]}{text[-half:]}"

"""A reply checked while it is being written: nothing is handed on before the guard has read it.

The reply is checked at fixed places, every `stride` characters, each time on its last `span` characters. The
places count from the beginning of the reply, never from the edges of chunks, so it makes no difference how it
was cut. At the end the guard reads the whole reply once more, and that answer is the one it always gives.
"""

import codecs
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mindrail.calibrate.decide import VERDICTS
from mindrail.errors import BadConfig, UsageError
from mindrail.guard.guard import Answer, Guard
from mindrail.guard.messages import whole
from mindrail.taxonomy.axis import Verdict


@dataclass(frozen=True)
class Checks:
    """Where a reply is checked and how much is held back, in characters.

    What is handed on was read, with at least `hold` characters that follow it, in a check that did not stop
    it. So a passage of at most `hold` characters that stops a check is never handed on, not even in part;
    and every passage of at most `span - stride` characters lies whole in some check. The work per chunk is
    at most one check of `span` characters for every `stride` of it, and one more.
    """

    span: int = 480
    stride: int = 80
    hold: int = 160
    stops: tuple[Verdict, ...] = ("block",)  # add "review" to hold back what is unsure, too

    def __post_init__(self) -> None:
        if self.stride < 1 or not 1 <= self.hold <= self.span - self.stride:
            found = f"span {self.span}, stride {self.stride}, hold {self.hold}"
            raise BadConfig(f"found {found}, expected stride and hold from 1, and hold at most span - stride")
        if "allow" in self.stops or "block" not in self.stops:
            raise BadConfig(f"found stops {list(self.stops)}, expected block, and review or not")


CHECKS = Checks()


class Step(NamedTuple):
    """What one chunk led to: text that may be handed on now, and the answer that stopped the reply, if one did."""

    released: str
    stopped: Answer | None


class Final(NamedTuple):
    """The end of a reply. `answer` is `guard(whole)` bit for bit; `decision` is the stricter of it and `stopped`.

    `released` is what was held back until now; empty where the reply is stopped.
    """

    released: str
    answer: Answer
    stopped: Answer | None

    @property
    def decision(self) -> Verdict:
        """What to do with the reply as a whole."""
        made = [one.decision for one in (self.answer, self.stopped) if one is not None]
        return max(made, key=VERDICTS.index)


class ReplyStream:
    """One reply as it comes. Belongs to one caller; the guard behind it may be shared.

    >>> stream = ReplyStream(guard, messages)  # doctest: +SKIP
    >>> for chunk in reply:  # doctest: +SKIP
    ...     print(stream.feed(chunk).released, end="")
    >>> print(stream.finish().released)  # doctest: +SKIP
    """

    def __init__(
        self,
        guard: Guard,
        before: Sequence[Mapping[str, Any]] = (),
        checks: Checks = CHECKS,
        role: str = "assistant",
    ) -> None:
        self._guard, self._before, self._checks, self._role = guard, list(before), checks, role
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text, self._half = "", ""
        self._checked = self._released = 0
        self._stopped: Answer | None = None
        self._done = False

    @property
    def stopped(self) -> Answer | None:
        """The answer that stopped the reply, if one did. After it nothing is handed on."""
        return self._stopped

    def feed(self, chunk: str | bytes) -> Step:
        """Take the next piece, cut anywhere: inside a word, a character's bytes, or a surrogate pair.

        Raises UsageError after `finish`, and what the guard raises; the reply is then not to be handed on.
        """
        if self._done:
            raise UsageError("this reply has ended. Do: open a new stream")
        self._take(chunk if isinstance(chunk, str) else self._decoder.decode(chunk))
        before, checks = self._released, self._checks
        while self._stopped is None and self._checked + checks.stride <= len(self._text):
            checked = self._checked + checks.stride
            answer = self._ask(self._text[max(0, checked - checks.span) : checked])
            self._checked = checked
            if answer.decision in checks.stops:
                self._stopped = answer
            else:
                self._released = _boundary(self._text, self._released, checked - checks.hold)
        return Step(self._text[before : self._released], self._stopped)

    def finish(self) -> Final:
        """The end of the reply: the whole of it is read, and what was held back is handed on or not."""
        if self._done:
            raise UsageError("this reply has ended. Do: open a new stream")
        self._take(self._decoder.decode(b"", True))
        self._text += whole(self._half)
        self._done, self._half = True, ""
        answer = self._ask(self._text)
        stop = self._stopped is not None or answer.decision in self._checks.stops
        released = "" if stop else self._text[self._released :]
        return Final(released, answer, self._stopped)

    def _take(self, piece: str) -> None:
        """Append what is complete; the first half of a surrogate pair waits for the second."""
        piece = self._half + piece
        self._half = piece[-1:] if "\ud800" <= piece[-1:] <= "\udbff" else ""
        self._text += whole(piece[: len(piece) - len(self._half)])

    def _ask(self, text: str) -> Answer:
        return self._guard([*self._before, {"role": self._role, "content": text}])


def _boundary(text: str, least: int, place: int) -> int:
    """The place, moved back (not below `least`) so that no letter is handed on without its marks."""
    while place > least and _joined(text[place - 1], text[place]):
        place -= 1
    return max(least, place)


def _joined(before: str, after: str) -> bool:
    """Whether two neighbours are shown as one character: marks, selectors, joiners, skin tones."""
    if after.isascii():
        return before == "\r" and after == "\n"
    return "\u200d" in (before, after) or unicodedata.category(after) in ("Mn", "Me", "Mc", "Sk")

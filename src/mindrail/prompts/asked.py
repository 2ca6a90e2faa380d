"""A language model as a scorer: questions, whoever answers them, and rows of scores made of the answers."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.llm.chat import Chat, Failure
from mindrail.llm.choose import Choosing, Chosen, Outcome, choose, counts, demand
from mindrail.prompts import contextual, unanswered
from mindrail.prompts.attempt import Attempt
from mindrail.prompts.question import Form, Question
from mindrail.records import Example
from mindrail.runtime.scorer import worst
from mindrail.taxonomy import Axis

log = logging.getLogger(__name__)

#: answers the questions about each text, in order; a prompt that the model has no room for fails as `too_long`
Ask = Callable[[Sequence[Sequence[Question]]], list[list[Outcome]]]

Calibration = Literal["contextual", "none"]


class AskedScorer:
    """Asks about all texts at once, whatever `ask` makes of it; `name` is what errors call the model.

    `forms` gives each text its form: one for all, or shots of its own. Where a prompt has no room, another attempt is
    made with less around the message (`prompts.attempt`); windows of a message too long for any prompt count as their
    worst. A text of which a question failed gets the most dangerous scores there are; where more than `how.failures`
    fail, or the server stops answering, there are no scores at all: `score` raises Stopped or Unreachable.
    """

    def __init__(
        self,
        axis: Axis,
        forms: Callable[[Sequence[Example]], Sequence[Form]],
        ask: Ask,
        *,
        calibration: Calibration = "none",
        how: Choosing | None = None,
        name: str = "the model",
    ) -> None:
        self.axis, self._forms, self._ask = axis, forms, ask
        self._calibration, self._how, self._name = calibration, how or Choosing(), name
        self._blank = contextual.Blank()
        self._answers: Mapping[str, int] = {}
        self._shrunk: Mapping[str, int] = {}

    @property
    def answers(self) -> Mapping[str, int]:
        """Of the last `score`: how many answers were `graded`, `plain`, or failed, by reason."""
        return self._answers

    @property
    def shrunk(self) -> Mapping[str, int]:
        """Of the last `score`: how many texts had to be asked with `fewer_shots`, `less_context`, or in `windows`."""
        return self._shrunk

    def score(self, examples: Sequence[Example]) -> Float[ndarray, "n k"]:
        """One row of raw scores for each text, in order."""
        self._blank.tidy()
        forms = self._forms(examples)
        left = [Attempt(i, one, form) for i, (one, form) in enumerate(zip(examples, forms, strict=True))]
        final: list[tuple[Attempt, list[Outcome]]] = []
        while left:
            answered, left = zip(left, self._outcomes(left), strict=True), []
            for attempt, outcomes in answered:
                if any(isinstance(one, Failure) and one.code == "too_long" for one in outcomes):
                    left += attempt.smaller()
                else:
                    final.append((attempt, outcomes))
        every = [one for _, outcomes in final for one in outcomes]
        self._answers = counts(every)
        self._shrunk = _shrunk([attempt for attempt, _ in final])
        if self._shrunk:
            told = ", ".join(f"{count} {_SHRUNK[kind]}" for kind, count in self._shrunk.items())
            log.warning("of %d texts, for want of room in the prompt: %s", len(examples), told)
        demand(every, self._how, self._name)
        return self._table(len(examples), sorted(final, key=lambda pair: pair[0].place))

    def _outcomes(self, attempts: Sequence[Attempt]) -> list[list[Outcome]]:
        """Answers to all attempts; what calibration has to know is asked beside them, while prompts are at hand."""
        forms = [attempt.form for attempt in attempts] if self._calibration == "contextual" else []
        blank = self._blank.questions(forms)
        found = self._ask([*(attempt.questions for attempt in attempts), *(asked for _, asked in blank)])
        self._blank.learn([form for form, _ in blank], found[len(attempts) :])
        return found[: len(attempts)]

    def _table(self, size: int, final: Sequence[tuple[Attempt, list[Outcome]]]) -> Float[ndarray, "n k"]:
        windows = Counter(attempt.place for attempt, _ in final)
        rows = [self._row(attempt.form, outcomes) for attempt, outcomes in final]

        def row(_place: int, found: Sequence[ndarray]) -> ndarray:
            return worst(self.axis, np.stack(found))

        return unanswered.table(self.axis, [windows[i] for i in range(size)], rows, row)

    def _row(self, form: Form, outcomes: Sequence[Outcome]) -> ndarray | Failure:
        """The scores of one attempt, or why there are none."""
        for one in outcomes:
            if isinstance(one, Failure):
                return one
        said = [one.logprobs for one in outcomes if isinstance(one, Chosen)]
        if self._calibration == "contextual":
            said = self._blank.corrected(form, said)
        return form.combine(said)


def same(form: Form) -> Callable[[Sequence[Example]], Sequence[Form]]:
    """One form for every text."""
    return lambda examples: [form] * len(examples)


def through(chat: Chat, how: Choosing | None = None) -> Ask:
    """Answers by a chat, all questions at once; the chat decides how many at a time."""

    def ask(asked: Sequence[Sequence[Question]]) -> list[list[Outcome]]:
        outcomes = iter(choose(chat, [question for some in asked for question in some], how))
        return [[next(outcomes) for _ in some] for some in asked]

    return ask


#: how a text was asked about instead
_SHRUNK = {
    "fewer_shots": "with fewer shots",
    "less_context": "with less of what was said before",
    "windows": "in several windows",
}


def _shrunk(attempts: Sequence[Attempt]) -> dict[str, int]:
    told = {kind: len({one.place for one in attempts if getattr(one, kind)}) for kind in _SHRUNK}
    return {kind: count for kind, count in told.items() if count}

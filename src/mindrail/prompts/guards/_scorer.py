"""A guard model behind any chat as a scorer on our axis."""

from collections.abc import Mapping, Sequence

from mindrail.arrays import Float, ndarray
from mindrail.llm.chat import Chat, Failure, Request
from mindrail.llm.choose import Choosing, counts, demand
from mindrail.prompts import unanswered
from mindrail.prompts.guards._base import Asked, Format
from mindrail.prompts.guards._read import Verdict, read
from mindrail.prompts.guards._rows import row
from mindrail.records import Example
from mindrail.taxonomy import Axis


class GuardModelScorer:
    """Asks one question for each text, or one for each text and label that is stopped.

    A text of which any question failed gets the most dangerous scores there are. Where more than `how.failures`
    fail, or the server stops answering, there are no scores at all: `score` raises Stopped or Unreachable.
    """

    def __init__(self, axis: Axis, form: Format, chat: Chat, how: Choosing) -> None:
        form.ask(
            Example.of("?"), axis
        )  # an axis that the format does not answer is refused before anything is asked
        self.axis, self.form, self.chat, self.how = axis, form, chat, how
        self._answers: Mapping[str, int] = {}

    @property
    def answers(self) -> Mapping[str, int]:
        """Of the last `score`: how many answers were `graded`, `plain`, or failed, by reason."""
        return self._answers

    def score(self, examples: Sequence[Example]) -> Float[ndarray, "n k"]:
        """One row for each text, in order."""
        asked = [self.form.ask(example, self.axis) for example in examples]
        verdicts = self._verdicts([one for questions in asked for one in questions])
        outcomes = [one if isinstance(one, Failure) else one.chosen for one in verdicts]
        self._answers = counts(outcomes)
        demand(outcomes, self.how, self.chat.name)
        return unanswered.table(
            self.axis,
            [len(questions) for questions in asked],
            verdicts,
            lambda place, found: row(self.axis, self.form, asked[place], found),
        )

    def _verdicts(self, asked: Sequence[Asked]) -> list[Verdict | Failure]:
        requests = [self._request(one) for one in asked]
        found: dict[int, Verdict | Failure] = {}
        for place, answer in self.chat.ask(requests) if requests else ():
            found[place] = read(answer, self.form, asked[place], self.how.smoothing)
        return [found[place] for place in range(len(asked))]

    def _request(self, asked: Asked) -> Request:
        told = self.how.top_logprobs if self.how.read == "logprobs" else 0
        return Request(
            asked.messages, max_tokens=self.form.max_tokens, top_logprobs=told, template=asked.template
        )

"""A language model behind any chat as a scorer: the questions of a form, its answers read, never guessed."""

from collections.abc import Mapping, Sequence

from mindrail.arrays import Float, ndarray
from mindrail.llm.chat import Chat
from mindrail.llm.choose import Choosing, Chosen, choose, counts, demand
from mindrail.prompts import unanswered
from mindrail.prompts.question import Form
from mindrail.records import Example
from mindrail.taxonomy import Axis


class AskedScorer:
    """Puts every question of the form to the chat, all texts at once; the chat decides how many at a time.

    A text of which any question failed gets the most dangerous scores there are. Where more than `how.failures`
    fail, or the server stops answering, there are no scores at all: `score` raises Stopped or Unreachable.
    """

    def __init__(self, form: Form, chat: Chat, how: Choosing | None = None) -> None:
        self.form, self.chat, self.how = form, chat, how or Choosing()
        self._answers: Mapping[str, int] = {}

    @property
    def axis(self) -> Axis:
        """The question that is answered."""
        return self.form.axis

    @property
    def answers(self) -> Mapping[str, int]:
        """Of the last `score`: how many answers were `graded`, `plain`, or failed, by reason."""
        return self._answers

    def score(self, examples: Sequence[Example]) -> Float[ndarray, "n k"]:
        """One row for each text, in order."""
        asked = [self.form.questions(example) for example in examples]
        outcomes = choose(self.chat, [question for some in asked for question in some], self.how)
        self._answers = counts(outcomes)
        demand(outcomes, self.how, self.chat.name)
        return unanswered.table(self.axis, [len(some) for some in asked], outcomes, self._row)

    def _row(self, _place: int, found: Sequence[Chosen]) -> Float[ndarray, " k"]:
        return self.form.combine([one.logprobs for one in found])

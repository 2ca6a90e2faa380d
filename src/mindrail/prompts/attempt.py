"""One try at asking about a text; where the model has no room for it, the next try with less around the message."""

from dataclasses import dataclass, replace
from functools import cached_property

from mindrail.errors import BadConfig
from mindrail.prompts.question import Form, Question
from mindrail.records import Example, Turn

#: characters that neighbouring windows share, and the shortest text that is ever halved
OVERLAP = 200
SHORTEST = 64


@dataclass(frozen=True)
class Attempt:
    """The text at `place` of those to be scored, or a window of it, and how it is asked."""

    place: int
    example: Example
    form: Form
    fewer_shots: bool = False
    less_context: bool = False
    windows: bool = False

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What is asked."""
        return self.form.questions(self.example)

    def smaller(self) -> "list[Attempt]":
        """What to try instead. First shots go, one by one (`Form.fewer`). Then the older half of what was said
        before, as long as that is longer than the message. The message is never cut: it is read in two windows that
        overlap. Raises BadConfig where even that cannot help, because the instructions alone fill the context.
        """
        if self.form.shots:
            return [replace(self, form=self.form.fewer(), fewer_shots=True)]
        said, text = sum(len(turn.text) for turn in self.example.context), self.example.text
        if said > len(text):
            return [replace(self, example=_later(self.example, said // 2), less_context=True)]
        if len(text) <= SHORTEST:
            raise BadConfig(
                f"the instructions on axis '{self.form.axis.name}' leave no room for a message in the model's "
                "context. Do: choose a model with a longer one, or leave exclusions and examples out "
                "(wording.does_not_count, wording.examples)"
            )
        overlap = min(OVERLAP, len(text) // 4)
        middle = len(text) // 2
        halves = text[: middle + overlap], text[middle - overlap :]
        return [replace(self, example=_saying(self.example, half), windows=True) for half in halves]


def _saying(example: Example, text: str) -> Example:
    judged = Turn(example.turns[example.focus].speaker, text)
    return replace(example, turns=(*example.context, judged), focus=-1)


def _later(example: Example, room: int) -> Example:
    """With the latest `room` characters of what was said before."""
    kept: list[Turn] = []
    for turn in reversed(example.context):
        part = turn.text[max(0, len(turn.text) - room) :] if room else ""
        if not part:
            break
        kept.append(Turn(turn.speaker, part))
        room -= len(part)
    turns = (*reversed(kept), example.turns[example.focus])
    return replace(example, turns=turns, focus=-1)

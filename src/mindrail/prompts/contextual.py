"""Contextual calibration: what a model says about nothing is its bias, and is taken off (arXiv:2102.09690).

Zhao et al. divide the probabilities of the options by those that the same prompt gives them for inputs without
content, and normalise. In logarithms that is a subtraction, question by question.
"""

from collections.abc import Sequence

import numpy as np

from mindrail.arrays import Float, log_softmax, ndarray
from mindrail.errors import Stopped
from mindrail.llm.chat import Message
from mindrail.llm.choose import Chosen, Outcome
from mindrail.prompts.question import Form, Question
from mindrail.records import Example

#: the paper's inputs without content, whose probabilities are averaged
CONTENT_FREE = ("N/A", "[MASK]", "")
#: prompts whose bias is remembered; with shots of its own for each text there is one for each
_KEPT = 1000


def corrected(
    said: Float[ndarray, "question option"], blank: Float[ndarray, "question option"]
) -> Float[ndarray, "question option"]:
    """Log-probabilities without the bias that `blank` shows."""
    row: ndarray = log_softmax(said - blank)
    return row


def bias(answers: Sequence[Float[ndarray, "question option"]]) -> Float[ndarray, "question option"]:
    """The log of the mean probabilities over all inputs without content."""
    mean: ndarray = np.log(np.exp(np.stack(answers)).mean(axis=0))
    return mean


class Blank:
    """What a model says about nothing, known for each prompt once it was asked."""

    def __init__(self) -> None:
        self._bias: dict[tuple[Message, ...], ndarray] = {}

    def tidy(self) -> None:
        """Forget all prompts where they have become too many."""
        if len(self._bias) > _KEPT:
            self._bias.clear()

    def questions(self, forms: Sequence[Form]) -> list[tuple[Form, tuple[Question, ...]]]:
        """What has to be asked for prompts that are not known yet, several inputs for each."""
        new = {form.head: form for form in forms if form.head not in self._bias}
        blank = [Example.of(text) for text in CONTENT_FREE]
        return [(form, form.questions(example)) for form in new.values() for example in blank]

    def learn(self, forms: Sequence[Form], answers: Sequence[Sequence[Outcome]]) -> None:
        """Remember the answers to these questions; not those of a form where one failed."""
        of: dict[tuple[Message, ...], list[Sequence[Outcome]]] = {}
        for form, outcomes in zip(forms, answers, strict=True):
            of.setdefault(form.head, []).append(outcomes)
        for head, several in of.items():
            said = [[one.logprobs for one in outcomes if isinstance(one, Chosen)] for outcomes in several]
            if all(len(own) == len(outcomes) for own, outcomes in zip(said, several, strict=True)):
                self._bias[head] = bias([np.stack(own) for own in said])

    def corrected(
        self, form: Form, said: Sequence[Float[ndarray, " option"]]
    ) -> list[Float[ndarray, " option"]]:
        """Answers to a form's questions without the bias. Raises Stopped where it could not be learned."""
        if form.head not in self._bias:
            raise Stopped(
                "contextual calibration asks about texts without content, and such a question came to nothing. Do: "
                "give the same command again, or switch it off (calibration=none)"
            )
        return list(corrected(np.stack(said), self._bias[form.head]))

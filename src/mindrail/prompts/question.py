"""The form in which an axis is put to a language model, and how its answers become a row of scores."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.llm.chat import Message
from mindrail.prompts import words
from mindrail.prompts.words import Wording
from mindrail.records import Example
from mindrail.records.targets import targets_of
from mindrail.taxonomy import Axis, tree


@dataclass(frozen=True)
class Question:
    """One choice put to a language model about one text."""

    head: tuple[Message, ...]  # the same for every text: instructions, then shots
    tail: tuple[Message, ...]  # the user's turn that holds the text under judgement
    options: tuple[str, ...]  # the words it chooses between; two or more, all different

    @property
    def messages(self) -> tuple[Message, ...]:
        """The prompt; the answer is the next message."""
        return self.head + self.tail


@dataclass(frozen=True)
class Shot:
    """A labelled example that is shown with the answer to one of its questions."""

    example: Example
    question: int = 0


@dataclass(frozen=True)
class Form:
    """How one axis is asked.

    `one_of` and `scale`: one question, its options are the labels. `any_of`: yes or no for each label. `first_of`:
    yes or no for each label but the last, given that none before it fits (`taxonomy.tree`). Several questions
    about one text share head and text and differ at their very end, so that a reader gets through most of it once.
    """

    axis: Axis
    asks: str = ""  # the taxonomy's question
    judges: Literal["message", "response"] = "message"
    wording: Wording = field(default_factory=Wording)
    shots: tuple[Shot, ...] = ()  # as they are shown, the most telling first

    def __post_init__(self) -> None:
        if len(set(self.options)) < len(self.options):
            raise ValueError(f"two labels of axis '{self.axis.name}' go by the same word in prompts")

    @cached_property
    def options(self) -> tuple[str, ...]:
        """The words to choose between, the same for each question: label by label, or (no, yes)."""
        if self._exclusive:
            return tuple(self.wording.name(label) for label in self.axis.names)
        return self.wording.no, self.wording.yes

    @cached_property
    def asked(self) -> tuple[str, ...]:
        """The last words of each question."""
        kind, names = self.axis.kind, self.axis.names
        told = self.options if self._exclusive else self.options[::-1]
        fill = {"subject": words.subject(self.judges), "options": words.listed(told)}
        if self._exclusive:
            return (self.wording.choose.format(label="", **fill),)
        first = names if kind == "any_of" else names[:1]
        later = () if kind == "any_of" else names[1:-1]
        return tuple(
            template.format(label=self.wording.name(name), **fill)
            for template, some in ((self.wording.ask, first), (self.wording.ask_next, later))
            for name in some
        )

    @cached_property
    def head(self) -> tuple[Message, ...]:
        """Instructions, and each shot with its answer. Raises ValueError for a shot whose question has none."""
        told = words.instructions(self.axis, self.asks, self.judges, self.wording)
        messages = [Message("system", told)]
        for shot in self.shots:
            right = self.answer(shot.example)[shot.question]
            if right is None:
                raise ValueError(f"question {shot.question} about example {shot.example.id} has no answer")
            messages += [self._turn(shot.example, shot.question), Message("assistant", right)]
        return tuple(messages)

    def fewer(self) -> "Form":
        """With one shot less: the last of those whose answer is shown most often, so that the rest stay balanced."""
        said = [self.answer(shot.example)[shot.question] for shot in self.shots]
        most = max(map(said.count, said))
        last = max(i for i, answer in enumerate(said) if said.count(answer) == most)
        return replace(self, shots=self.shots[:last] + self.shots[last + 1 :])

    def questions(self, example: Example) -> tuple[Question, ...]:
        """What is asked about one text."""
        return tuple(
            Question(self.head, (self._turn(example, i),), self.options) for i in range(len(self.asked))
        )

    def answer(self, example: Example) -> tuple[str | None, ...]:
        """The right option of each question: what shots say, and what fine-tuning learns.

        None for a question of `first_of` after the label that fits: nobody gets there. Raises ValueError for an
        example without an answer on the axis.
        """
        values, known = targets_of(self.axis, [example])
        if not known[0]:
            raise ValueError(f"example {example.id} has no answer on axis '{self.axis.name}'")
        true = values[0].tolist()
        if self._exclusive:
            return (self.options[true.index(True)],)
        last = true.index(True) if self.axis.kind == "first_of" else len(true)
        return tuple(self.options[true[i]] if i <= last else None for i in range(len(self.asked)))

    def combine(self, log_probabilities: Sequence[Float[ndarray, " option"]]) -> Float[ndarray, " k"]:
        """One row of raw scores from the answers to all questions about a text.

        Log-probabilities of labels where these exclude each other (so softmax gives the probabilities back),
        log-odds of "yes" for `any_of`.
        """
        rows: ndarray = np.array(log_probabilities, dtype=np.float64)
        if rows.shape != (len(self.asked), len(self.options)):
            raise ValueError(f"found answers {rows.shape}, expected {(len(self.asked), len(self.options))}")
        if self._exclusive:
            row: ndarray = rows[0]
        else:
            row = rows[:, 1] - rows[:, 0]
        if self.axis.kind == "first_of":
            row = tree.labels(row[None])[0]
        return row

    @property
    def _exclusive(self) -> bool:
        """Whether one question decides between all labels."""
        return self.axis.kind in ("one_of", "scale")

    def _turn(self, example: Example, question: int) -> Message:
        return Message("user", f"{words.shown(example, self.judges)}\n{self.asked[question]}")

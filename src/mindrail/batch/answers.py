"""What a guard says of many texts, small enough to travel: done in whatever process holds the guard."""

from collections.abc import Sequence
from typing import NamedTuple

from mindrail.batch.rows import Said
from mindrail.guard import Answer, Guard
from mindrail.records import Example, Turn


class Outcome(NamedTuple):
    """The answer to one text; `chances` are the probabilities of the guard's labels in their order."""

    decision: str
    label: str
    probability: float
    chances: tuple[float, ...]
    coverage: float
    code: str


#: an answer, or the code of why there is none
Answered = Outcome | str


def answer(guard: Guard, asked: Sequence[Said]) -> list[Answered]:
    """An answer to each, the same bits as if asked alone. A text on which the model fails fails alone.

    Nothing is raised: an error that travels might carry a text.
    """
    examples = [Example(tuple(Turn(*turn) for turn in said), id="-") for said in asked]
    try:
        return [_outcome(guard, given) for given in guard.many(examples)]
    except Exception:
        if len(asked) == 1:
            return ["guard-failed"]
        return [one for said in asked for one in answer(guard, [said])]


def _outcome(guard: Guard, given: Answer) -> Outcome:
    chances = tuple(given.probabilities[name] for name in guard.axis.names)
    return Outcome(given.decision, given.label, given.probability, chances, given.coverage, given.code)

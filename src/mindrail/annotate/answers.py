"""What one person says of one item: an answer for each question that applies."""

from collections.abc import Mapping
from typing import Any

from mindrail.errors import DataError
from mindrail.taxonomy import Answer, Axis, Taxonomy, labels_in

#: axis name to answer
Answers = Mapping[str, Answer]


class BadAnswer(DataError):
    """Answers that the taxonomy does not allow. Names axes and labels of the taxonomy, never what was sent."""


def applies(axis: Axis, answers: Answers) -> bool:
    """Whether a question is asked, given the answers to those before it."""
    return all(
        set(labels_in(answers[other])) & set(wanted) if other in answers else False
        for other, wanted in axis.only_if.items()
    )


def parse(taxonomy: Taxonomy, value: Any, *, whole: bool = True) -> dict[str, Answer]:
    """Answers from plain values; labels of `any_of` come in the taxonomy's order.

    With `whole` every question that applies must be answered. Raises BadAnswer.
    """
    if not isinstance(value, Mapping):
        raise BadAnswer("answers are not an object of axis names and labels")
    found: dict[str, Answer] = {}
    for axis in taxonomy.axes:
        asked = applies(axis, found)
        if axis.name not in value:
            if whole and asked:
                raise BadAnswer(f"the question '{axis.name}' is not answered")
            continue
        if whole and not asked:
            raise BadAnswer(f"the question '{axis.name}' does not apply to these answers")
        found[axis.name] = _answer(axis, value[axis.name])
    if len(found) != len(value):
        raise BadAnswer(
            f"{len(value) - len(found)} answers are to questions that '{taxonomy.id}' does not ask"
        )
    if not found:
        raise BadAnswer("nothing is answered")
    return found


def plain(answers: Answers) -> dict[str, Any]:
    """The reverse, for JSON."""
    return {axis: a if isinstance(a, str) else list(a) for axis, a in answers.items()}


def _answer(axis: Axis, value: Any) -> Answer:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(name, str) for name in given):
        raise BadAnswer(f"the answer to '{axis.name}' is neither a label nor a list of labels")
    if unknown := set(given) - set(axis.names):
        raise BadAnswer(f"{len(unknown)} unknown labels for '{axis.name}'; it knows: {', '.join(axis.names)}")
    if axis.exclusive and len(given) != 1:
        raise BadAnswer(f"'{axis.name}' takes exactly one label, found {len(given)}")
    chosen = tuple(name for name in axis.names if name in given)
    return chosen[0] if axis.exclusive else chosen

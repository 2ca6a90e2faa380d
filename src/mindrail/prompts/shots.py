"""Which labelled examples a prompt shows, and which of their questions."""

from collections.abc import Sequence

import numpy as np

from mindrail import seeds
from mindrail.arrays import Float, ndarray
from mindrail.errors import BadConfig, BadSplit
from mindrail.prompts.question import Form, Shot
from mindrail.records import Example


def balanced(form: Form, labelled: Sequence[Example], count: int, seed: int) -> tuple[Shot, ...]:
    """Each label as often as the others, give or take one; where labels are asked one by one, each label in turn,
    with as many yes as no. Which examples: by the seed. A longer choice begins with the shorter one.

    Raises BadSplit where there are too few labelled examples of a kind.
    """
    random = seeds.stream(seed, "shots")
    drawn = [labelled[i] for i in random.permutation(len(labelled))]
    questions, options = len(form.asked), form.options
    turn = random.permutation(len(options))
    shots: list[Shot] = []
    for i in range(count):
        question = i % questions
        answer = options[turn[(i + i // questions * (1 - questions % 2)) % len(options)]]
        used = {shot.example.id for shot in shots}
        fits = (e for e in drawn if e.id not in used and form.answer(e)[question] == answer)
        found = next(fits, None)
        if found is None:
            raise BadSplit(_too_few(form, question, answer, labelled, count))
        shots.append(Shot(found, question))
    return tuple(shots)


def fixed(form: Form, labelled: Sequence[Example], ids: Sequence[str]) -> tuple[Shot, ...]:
    """The examples of these ids, in this order. Raises BadConfig for an id that is not among the labelled ones."""
    known = {example.id: example for example in labelled}
    missing = [one for one in ids if one not in known]
    if missing or not ids:
        raise BadConfig(
            f"shots name {len(ids)} ids, and {len(missing)} of them are not among the {len(known)} labelled examples"
            f"{f' ({missing[0]})' if missing else ''}. Do: take ids from the split's labelled.jsonl"
        )
    return tuple(Shot(known[one], telling(form, known[one], i)) for i, one in enumerate(ids))


def similar(
    form: Form,
    labelled: Sequence[Example],
    vectors: Float[ndarray, "labelled width"],
    example: Example,
    vector: Float[ndarray, " width"],
    count: int,
) -> tuple[Shot, ...]:
    """The nearest by cosine (vectors of length one), the nearest first; never the example itself."""
    near = np.argsort(-(vectors @ vector), kind="stable")
    chosen = [labelled[i] for i in near if labelled[i].id != example.id][:count]
    return tuple(Shot(one, telling(form, one, i)) for i, one in enumerate(chosen))


def telling(form: Form, example: Example, turn: int) -> int:
    """Which question about an example to show, where labels are asked one by one: that of the label that fits.

    Of several labels, and where none fits, it is the next one's turn.
    """
    answers = form.answer(example)
    if len(answers) == 1:
        return 0
    reached = [i for i, answer in enumerate(answers) if answer is not None]
    yes = [i for i in reached if answers[i] == form.wording.yes]
    some = yes or reached
    return some[turn % len(some)]


def _too_few(form: Form, question: int, answer: str, labelled: Sequence[Example], count: int) -> str:
    have = sum(form.answer(example)[question] == answer for example in labelled)
    about = f" to question {question + 1} of {len(form.asked)}" if len(form.asked) > 1 else ""
    return (
        f"{count} balanced shots need more examples with the answer '{answer}'{about} than the {have} among the "
        f"{len(labelled)} labelled ones. Do: ask for fewer shots, label more, or choose=similar"
    )

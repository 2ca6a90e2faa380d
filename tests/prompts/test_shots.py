"""Which examples a prompt shows: balanced, fixed, similar; and which give way first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.axes import AXES, FIRST, SCALE, SEVERAL, TWO
from mindrail.errors import BadConfig, BadSplit
from mindrail.prompts import Form, Shot, shots
from mindrail.records import Example
from mindrail.taxonomy import Axis


def labelled(axis: Axis, size: int = 60) -> list[Example]:
    """The labels in turn."""
    turns = [axis.names[i % len(axis.names)] for i in range(size)]
    answers = [name if axis.exclusive else (name,) for name in turns]
    return [Example.of(f"a walk, number {i}", answers={axis.name: answers[i]}) for i in range(size)]


def said(form: Form, chosen: tuple[Shot, ...]) -> list[tuple[int, str | None]]:
    return [(shot.question, form.answer(shot.example)[shot.question]) for shot in chosen]


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.kind)
@given(count=st.integers(0, 12), seed=st.integers(0, 5))
def test_balanced_shots_show_every_answer_alike(axis: Axis, count: int, seed: int) -> None:
    form = Form(axis)
    chosen = shots.balanced(form, labelled(axis), count, seed)
    assert len({shot.example.id for shot in chosen}) == len(chosen) == count
    answers = [answer for _, answer in said(form, chosen)]
    times = [answers.count(option) for option in form.options]
    assert max(times) - min(times) <= 1
    asked = [question for question, _ in said(form, chosen)]
    times = [asked.count(question) for question in range(len(form.asked))]
    assert max(times) - min(times) <= 1


def test_each_label_is_shown_with_yes_and_with_no() -> None:
    """By hand: three labels asked in turn, six shots."""
    form = Form(SEVERAL)
    told = said(form, shots.balanced(form, labelled(SEVERAL), 6, 0))
    assert [question for question, _ in told] == [0, 1, 2, 0, 1, 2]
    for question in range(3):
        assert {answer for asked, answer in told if asked == question} == {"no", "yes"}


def test_a_longer_choice_begins_with_the_shorter() -> None:
    form = Form(SCALE)
    long = shots.balanced(form, labelled(SCALE), 8, 3)
    assert shots.balanced(form, labelled(SCALE), 5, 3) == long[:5]


def test_too_few_examples_of_a_kind_are_told() -> None:
    form = Form(SCALE)
    few = [*labelled(SCALE, 3), Example.of("tea", answers={"risk": "safe"})]
    with pytest.raises(BadSplit, match=r"6 balanced shots need more examples .* than the 1 among the 4"):
        shots.balanced(form, few, 6, 0)


def test_fixed_shots_stand_in_the_order_of_their_ids() -> None:
    form, known = Form(TWO), labelled(TWO)
    wanted = [known[7].id, known[2].id]
    assert [shot.example.id for shot in shots.fixed(form, known, wanted)] == wanted
    with pytest.raises(BadConfig, match=r"name 2 ids, and 1 of them are not among the 60 .*\(nobody\)"):
        shots.fixed(form, known, [known[0].id, "nobody"])


def test_fixed_shots_show_the_question_that_tells_most() -> None:
    """The label that fits; of an ordered axis' last label, a question before it."""
    form = Form(FIRST)
    chosen = shots.fixed(form, labelled(FIRST), [one.id for one in labelled(FIRST, 3)])
    assert said(form, chosen)[:2] == [(0, "yes"), (1, "yes")]
    assert said(form, chosen)[2][1] == "no"


def test_similar_shots_are_the_nearest_but_never_the_text_itself() -> None:
    form, known = Form(TWO), labelled(TWO, 5)
    angles = np.array([0.0, 0.1, 0.3, 0.9, 2.0])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    chosen = shots.similar(form, known, vectors, known[1], vectors[1], 3)
    assert [known.index(shot.example) for shot in chosen] == [0, 2, 3]


def test_what_gives_way_first_leaves_the_rest_balanced() -> None:
    form = Form(TWO)
    known = labelled(TWO, 10)  # safe, harmful, safe, ...
    order = [known[i] for i in (0, 2, 4, 1, 6)]  # safe, safe, safe, harmful, safe
    form = Form(TWO, shots=tuple(map(Shot, order)))
    left = []
    while form.shots:
        left.append([known.index(shot.example) for shot in form.shots])
        form = form.fewer()
    assert left == [[0, 2, 4, 1, 6], [0, 2, 4, 1], [0, 2, 1], [0, 1], [0]]

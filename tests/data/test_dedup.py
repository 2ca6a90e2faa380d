"""The same text twice, and nearly the same on two sides."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindrail import taxonomy
from mindrail.data.dedup import Dropped, Leak, drop_duplicates, duplicates, leaks, near_pairs
from mindrail.errors import MissingExtra
from mindrail.records import Example
from mindrail.taxonomy import Answer

HARM = taxonomy.load("prompt-harm").axis()
SIX = taxonomy.load("harm-six").axis()


def said(text: str, answer: Answer | None = None, axis: str = HARM.name) -> Example:
    return Example.of(text, answers={} if answer is None else {axis: answer})


few = st.lists(
    st.builds(
        said, st.sampled_from(["a", "A ", "b", "c  d", "C d"]), st.sampled_from([None, "safe", "harmful"])
    )
)


def test_worked_example() -> None:
    examples = [
        said("Hello  there", "safe"),
        said("good bye", "safe"),
        said("hello THERE", "safe"),
        said("ｇood bye", "harmful"),
        said("once"),
    ]
    assert duplicates(examples) == [(0, 2), (1, 3)]
    assert drop_duplicates(examples, HARM) == ([examples[0], examples[4]], Dropped(repeated=1, conflicting=2))


def test_an_answer_is_worth_more_than_a_place() -> None:
    first, second = said("hello"), said("Hello", "safe")
    assert drop_duplicates([first, second], HARM) == ([second], Dropped(repeated=1, conflicting=0))


def test_several_labels_in_another_order_do_not_conflict() -> None:
    examples = [
        said("a", ("weapons", "substances"), SIX.name),
        said("a", ("substances", "weapons"), SIX.name),
    ]
    assert drop_duplicates(examples, SIX) == ([examples[0]], Dropped(repeated=1, conflicting=0))


def test_answers_to_another_question_do_not_conflict() -> None:
    examples = [said("a", "safe"), said("a", ("weapons",), SIX.name)]
    assert drop_duplicates(examples, HARM) == ([examples[0]], Dropped(repeated=1, conflicting=0))


def test_what_was_said_before_counts() -> None:
    assert duplicates([Example.of("fine", context="how are you"), Example.of("fine", context="who")]) == []


@given(few)
def test_dropping_twice_changes_nothing(examples: list[Example]) -> None:
    kept, _ = drop_duplicates(examples, HARM)
    assert drop_duplicates(kept, HARM) == (kept, Dropped(0, 0))


@given(few)
def test_nothing_is_lost_uncounted_and_order_stays(examples: list[Example]) -> None:
    kept, dropped = drop_duplicates(examples, HARM)
    assert len(kept) + dropped.repeated + dropped.conflicting == len(examples)
    rest = iter(examples)
    assert all(any(example is other for other in rest) for example in kept)
    assert duplicates(kept) == []


@given(few, st.randoms())
def test_which_texts_stay_does_not_depend_on_order(examples: list[Example], chance: random.Random) -> None:
    mixed = chance.sample(examples, len(examples))
    texts = [{e.normalised() for e in drop_duplicates(some, HARM)[0]} for some in (examples, mixed)]
    assert texts[0] == texts[1]


def _sentences(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    words = [f"w{i}" for i in range(400)]
    return [" ".join(chance.choices(words, k=chance.randint(3, 40))) for _ in range(count)]


def _slow(left: Sequence[str], right: Sequence[str], threshold: float) -> set[tuple[int, int]]:
    def parts(text: str) -> set[tuple[str, ...]]:
        words = text.split()
        return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}

    pairs = ((i, j, parts(a), parts(b)) for i, a in enumerate(left) for j, b in enumerate(right))
    return {(i, j) for i, j, a, b in pairs if a and b and len(a & b) / len(a | b) >= threshold}


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.9, 1.0])
def test_near_pairs_are_those_of_a_slow_search(threshold: float) -> None:
    left = _sentences(60, seed=1)
    chance = random.Random(2)
    right = _sentences(40, seed=3)
    for text in left:  # the same texts with a few words exchanged at the end
        words = text.split()
        right.append(" ".join(words[: len(words) - chance.randint(0, 6)] + ["new"] * chance.randint(0, 2)))
    found = near_pairs(left, right, threshold)
    assert {(pair.left, pair.right) for pair in found} == _slow(left, right, threshold)
    assert found == sorted(found) == near_pairs(left, right, threshold)


def test_both_directions_find_the_same() -> None:
    left, right = _sentences(30, seed=1), [text + " and more" for text in _sentences(30, seed=1)]
    there = {(pair.left, pair.right) for pair in near_pairs(left, right)}
    assert there == {(pair.right, pair.left) for pair in near_pairs(right, left)}


def test_scripts_without_spaces_are_compared_by_character() -> None:
    text = "今天天气很好我们一起去公园散步吧"
    assert [pair.right for pair in near_pairs([text], ["完全不同的一句话而已没有关系", text + "。好"])] == [1]


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.1])
def test_a_threshold_outside_its_range_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="outside"):
        near_pairs(["a"], ["b"], threshold)


def test_leaks() -> None:
    long = "could you tell me how long the walk to the old lighthouse takes from here"
    left = [said("short one"), said(long), said("something else entirely that nobody on the other side says")]
    right = [said(f"{long} please"), said("Short  One"), said("short two")]
    found = leaks(left, right)
    assert found == [
        Leak(left[0].id, right[1].id, 1.0),
        Leak(left[1].id, right[0].id, 11 / 12),
    ]


def test_short_texts_leak_only_word_for_word() -> None:
    assert leaks([said("call me now please")], [said("call me now pleas")]) == []


def test_without_datasketch_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "datasketch", None)
    with pytest.raises(MissingExtra, match=r"mindrail\[train\]"):
        near_pairs(["a"], ["b"])

"""`edit` changes words, never what turns a sentence around, and the same way each time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindrail import config, seeds
from mindrail.augment import _lexicon
from mindrail.augment._base import Made, Method, Wanted
from mindrail.augment._units import cut, fixed, without
from mindrail.augment.methods.edit import METHOD, Edit
from mindrail.errors import BadConfig
from mindrail.records import Example, Turn

TEXT = "The big car did not start quickly, so I never bought 3 small apples at www.shop.example/x?y=2."
ONLY = {"synonym": 0.0, "insert": 0.0, "swap": 0.0, "delete": 0.0}

words = st.sampled_from(
    ["not", "never", "don't", "7", "twelve", "2.5", "big", "quickly", "soup", "can't", "no", "car"]
)
texts = st.lists(words, min_size=1, max_size=30).map(" ".join)
anything = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


def edited(text: str, seed: int = 0, **rates: float) -> str:
    return Edit(**(ONLY | rates)).text(text, seeds.stream(seed))


def wanted(example: Example, number: int = 0, seed: int = 0) -> Wanted:
    return Wanted(example, number, seeds.derive(seed, example.id, number))


def made(example: Example, number: int = 0, **rates: float) -> Made:
    ((_, one),) = Edit(**rates).make([wanted(example, number)])
    return one


def test_it_is_a_method() -> None:
    assert isinstance(METHOD(), Method)


@settings(deadline=None)
@given(texts, st.integers(0, 5))
def test_negations_and_numbers_stay_in_order(text: str, seed: int) -> None:
    after = edited(text, seed, synonym=0.5, insert=0.5, swap=0.5, delete=0.5)
    assert [w for w in after.split() if fixed(w) or w[0].isdigit()] == [
        w for w in text.split() if fixed(w) or w[0].isdigit()
    ]


@settings(deadline=None)
@given(anything)
def test_taken_apart_a_text_is_the_text_again(text: str) -> None:
    assert cut(text).text == text


@settings(deadline=None)
@given(anything, st.integers(0, 3))
def test_any_text_can_be_edited(text: str, seed: int) -> None:
    assert isinstance(edited(text, seed, synonym=0.5, insert=0.5, swap=0.5, delete=0.5), str)


def test_the_same_seed_gives_the_same_view_and_another_number_another() -> None:
    example = Example.of(TEXT)
    assert made(example, 0) == made(example, 0)
    assert len({made(example, number).turns for number in range(5)}) > 1


def test_a_view_does_not_depend_on_its_neighbours() -> None:
    several = [wanted(Example.of(f"{TEXT} And {i} more lovely flowers.")) for i in range(4)]
    together = dict(Edit().make(several))
    assert [together[i] for i in range(4)] == [next(Edit().make([one]))[1] for one in several]


@pytest.mark.parametrize(
    ("rates", "text", "after"),
    [
        ({"synonym": 1.0}, "an Apartment", "an Flat"),
        ({"synonym": 1.0}, "THE SOFA", "THE COUCH"),
        ({"swap": 1.0}, "red soup here", "soup red here"),
        ({"swap": 1.0}, "red, soup", "red, soup"),
        ({"swap": 1.0}, "not soup", "not soup"),
        ({"delete": 1.0}, "we do not eat", "not"),
        ({"delete": 1.0}, "soup", "soup"),
        ({"insert": 1.0}, "sofa", "sofa couch"),
        ({"insert": 1.0}, "没有雨", "没有有雨雨"),
        ({"delete": 1.0}, "今天不去", "不"),
        ({"swap": 1.0}, "我们", "们我"),
    ],
)
def test_each_edit_by_hand(rates: dict[str, float], text: str, after: str) -> None:
    assert edited(text, **rates) == after


@pytest.mark.parametrize("mark", ["User: ", "用户：", "  Helper : "])
def test_marks_of_speakers_keep_their_place(mark: str) -> None:
    text = f"{mark}soup today\n{mark}soup again"
    for seed in range(5):
        after = edited(text, seed, swap=0.7, delete=0.5, synonym=0.5)
        assert [line.startswith(mark.rstrip()) for line in after.split("\n")] == [True, True]


@pytest.mark.parametrize(
    "kept", ["https://a.example/b?c=d", "me@mail.example", "#soup", "12:30", "3.5", "covid19"]
)
def test_addresses_and_numbers_are_one_unit(kept: str) -> None:
    assert [unit.kind for unit in cut(f"see {kept} now").units] == ["word", "kept", "word"]


def test_a_long_text_without_spaces_takes_no_time() -> None:
    assert len(cut("字" * 20_000 + "a" * 20_000 + "@" * 20_000).units) > 20_000


def test_leaving_a_word_out_leaves_one_gap() -> None:
    units = cut("one soup (two) end").units
    assert [unit.text + unit.gap for unit in without(units, 1)] == ["one (", "two) ", "end"]


def test_turns_after_the_judged_one_and_speakers_stay() -> None:
    said = [Turn("user", TEXT), Turn("assistant", TEXT), Turn("user", TEXT)]
    one = made(Example(tuple(said), focus=1), synonym=0.9)
    assert one.turns is not None
    assert [turn.speaker for turn in one.turns] == ["user", "assistant", "user"]
    assert one.turns[2] == said[2] and one.turns[0] != said[0] and one.turns[0].text != one.turns[1].text


@pytest.mark.parametrize("text", ["never", "3", "", " \n", "?!", "soup"])
def test_what_cannot_be_edited_is_said_to_be_unchanged(text: str) -> None:
    assert made(Example.of(text)) == Made(None, "unchanged")


@pytest.mark.parametrize("given_rates", [{"swap": 1.5}, {"delete": -0.1}, ONLY, {"swop": 0.1}])
def test_bad_rates_are_refused(given_rates: dict[str, float]) -> None:
    with pytest.raises(BadConfig):
        config.build(METHOD, given_rates)


def test_the_identity_tells_rates_but_not_how_work_is_cut() -> None:
    assert Edit(chunk=1).identity() == Edit(chunk=2).identity() != Edit(swap=0.2).identity()


def test_the_lexicon_is_words_without_harm_negation_or_groups() -> None:
    known = _lexicon.synonyms()
    assert len(known) > 1500
    assert all(isinstance(word, str) and word == word.lower() for word in known)
    assert all(word not in others and len(others) == len(set(others)) for word, others in known.items())
    assert all(word in known[other] for word, others in known.items() for other in others)
    groups = {term.rstrip("*") for terms in _lexicon.lists("group_terms").values() for term in terms}
    assert not {word for word in known if fixed(word) or word in groups}


def test_rates_are_about_what_they_say() -> None:
    text = " ".join(["soup"] * 2000)
    left = np.mean([len(edited(text, seed, delete=0.1).split()) for seed in range(3)])
    assert 1760 < left < 1840

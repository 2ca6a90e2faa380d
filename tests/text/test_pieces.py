"""Words and passages: every letter or digit lies in exactly one word, every word in one passage."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindrail.text.pieces import Span, passages, words

TEXTS = st.text(
    st.sampled_from("ab .!?,，。\n\t下雨ス🙂é\u0301-'\u00a0(") | st.characters(codec="utf-8"), max_size=300
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I miss her, so much…", ["I", "miss", "her", "so", "much"]),
        ("«¿Qué?» don't re-read", ["Qué", "don't", "re-read"]),
        ("我今天 very 难过。", ["我", "今", "天", "very", "难", "过"]),
        ("أنا حزين اليوم.", ["أنا", "حزين", "اليوم"]),
        ("well !!! 🙂🙂 - ok", ["well", "!!!", "🙂🙂", "ok"]),
        ("x" * 90, ["x" * 40, "x" * 40, "x" * 10]),
        (" \n", []),
        ("", []),
    ],
)
def test_words_as_people_see_them(text: str, expected: list[str]) -> None:
    assert [span.of(text) for span in words(text)] == expected


@given(TEXTS)
def test_nothing_that_is_a_letter_is_left_out_and_nothing_is_in_two_words(text: str) -> None:
    spans = words(text)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    inside = {place for span in spans for place in range(span.start, span.end)}
    assert {place for place, c in enumerate(text) if c.isalnum()} <= inside
    assert all(span.of(text).strip() for span in spans)


@given(TEXTS, st.integers(1, 12), st.integers(40, 90))
def test_passages_hold_every_word_once_and_keep_their_size(text: str, most: int, longest: int) -> None:
    spans = words(text)
    made = passages(text, spans, most, longest)
    assert [span for passage in made for span in passage] == spans
    assert all(0 < len(passage) <= most for passage in made)
    assert all(passage[-1].end - passage[0].start <= longest for passage in made)


def test_passages_are_of_about_equal_size_and_end_with_sentences() -> None:
    text = "One two three four. " * 9
    sizes = [len(passage) for passage in passages(text, words(text), 10, 1000)]
    assert sizes == [8, 8, 8, 8, 4]
    assert [len(p) for p in passages("a " * 11, words("a " * 11), 10, 1000)] == [6, 5]
    far = f"a{' ' * 5000}b"
    assert [p[0] for p in passages(far, words(far), 10, 100)] == [Span(0, 1), Span(5001, 5002)]

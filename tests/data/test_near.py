"""A text is near others exactly when a slow loop over all of them says so."""

from hypothesis import given
from hypothesis import strategies as st

from mindrail.data.dedup import shingles
from mindrail.data.near import Near
from mindrail.records import Example

TEXTS = st.lists(st.sampled_from(["we", "went", "out", "again"]), min_size=1, max_size=14).map(" ".join)


def slowly(text: str, others: list[str], threshold: float) -> bool:
    own = shingles(text)
    return text in others or any(
        own & shingles(other) and len(own & shingles(other)) / len(own | shingles(other)) >= threshold
        for other in others
    )


@given(TEXTS, st.lists(TEXTS, max_size=6), st.sampled_from([0.2, 0.5, 0.7, 1.0]))
def test_near_is_what_a_slow_loop_finds(text: str, others: list[str], threshold: float) -> None:
    near = Near(map(Example.of, others), threshold)
    assert (Example.of(text) in near) == slowly(text, others, threshold)


def test_case_and_space_do_not_matter_and_short_texts_count_word_for_word() -> None:
    near = Near([Example.of("Good  Morning")], 0.7)
    assert Example.of("good morning") in near
    assert Example.of("good morning all") not in near

"""Every character of a text stands in some piece, no piece is too long, short examples stay as they are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from helpers.causal import tokenizer
from mindrail.causal.pieces import Reach, pieces
from mindrail.errors import BadConfig
from mindrail.records import Example

BYTES: Any = tokenizer()
SMALL = Reach(window=12, overlap=4, context=10)


def size(text: str) -> int:
    return len(BYTES(text, add_special_tokens=False)["input_ids"])


@given(some.text(alphabet="ab é😀\n", max_size=60))
def test_nothing_is_lost_and_nothing_is_too_long(text: str) -> None:
    made = pieces(Example.of(text), BYTES, SMALL)
    covered = 0
    for piece in made:
        at = text.rfind(piece.text, 0, covered + len(piece.text))  # where it goes on without a gap
        assert at >= 0
        covered = max(covered, at + len(piece.text))
    assert covered == len(text)
    # a character of several bytes is never cut, so a window may hold the rest of one at each end
    assert all(size(piece.text) <= SMALL.window + 6 for piece in made)


def test_windows_by_hand() -> None:
    found = [piece.text for piece in pieces(Example.of("abcdefghijklmnopqrstuvwxyz"), BYTES, SMALL)]
    assert found == ["abcdefghijkl", "ijklmnopqrst", "qrstuvwxyz"]


def test_a_short_example_is_itself() -> None:
    example = Example.of("short", context="so?", answers={"a": "b"})
    assert pieces(example, BYTES, SMALL)[0] is example


def test_pieces_keep_id_answers_and_the_latest_context() -> None:
    example = Example.of("0123456789abcdef", context=("much too early", "123", "4567890"), answers={"a": "b"})
    made = pieces(example, BYTES, SMALL)
    assert len(made) == 2
    for piece in made:
        assert piece.id == example.id
        assert piece.answers == {"a": "b"}
        assert [turn.text for turn in piece.context] == ["123", "4567890"]
        assert piece.turns[piece.focus].speaker == example.turns[example.focus].speaker


def test_one_long_turn_before_is_read_from_where_it_fits() -> None:
    (piece,) = pieces(Example.of("fine", context="once upon a time it rained"), BYTES, SMALL)
    assert [turn.text for turn in piece.context] == [" it rained"]
    (bare,) = pieces(Example.of("fine", context="it rained"), BYTES, Reach(12, 4, 0))
    assert bare.context == ()


@pytest.mark.parametrize("wrong", [(4, 4, 0), (0, 0, 0), (8, -1, 0), (8, 2, -1)])
def test_a_reach_that_goes_nowhere_is_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(BadConfig, match="expected an overlap shorter than the window"):
        Reach(*wrong)

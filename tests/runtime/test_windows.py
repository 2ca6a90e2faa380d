"""Nothing is left out: the windows of a text, put together again, are the text."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.guards import WORDS, tokenizer
from mindrail.runtime.local import cuts
from mindrail.text.windows import Reach, Reader

TEXTS = st.one_of(
    st.text(max_size=400),
    st.lists(st.sampled_from([*WORDS, "[SEP]", "雨", "a\u200bb"]), max_size=200).map(" ".join),
)
REACHES = st.sampled_from([Reach(24, 6, 8), Reach(128, 32, 48), Reach(10, 2, 0), Reach(16, 0, 5)])


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.one_of(st.just(""), TEXTS), REACHES)
def test_the_windows_hold_every_token_in_order_and_none_is_too_long(
    text: str, context: str, reach: Reach
) -> None:
    reader = Reader(tokenizer(), reach)
    whole = reader.tokenizer.encode(text, add_special_tokens=False)
    before = reader.tokenizer.encode(context, add_special_tokens=False).ids
    before = before[len(before) - min(reach.context, len(before)) :]
    head = [2, *before, 3] if context else [2]
    joined: list[int] = []
    for i, window in enumerate(reader.read(context, text).windows):
        assert len(window.ids) == len(window.segments) <= reach.window
        ids = list(window.ids)
        assert ids[: len(head)] == head and ids[-1] == 3
        own = ids[len(head) : -1]
        assert i == 0 or own[: reach.overlap] == joined[len(joined) - reach.overlap :]
        joined += own if i == 0 else own[reach.overlap :]
    assert joined == whole.ids


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_the_tokens_of_the_windows_cover_every_character_that_is_counted_as_read(text: str) -> None:
    reader = Reader(tokenizer(), Reach(24, 6, 8))
    whole = reader.tokenizer.encode(text, add_special_tokens=False)
    covered = {
        i
        for token, (start, end) in zip(whole.ids, whole.offsets, strict=True)
        if token != 1
        for i in range(start, end)
    }
    visible = [i for i, c in enumerate(text) if not c.isspace()]
    normal = reader.tokenizer.normalizer
    covered -= {i for i, c in enumerate(text) if normal.normalize_str(f"a{c}a") == "aa"}
    share = len(covered.intersection(visible)) / len(visible) if visible else 1.0
    assert reader.read("", text).coverage == pytest.approx(share)


def test_a_long_text_after_a_long_text_is_read_in_linear_time() -> None:
    reader = Reader(tokenizer(), Reach())
    start = time.process_time()
    reading = reader.read("the soup " * 5000, "the walk " * 5000)
    assert len(reading.windows) > 100
    assert time.process_time() - start < 2


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 500), st.integers(1, 50), st.data())
def test_cuts_cover_everything_and_stop_at_the_end(length: int, window: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, window - 1))
    spans = list(cuts(length, window, overlap))
    assert spans[0][0] == 0 and spans[-1][1] == length
    assert all(end - start <= window for start, end in spans)
    assert all(after[0] == end - overlap for (_, end), after in pairwise(spans))
    assert list(cuts(length, 0, 0)) == [(0, length)]

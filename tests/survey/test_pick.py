"""Few rows of many, the queue made of them, and what its labels say about all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindrail.errors import DataError
from mindrail.records import Turn
from mindrail.survey import queue
from mindrail.survey.pick import Row, Smallest
from mindrail.survey.queue import Queue


def row(place: int, group: str | None = None) -> Row:
    return Row(place, f"m{place}", "in", place + 1, group, "allow", "safe", 0.9)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 20), max_size=60), st.integers(0, 8), st.integers(1, 17), st.booleans())
def test_the_smallest_are_those_of_a_whole_sort(
    keys: list[int], most: int, step: int, distinct: bool
) -> None:
    table, ties = np.array(keys, dtype=float), np.arange(len(keys))[::-1] / 100
    held = Smallest[int](most, distinct=distinct)
    for start in range(0, len(keys), step):
        some = slice(start, start + step)
        held.add(start, table[some], ties[some], lambda places, start=start: [start + p for p in places])
    ordered = sorted(range(len(keys)), key=lambda i: (keys[i], ties[i]))
    if distinct:
        seen: set[int] = set()
        ordered = [i for i in ordered if not (keys[i] in seen or seen.add(keys[i]))]
    assert [kept for _, kept in held.kept()] == ordered[:most]


def test_a_queue_has_all_three_parts_and_each_row_once() -> None:
    rows = [row(i) for i in range(100)]
    chosen = queue.compose(20, 100, rows[:30], [*rows[3:10], *rows[40:60]], rows[::-1])
    parts = [part for _, part, _ in chosen]
    assert [parts.count(part) for part in ("uncertain", "novel", "random")] == [5, 5, 10]
    assert len({one.place for one, _, _ in chosen}) == 20
    assert {chance for _, part, chance in chosen if part == "random"} == {10 / 90}


def test_a_queue_larger_than_the_scan_is_all_of_it() -> None:
    rows = [row(i) for i in range(7)]
    chosen = queue.compose(50, 7, rows[:3], [], rows)
    assert {one.place for one, _, _ in chosen} == set(range(7))
    assert {chance for _, _, chance in chosen} == {1.0}


def test_labels_of_a_hand_picked_queue_estimate_the_whole_without_bias() -> None:
    """600 rows of which the picked ones are mostly positive: the plain share misleads, the weighted does not."""
    random = np.random.default_rng(2)
    truth = np.zeros(600, dtype=bool)
    truth[:40] = True
    truth[random.choice(np.arange(40, 600), 30, replace=False)] = True
    rows = [row(i) for i in range(600)]
    found, plain, held = [], [], 0
    for _ in range(150):
        shuffled = [rows[i] for i in random.permutation(600)]
        chosen = queue.compose(80, 600, rows[:30], rows[30:50], shuffled)
        examples, drawn = queue.examples(
            chosen, {("in", i + 1): (Turn("user", f"note {i}"),) for i in range(600)}
        )
        labels = {one.id: bool(truth[int(one.id[1:])]) for one in examples}
        estimate = queue.prevalence(Queue(600, tuple(drawn)), labels)
        found.append(estimate.value)
        plain.append(np.mean(list(labels.values())))
        held += estimate.low <= truth.mean() <= estimate.high  # type: ignore[operator]
    assert np.mean(found) == pytest.approx(truth.mean(), abs=0.008)
    assert np.mean(plain) > 3 * truth.mean()
    assert held / 150 >= 0.92


def test_rows_with_the_same_words_are_asked_about_once_and_all_count() -> None:
    words = {("in", 1): (Turn("user", "Good  morning"),), ("in", 2): (Turn("user", "good morning"),)}
    examples, drawn = queue.examples([(row(0), "random", 0.5), (row(1), "random", 0.5)], words)
    assert len(examples) == 1
    assert [one.item for one in drawn] == ["m0", "m0"]
    assert queue.prevalence(Queue(4, tuple(drawn)), {"m0": True}).value == 1.0


def test_ids_that_repeat_stay_apart() -> None:
    twins = [Row(i, "same", "in", i + 1, None, "allow", "safe", 0.9) for i in range(2)]
    words = {("in", i + 1): (Turn("user", f"words {i}"),) for i in range(2)}
    examples, drawn = queue.examples([(one, "random", 0.5) for one in twins], words)
    assert len({one.id for one in examples}) == 2
    assert [one.item for one in drawn] == [one.id for one in examples]


def test_missing_labels_are_not_guessed() -> None:
    _, drawn = queue.examples([(row(0), "random", 0.5)], {("in", 1): (Turn("user", "x"),)})
    with pytest.raises(DataError, match="1 items of the queue have no label"):
        queue.prevalence(Queue(2, tuple(drawn)), {})

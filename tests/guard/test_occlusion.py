"""Which words moved an answer: on a tiny guard whose one dangerous word is known, and against a slow loop."""

import random
from pathlib import Path

import pytest

from helpers.axes import AXES, SCALE, TWO
from helpers.guards import STORM, WORDS, tiny_guard
from mindrail.guard import Guard
from mindrail.guard.occlusion import LOOKED_INTO, explain, readings
from mindrail.guard.occlusion import WORDS as MOST
from mindrail.records import Example


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Guard:
    return Guard.load(tiny_guard(tmp_path_factory.mktemp("explained") / "guard", axis=TWO))


def test_the_dangerous_word_moved_it_and_its_neighbours_did_not(guard: Guard) -> None:
    text = "please come, a storm is ready"
    found = explain(guard, Example.of(text))
    assert found.answer == guard(text) and found.event == "harmful"
    assert found.probability == pytest.approx(found.answer.probabilities["harmful"])
    assert [text[word.start : word.end] for word in found.words] == text.replace(",", "").split()
    largest = max(found.words, key=lambda word: word.change)
    assert text[largest.start : largest.end] == STORM
    without = guard(text.replace(STORM, "")).probabilities["harmful"]
    assert largest.change == pytest.approx(found.probability - without)
    assert all(abs(word.change) < 0.2 * largest.change for word in found.words if word is not largest)


def test_a_word_that_is_said_twice_hides_itself(guard: Guard) -> None:
    """What leaving one out cannot show, and what the page says about it."""
    found = explain(guard, Example.of("a storm, a storm"))
    assert found.probability > 0.9 and max(abs(word.change) for word in found.words) < 0.01


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_every_change_is_what_a_slow_loop_finds(axis, tmp_path: Path) -> None:
    guard = Guard.load(tiny_guard(tmp_path / "guard", axis=axis))
    text = "the soup is ready now, please come"
    found = explain(guard, Example.of(text, context="we go"))
    for word in found.words:
        left = guard(Example.of(text[: word.start] + text[word.end :], context="we go"))
        assert word.change == found.probability - guard.chances(left)[found.event]


def test_in_a_long_text_the_passage_is_found_first(guard: Guard) -> None:
    draw = random.Random(0)
    calm = [word for word in WORDS if word not in (STORM, "thunder")]
    said = [draw.choice(calm) for _ in range(700)]
    said[333] = STORM
    text = " ".join(said)
    found = explain(guard, Example.of(text))
    assert len(found.passages) == -(-700 // MOST)
    assert sum(passage.words for passage in found.passages) == LOOKED_INTO
    first = max(found.passages, key=lambda passage: passage.probability)
    assert STORM in text[first.start : first.end] and first.words
    assert first.probability == guard.chances(guard(text[first.start : first.end]))["harmful"]
    largest = max(found.words, key=lambda word: word.change)
    assert text[largest.start : largest.end] == STORM
    looked = [passage for passage in found.passages if passage.words]
    assert all(any(p.start <= word.start and word.end <= p.end for p in looked) for word in found.words)


def test_it_asks_no_more_than_it_says_and_stops_when_told(guard: Guard) -> None:
    for text in (
        "",
        " ",
        "storm",
        "the soup is ready",
        "go " * 500,
        "go " * 240 + f"{'y' * 39} " * 60,
        "公园" * 300,
        "a" * 3000,
    ):
        asked: list[None] = []
        explain(guard, Example.of(text), lambda asked=asked: asked.append(None))
        most, size = readings(text)
        assert len(asked) + 1 == most if len(text) < 100 else len(asked) + 1 <= most
        assert size >= len(text.encode())

    class Enough(Exception):
        pass

    def stop() -> None:
        raise Enough

    with pytest.raises(Enough):
        explain(guard, Example.of("the soup is ready"), stop)


def test_the_event_that_came_closest_is_explained_where_none_decided(tmp_path: Path) -> None:
    guard = Guard.load(tiny_guard(tmp_path / "guard", axis=SCALE))
    found = explain(guard, Example.of("the soup is ready"))
    gaps = {at.event: guard.chances(found.answer)[at.event] - at.stop for at in guard.calibration.thresholds}
    assert found.answer.event or found.event == max(gaps, key=gaps.__getitem__)
    blank = explain(guard, Example.of(" "))
    assert (blank.answer.reason, blank.words, blank.passages) == ("empty", (), ())

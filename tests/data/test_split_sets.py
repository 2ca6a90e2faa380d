"""What is held out, limited and made rare, set by set and label by label."""

import random

import pytest

from helpers.axes import SCALE, SEVERAL
from mindrail.data import split
from mindrail.errors import BadSplit
from mindrail.records import Example


def of(source: str, size: int, answer: object = "safe", part: str = "") -> list[Example]:
    tags = {"split": part} if part else {}
    return [
        Example.of(
            f"{source}{part} {answer} number {i}", source=source, answers={SCALE.name: answer}, tags=tags
        )
        for i in range(size)
    ]


def test_a_set_is_held_out_by_its_own_split_or_by_a_share() -> None:
    ours = [*of("own", 6, part="train"), *of("own", 3, part="test"), *of("drawn", 10)]
    rest, part = split.hold_out(ours, {"own": "test", "drawn": 0.25}, seed=13)
    assert [one.source for one in part] == ["own"] * 3 + ["drawn"] * 2
    assert {one.tags.get("split") for one in part} == {"test", None}
    assert sorted(one.id for one in [*rest, *part]) == sorted(one.id for one in ours)


def test_a_share_is_the_published_one() -> None:
    """The first fifth of the shuffled list, as the splits that others published were made."""
    ours = of("drawn", 50)
    order = list(range(50))
    random.Random(13).shuffle(order)
    _, part = split.hold_out(ours, {"drawn": 0.2}, seed=13)
    assert {one.id for one in part} == {ours[i].id for i in order[:10]}


@pytest.mark.parametrize(
    ("parts", "said"), [({"own": "test"}, "its splits are: none"), ({"other": 0.5}, "are: own")]
)
def test_nothing_held_out_is_refused(parts: dict[str, str | float], said: str) -> None:
    with pytest.raises(BadSplit, match=said):
        split.hold_out(of("own", 4), parts, seed=13)


def test_a_set_is_limited_and_the_others_are_not() -> None:
    ours = [*of("a", 20), *of("b", 20)]
    kept = split.limit(ours, {"a": 5}, seed=13)
    assert [one.source for one in kept].count("a") == 5 and [one.source for one in kept].count("b") == 20
    assert kept == sorted(kept, key=ours.index) and kept == split.limit(ours, {"a": 5}, seed=13)
    assert split.limit(ours, {"a": 100}, seed=13) == ours
    with pytest.raises(BadSplit, match="'c'"):
        split.limit(ours, {"c": 1}, seed=13)


def test_labels_of_one_set_are_left_out() -> None:
    ours = [*of("a", 3), *of("a", 2, "unsafe"), *of("b", 4)]
    kept = split.leave_out(ours, SCALE, {"a": ["safe"]})
    assert [(one.source, one.answers["risk"]) for one in kept] == [("a", "unsafe")] * 2 + [("b", "safe")] * 4


def test_a_label_is_made_rare_wherever_it_stands() -> None:
    first, second = SEVERAL.names[:2]

    def many(answer: tuple[str, ...], size: int) -> list[Example]:
        return [Example.of(f"{answer} number {i}", answers={SEVERAL.name: answer}) for i in range(size)]

    ours = [*many((first,), 10), *many((first, second), 10), *many((), 10)]
    kept, dropped = split.thin_out(ours, SEVERAL, {first: 4}, seed=0)
    assert {one.id for one in kept} ^ {one.id for one in dropped} == {one.id for one in ours}
    assert sum(first in split.labels_of(one, SEVERAL) for one in kept) == 4
    assert sum(one.answers[SEVERAL.name] == () for one in kept) == 10
    assert kept != split.thin_out(ours, SEVERAL, {first: 4}, seed=1)[0]
    assert split.thin_out(ours, SEVERAL, {}, seed=0) == (ours, [])
    with pytest.raises(BadSplit, match="'storms'"):
        split.thin_out(ours, SEVERAL, {"storms": 4}, seed=0)

"""More of what is rare, and nothing else changes."""

from collections import Counter
from pathlib import Path

import pytest

from helpers import splits
from helpers.axes import TWO
from mindrail.recipes.split import Split
from mindrail.study import more
from mindrail.study.plan import More

BAD = TWO.names[-1]


def added(split: Split, wanted: More, folder: Path) -> Split:
    for _ in more.add(split, wanted, folder):
        pass
    return Split.load(folder / "split")


@pytest.fixture
def split(tmp_path: Path) -> Split:
    return splits.split(tmp_path / "given", labelled=6)


def test_repeated_examples_stand_there_several_times(split: Split, tmp_path: Path) -> None:
    found = added(split, More((BAD,), 3), tmp_path / "more")
    times = Counter(one.id for one in found.part("labelled"))
    rare = {one.id for one in split.part("labelled") if one.answers[TWO.name] == BAD}
    assert times == {one.id: 3 if one.id in rare else 1 for one in split.part("labelled")} and len(rare) == 3
    assert found.about["rows"]["labelled"] == 12
    assert found.about["answers"]["labelled"] == {"safe": 3, "harmful": 9}


def test_reworded_examples_are_other_texts_with_the_same_answers(split: Split, tmp_path: Path) -> None:
    found = added(split, More((BAD,), 3, "edit"), tmp_path / "more")
    before = {one.id for one in split.part("labelled")}
    fresh = [one for one in found.part("labelled") if one.id not in before]
    assert fresh and {one.answers[TWO.name] for one in fresh} == {BAD}
    assert len(found.part("labelled")) == len(before) + len(fresh) <= 12


def test_every_other_part_stays_as_it_is(split: Split, tmp_path: Path) -> None:
    for name, wanted in (("a", More((BAD,), 2)), ("b", More((BAD,), 2, "edit"))):
        found = added(split, wanted, tmp_path / name)
        for part in ("unlabelled", "dev", "test"):
            assert found.hash_of(part) == split.hash_of(part)
        assert found.digest != split.digest


def test_once_is_not_more() -> None:
    with pytest.raises(ValueError, match="expected 2 or more"):
        More((BAD,), 1)

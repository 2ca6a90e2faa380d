"""The committed studies: their plans can be read, and every committed cell is still one of its plan."""

from collections import Counter
from pathlib import Path

import pytest

from mindrail import taxonomy
from mindrail.data import corpus, dedup, split
from mindrail.recipes.prepare import Prepare
from mindrail.study import plan as plans
from mindrail.study.plan import Plan

STUDIES = [Path(__file__).parents[2] / "studies" / name for name in ("label-budget", "model-size")]
SIZES = STUDIES[1]
P1 = ("lt-edi-depression", "depression-severity", "sdcnl", "twitter-suicidal-intention", "sad-stress")


def load(study: Path) -> Plan:
    return plans.load(study / "plan.yaml")


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
def test_committed_cells_are_still_in_the_plan(study: Path) -> None:
    """A key that changed would throw away days of computing."""
    found = load(study)
    keys = {cell.key for cell in found.cells()}
    assert {cell.key for cell in found.cells(small=True)} <= keys
    twins = {cell.twin.key for cell in found.cells() if not cell.supervised}  # some are nothing but a twin
    assert {path.stem for path in (study / "cells").glob("*.json")} <= keys | twins


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
def test_every_cell_can_be_prepared(study: Path) -> None:
    cells = load(study).cells()
    known = {*corpus.names()}
    for cell in cells:
        settings = cell.prepare()
        assert {*settings.train, *settings.test, *cell.transfer} <= known
        if cell.judging is not None:
            assert {*cell.judging.outside} <= known


def test_gains_and_honest_sources_of_the_size_study_are_there() -> None:
    found = load(SIZES)
    groups = {cell.group for cell in found.cells()}
    assert {name for pair in found.gains.values() for name in pair} <= groups
    assert {*found.honest} <= {*P1}


@pytest.mark.slow
@pytest.mark.corpus("lt-edi-depression")
def test_the_three_labels_come_in_the_numbers_that_others_counted() -> None:
    """21,288 to learn from; 7,437 to test on if each file is looked at alone: four stand in another one too."""
    settings: Prepare = load(SIZES).cells()[0].prepare()
    kinds = taxonomy.load(settings.taxonomy)
    read = [example for name in settings.train for example in corpus.read(name, kinds, kinds.axis())]
    pool, _ = dedup.drop_duplicates(read, kinds.axis())
    train, test = split.hold_out(pool, settings.held_out, settings.split_seed)
    assert (len(train), len(test)) == (21_288, 7_433)
    assert Counter(one.source for one in test) == dict(zip(P1, (3231, 706, 379, 1750, 1367), strict=True))


@pytest.mark.corpus("alert")
def test_the_six_categories_come_in_the_numbers_that_others_counted() -> None:
    """14,032 distinct prompts; 17 of them carry two answers, and are left out here."""
    kinds = taxonomy.load("harm-six")
    kept, dropped = dedup.drop_duplicates(corpus.read("alert", kinds, kinds.axis()), kinds.axis())
    assert len(kept) == 14_015 == 14_032 - dropped.conflicting // 2
    found = Counter(label for one in kept for label in one.answers["harm"])
    counted = {"violence_hate": 6242, "sexual_content": 872, "weapons": 1160, "substances": 1814}
    counted |= {"suicide_self_harm": 542, "criminal_planning": 5334}
    assert all(0 <= size - found[label] <= 17 for label, size in counted.items())


def test_the_plan_in_the_documentation_is_one(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "study.md").read_text()
    (tmp_path / "plan.yaml").write_text(text.partition("```yaml\n")[2].partition("```")[0])
    found = plans.load(tmp_path / "plan.yaml")
    groups = {cell.group for cell in found.cells()}
    assert groups == {"risk 500: linear", "risk 500: minilm", "risk 500: linear (edited)"}
    assert {name for pair in found.gains.values() for name in pair} <= groups
    assert all(
        cell.prepare().held_out == {"ours": 0.2, "lt-edi-depression": "test"} for cell in found.cells()
    )

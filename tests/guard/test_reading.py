"""How a guard reads: disguises, what was not read, and any length."""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import attacks
from helpers.axes import AXES, SCALE, TWO
from helpers.guards import KINDS, STORM, calibration, examples, model_files, rewrite, taxonomy, tiny_guard
from mindrail import Guard
from mindrail.arrays import ndarray
from mindrail.calibrate.decide import VERDICTS, decide, strictness
from mindrail.errors import BrokenGuard
from mindrail.guard.writer import write_guard
from mindrail.records import Example
from mindrail.runtime.local import LocalScorer, Score, Spread
from mindrail.runtime.viewed import ViewedScorer
from mindrail.taxonomy import Axis
from mindrail.text.normalise import Reading

READABLE = (
    "full-width",
    "mathematical",
    "circled",
    "homoglyphs",
    "leet",
    "spaced",
    "percent",
    "entities",
)


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Guard:
    return Guard.load(tiny_guard(tmp_path_factory.mktemp("guards") / "guard", axis=TWO), threads=1)


@pytest.mark.parametrize("name", READABLE)
def test_a_storm_in_disguise_is_a_storm(name: str, guard: Guard) -> None:
    attack = (attacks.EXACT | attacks.LOSSY)[name]
    plain = f"the soup is ready {STORM} please come and go now"
    answer = guard(attack(plain, np.random.default_rng(0)))
    assert answer.decision == guard(plain).decision == "block"
    assert answer.view and f"read as {answer.view}" in answer.reason and not guard(plain).view
    blind = guard.read_as(Reading.as_written())(attack(plain, np.random.default_rng(0)))
    assert blind.decision != "block"


def test_the_reason_names_the_view_and_never_the_text(guard: Guard) -> None:
    answer = guard("ｔｈｅ ｓｔｏｒｍ")
    assert answer.view == "plain" and STORM not in repr(answer) and STORM not in json.dumps(answer.to_dict())


class Scripted(LocalScorer):
    """Scores by the first word, as a test says; and reads all of it."""

    def __init__(self, axis: Axis, rows: dict[str, list[float]]) -> None:
        super().__init__(axis)
        self.rows = rows

    def one(self, example: Example, spread: Spread) -> Score:
        return Score(np.array(self.rows[example.text.split()[0]]), 1.0, 1)


DISGUISED, MEANT = "ｓｔｏｒｍ", "storm"
SCORES = st.lists(st.floats(-6, 6), min_size=3, max_size=3)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
@settings(max_examples=60, deadline=None)
@given(written=SCORES, meant=SCORES)
def test_a_view_never_makes_a_guard_milder(axis: Axis, written: list[float], meant: list[float]) -> None:
    width = len(axis.names)
    rows = {DISGUISED: written[:width], MEANT: meant[:width]}
    fitted = calibration(axis)

    def rank(scores: ndarray) -> ndarray:
        return strictness(axis, fitted, scores)

    scorer = ViewedScorer(Scripted(axis, rows), Reading(), rank)
    both = scorer.score([Example.of(DISGUISED)])
    (made,) = decide(axis, fitted, both)
    alone = decide(axis, fitted, np.array(list(rows.values()), dtype=np.float32))
    assert VERDICTS.index(made.decision) >= max(VERDICTS.index(one.decision) for one in alone)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "majority"])
def test_plain_texts_are_read_once_and_score_the_same_bits(kind: str, tmp_path: Path) -> None:
    guard = Guard.load(tiny_guard(tmp_path / "guard", kind), threads=1)
    bare = guard.read_as(Reading.as_written())
    for one in examples(20):
        if one.text.isascii():
            assert guard(one) == bare(one)


def test_a_guard_from_before_there_were_views_answers_as_it_did(tmp_path: Path) -> None:
    folder = tiny_guard(tmp_path / "guard")
    now = Guard.load(folder)
    (folder / "reading.json").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["reading.json"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    golden = json.loads((folder / "golden.json").read_text())
    rewrite(folder, golden_json=json.dumps({"sentences": golden["sentences"]}).encode())
    old = Guard.load(folder, self_test=True)
    assert old.reading == Reading.as_written() and now.reading == Reading() and old.id != now.id
    assert not old(f"ｔｈｅ {DISGUISED}").view


def test_how_it_reads_is_part_of_the_guard(tmp_path: Path) -> None:
    def written(name: str, reading: Reading) -> Guard:
        write_guard(
            tmp_path / name,
            kind="onnx",
            taxonomy=taxonomy(SCALE),
            axis=SCALE,
            calibration=calibration(SCALE),
            runtime_files=model_files("onnx", SCALE, tmp_path / f"{name}-parts"),
            card="",
            reading=reading,
        )
        return Guard.load(tmp_path / name)

    some = Reading(views=("plain",), most_views=2)
    assert written("a", some).reading == some and written("a", some).id != written("b", Reading()).id


@pytest.mark.parametrize(
    "reading",
    [b'{"views": ["crystal-ball"]}', b'{"views": ["plain", "plain"]}', b'{"longest": 0}', b'{"look": 1}'],
)
def test_a_reading_that_cannot_be_is_refused(reading: bytes, tmp_path: Path) -> None:
    folder = tiny_guard(tmp_path / "guard")
    rewrite(folder, reading_json=reading)
    with pytest.raises(BrokenGuard):
        Guard.load(folder)


SWALLOWED = {
    "tags inside a word": "so" + "\U000e0041" * 40 + "up",
    "private use inside a word": "so" + "\ue000" * 40 + "up",
    "NUL": "soup" + "\x00" * 40,
    "unassigned": "so" + "\u0378" * 30 + "up",
    "zero-width": "soup" + "\u200b" * 40,
    "another script": "雨雨雨雨 soup",
    "a word without end": "x" * 500,
}


@pytest.mark.parametrize("name", SWALLOWED)
@pytest.mark.parametrize("kind", ["onnx", "linear", "static", "cascade"])
def test_what_the_tokenizer_swallows_is_never_simply_allowed(kind: str, name: str, tmp_path: Path) -> None:
    guard = Guard.load(tiny_guard(tmp_path / "guard", kind, TWO), threads=1)
    if kind == "linear" and name == "a word without end":
        return  # it counts characters, so it has read them all
    answer = guard(SWALLOWED[name])
    assert answer.decision != "allow" and answer.coverage < 0.8
    if answer.event is None:
        assert answer.code == "low-coverage" and answer.reason.startswith("low coverage")


@pytest.mark.parametrize("at", [0.0, 0.31, 0.5, 0.77, 1.0])
def test_a_storm_anywhere_in_a_megabyte_is_found(at: float, guard: Guard) -> None:
    calm = "the soup is ready and we go for a walk. " * 400
    place = int(at * len(calm))
    answer = guard(f"{calm[:place]} {STORM} {calm[place:]}")
    assert answer.decision == "block" and answer.windows > 100


def test_a_megabyte_is_read_whole_in_bounded_time(guard: Guard) -> None:
    calm = "the soup is ready. " * 50_000
    began = time.process_time()
    answer = guard(f"{calm[:500_000]} {STORM} {calm[500_000:]}")
    assert answer.decision == "block" and answer.code != "unread"
    assert time.process_time() - began < 60


def test_what_is_longer_than_the_limit_is_read_at_both_ends_and_never_allowed(guard: Guard) -> None:
    short = guard.read_as(replace(Reading(), longest=200))
    calm = "the soup is ready. " * 50
    answer = short(calm)
    assert (answer.decision, answer.code) == (
        "review",
        "unread",
    ) and f"{len(calm) - 200} characters" in answer.reason
    assert answer.coverage == pytest.approx(200 / len(calm))
    assert short(f"{STORM} {calm}").decision == short(f"{calm} {STORM}").decision == "block"
    assert short(f"{calm} {STORM} {calm}").decision == "review"
    assert guard(calm).decision == "allow"


def test_too_many_views_are_not_read(guard: Guard) -> None:
    none = guard.read_as(replace(Reading(), most_views=0))
    assert none(DISGUISED).decision == "review" and none(DISGUISED).windows == 1

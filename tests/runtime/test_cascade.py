"""A cascade decides as if every stage were asked, and asks as few as it can."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.axes import AXES, SCALE, TWO
from helpers.guards import KINDS, STORM, calibration, examples, model_files, rewrite, taxonomy
from mindrail import Guard
from mindrail.arrays import ndarray
from mindrail.calibrate import Scaling, chances
from mindrail.calibrate.composite import as_scores, least, lifted
from mindrail.calibrate.decide import decide
from mindrail.calibrate.deferral import StageScores, compose, reach
from mindrail.errors import BrokenGuard
from mindrail.guard.writer import write_guard
from mindrail.records import Example
from mindrail.runtime import cascade
from mindrail.runtime.cascade import Cascade, CascadeScorer, Stage
from mindrail.taxonomy import Axis

SCORES = st.floats(-8, 8)


def cascade_guard(
    folder: Path, axis: Axis, lift: float = 0.0, kinds: tuple[str, ...] = ("linear", "onnx")
) -> Path:
    """A whole guard folder with those stages."""
    parts = folder.with_name(f"{folder.name}-parts")
    parts.mkdir(parents=True)
    stages = tuple(
        Stage(kind, Scaling.none(len(axis.names)), lift if kind != kinds[-1] else 0.0)  # type: ignore[arg-type]
        for kind in kinds
    )
    made = Cascade(stages)
    cascade.save(
        parts, made, [model_files(kind, axis, parts.with_name(f"{kind}-{axis.name}")) for kind in kinds]
    )
    write_guard(
        folder,
        kind="cascade",
        taxonomy=taxonomy(axis),
        axis=axis,
        calibration=calibration(axis),
        runtime_files={name: parts / name for name in cascade.names(made)},
        card="# A cascade for tests\n",
    )
    return folder


def rows(axis: Axis, *values: float) -> ndarray:
    return np.array(values, dtype=float).reshape(-1, len(axis.names))


def test_worked_by_hand() -> None:
    first = lifted(TWO, Scaling.none(2), rows(TWO, 0, np.log(1 / 4)), 0.0)
    assert first == pytest.approx(np.array([[0.8, 0.2]]))
    raised = lifted(TWO, Scaling.none(2), rows(TWO, 0, np.log(1 / 4)), float(np.log(4)))
    assert raised == pytest.approx(np.array([[0.5, 0.5]]))
    both = least(TWO, np.array([[0.5, 0.5], [0.1, 0.9]]), np.array([[0.7, 0.3], [0.05, 0.95]]))
    assert both == pytest.approx(np.array([[0.7, 0.3], [0.1, 0.9]]))
    assert TWO.probabilities(as_scores(TWO, both)) == pytest.approx(both)
    three = least(SCALE, np.array([[0.2, 0.5, 0.3]]), np.array([[0.1, 0.2, 0.7]]))
    assert three == pytest.approx(np.array([[0.5, 0.2, 0.3]]))


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_further_stage_makes_no_event_likelier(axis: Axis, data: st.DataObject) -> None:
    width = len(axis.names)
    drawn = st.lists(SCORES, min_size=width, max_size=width)
    former, latter = (axis.probabilities(np.array([data.draw(drawn)])) for _ in range(2))
    both = least(axis, former, latter)
    together = chances(axis, axis.probabilities(as_scores(axis, both)))
    for name, before in chances(axis, former).items():
        assert together[name][0] <= min(before[0], chances(axis, latter)[name][0]) + 1e-8
    if axis.exclusive:
        assert both.sum() == pytest.approx(1)


@pytest.mark.parametrize("lift", [-1.0, 0.0, 3.0])
@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_decisions_are_those_of_asking_every_stage(axis: Axis, lift: float, tmp_path: Path) -> None:
    guard = Guard.load(cascade_guard(tmp_path / "guard", axis, lift), threads=1)
    eager = guard.scorer.inner  # type: ignore[attr-defined]
    assert isinstance(eager, CascadeScorer)
    patient = CascadeScorer(axis, eager.cascade, eager.scorers)
    texts = [*examples(30), Example.of(STORM), Example.of("雨雨雨 storm"), Example.of("zzz")]
    found, full = eager.measure(texts), patient.measure(texts)
    for one, other in zip(
        decide(axis, guard.calibration, found.values, found.coverage),
        decide(axis, guard.calibration, full.values, full.coverage),
        strict=True,
    ):
        assert one.decision == other.decision
    stages = [
        StageScores(stage.scaling, (m := scorer.measure(texts)).values.astype(float), m.coverage >= 0.8)
        for stage, scorer in zip(eager.cascade.stages, eager.scorers, strict=True)
    ]
    assert as_scores(axis, compose(axis, stages, lift)[-1]) == pytest.approx(full.values, abs=1e-4)
    asked = [eager.walk(text)[1] for text in texts]
    assert asked == reach(axis, guard.calibration, stages, lift).tolist()
    assert {patient.walk(text)[1] for text in texts} == {2}


def test_a_cascade_is_a_guard_like_any_other(tmp_path: Path) -> None:
    folder = cascade_guard(tmp_path / "guard", TWO, kinds=("linear", "static", "onnx"))
    guard = Guard.load(folder, self_test=True, thorough=True)
    assert guard.manifest.kind == "cascade" and guard(STORM).decision == "block"
    alone = [repr(guard(one)) for one in examples(12)]
    assert [repr(answer) for answer in guard.many(examples(12))] == alone
    golden = json.loads((folder / "golden.json").read_text())
    assert all(len(sentence["scores"]) == 3 * 2 for sentence in golden["sentences"])


def test_a_change_in_any_stage_is_noticed(tmp_path: Path) -> None:
    folder = cascade_guard(tmp_path / "guard", TWO)
    golden = json.loads((folder / "golden.json").read_text())
    golden["sentences"][0]["scores"][-1] += 0.1  # of the last stage, which this sentence may never reach
    rewrite(folder, golden_json=json.dumps(golden).encode())
    with pytest.raises(BrokenGuard, match="moved"):
        Guard.load(folder, self_test=True)


def test_what_a_stage_has_not_read_it_cannot_clear(tmp_path: Path) -> None:
    guard = Guard.load(cascade_guard(tmp_path / "guard", TWO), threads=1)
    scorer = guard.scorer.inner  # type: ignore[attr-defined]
    unknown = "今天公园"  # the encoder knows these letters, the linear stage does not
    (first, _), (_, asked) = (
        scorer.scorers[0].one(Example.of(unknown), map)[:2],
        scorer.walk(Example.of(unknown)),
    )
    assert scorer.scorers[0].one(Example.of(unknown), map).coverage < 0.8 and asked == 2 and len(first) == 2


WRONG: dict[str, Any] = {
    "one stage": lambda about: about["stages"].pop(),
    "a cascade inside": lambda about: about["stages"][0].update(kind="cascade"),
    "a lift without end": lambda about: about["stages"][0].update(lift="much"),
    "a scaling for other labels": lambda about: about["stages"][0].update(
        scaling={"kind": "none", "weights": [1.0], "bias": [0.0]}
    ),
    "more stages than files": lambda about: about["stages"].append(about["stages"][-1]),
    "an unknown kind": lambda about: about["stages"][0].update(kind="python"),
}


@pytest.mark.parametrize("what", WRONG)
def test_stages_that_do_not_fit_are_refused(what: str, tmp_path: Path) -> None:
    folder = cascade_guard(tmp_path / "guard", TWO)
    about = json.loads((folder / "cascade.json").read_text())
    WRONG[what](about)
    rewrite(folder, cascade_json=json.dumps(about).encode())
    with pytest.raises(BrokenGuard):
        Guard.load(folder)


def test_scores_are_scaled_by_the_stages_alone(tmp_path: Path) -> None:
    folder = cascade_guard(tmp_path / "guard", TWO)
    about = json.loads((folder / "calibration.json").read_text())
    about["scaling"]["kind"] = "temperature"
    rewrite(folder, calibration_json=json.dumps(about).encode())
    with pytest.raises(BrokenGuard, match="own scaling"):
        Guard.load(folder)


def test_every_kind_can_be_a_stage(tmp_path: Path) -> None:
    for kind in set(KINDS) - {"cascade"}:
        folder = cascade_guard(tmp_path / kind / "guard", TWO, kinds=(kind, "onnx"))
        assert Guard.load(folder)("the soup").decision in ("allow", "review")

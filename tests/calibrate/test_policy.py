"""A calibration refuses to be what would let something pass in silence."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from helpers.axes import AXES, SCALE, SEVERAL, TWO
from mindrail.calibrate import Calibration, Promise, Scaling, Threshold, chances, events
from mindrail.errors import WrongTaxonomy

KEPT = Promise("harmful", 0.9, 0.95, 0.25, 60, 2)


def calibration(axis=TWO, **changes):
    thresholds = tuple(Threshold(event.name, 0.2, 0.6) for event in events(axis))
    made = Calibration(axis.digest, Scaling.none(len(axis.names)), thresholds, None, "too few", notes=("n",))
    return dataclasses.replace(made, **changes)


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
def test_writing_and_reading_gives_the_same(axis):
    made = calibration(axis, fitted_on={"rows": 7, "positives": {"harmful": 3}, "data": "ab"})
    assert Calibration.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_a_promise_survives_writing_too():
    made = calibration(promise=KEPT, no_promise="")
    assert Calibration.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize(
    "broken",
    [
        "not an object",
        {},
        {"surprise": 1},
        {"coverage_floor": 1.5},
        {"coverage_floor": float("nan")},
        {"thresholds": [{"event": "harmful", "review": float("nan"), "block": None}]},
        {"thresholds": [{"event": "harmful", "review": 0.2, "block": 1.2}]},
        {"thresholds": [{"event": "harmful", "review": -0.1, "block": None}]},
        {"thresholds": [{"event": "harmful", "review": 0.7, "block": 0.6}]},
        {"thresholds": [{"event": "harmful", "review": None, "block": None}]},
        {"thresholds": [{"event": "harmful", "review": "0.2"}]},
        {"thresholds": [{"event": "harmful", "review": 0.2}] * 2},
        {"scaling": {"kind": "none", "weights": [1.0, 1.0], "bias": [0.0]}},
        {"scaling": {"kind": "none", "weights": [1.0, float("inf")], "bias": [0.0, 0.0]}},
        {"scaling": {"kind": "none", "weights": [1.0, -1.0], "bias": [0.0, 0.0]}},
        {"scaling": {"kind": "magic", "weights": [1.0, 1.0], "bias": [0.0, 0.0]}},
        {"no_promise": ""},
        {"promise": dataclasses.asdict(KEPT)},
        {"promise": dataclasses.asdict(KEPT) | {"threshold": 0.1}, "no_promise": ""},
        {"promise": dataclasses.asdict(KEPT) | {"event": "other"}, "no_promise": ""},
        {"promise": dataclasses.asdict(KEPT) | {"recall": 1.0}, "no_promise": ""},
        {"promise": dataclasses.asdict(KEPT) | {"misses_allowed": 60}, "no_promise": ""},
        {"promise": dataclasses.asdict(KEPT) | {"threshold": float("nan")}, "no_promise": ""},
    ],
)
def test_nonsense_is_refused(broken):
    given = broken if isinstance(broken, str) or not broken else calibration().to_dict() | broken
    with pytest.raises(ValueError):
        Calibration.from_dict(given)


def test_another_wording_is_refused():
    with pytest.raises(WrongTaxonomy, match="calibrate again"):
        calibration(SCALE).check(TWO)


@pytest.mark.parametrize(
    "changes",
    [
        {"scaling": Scaling.none(3)},
        {"thresholds": ()},
        {"thresholds": (Threshold("harmful", 0.2), Threshold("absent", 0.2))},
    ],
    ids=["labels", "missing event", "unknown event"],
)
def test_an_axis_and_its_calibration_must_fit(changes):
    with pytest.raises(ValueError):
        calibration(**changes).check(TWO)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_are_refused(bad):
    with pytest.raises(ValueError, match="NaN or infinity"):
        calibration().probabilities(TWO, np.array([[0.0, 1.0], [bad, 0.0]]))


def test_scores_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="shape"):
        calibration().probabilities(TWO, np.zeros((3, 3)))


def test_temperature_two_halves_the_odds_in_logs():
    scaling = Scaling("temperature", (0.5, 0.5), (0.0, 0.0))
    scores = np.array([[0.0, 3.0]])
    expected = 1 / (1 + np.exp(-1.5))
    assert calibration(scaling=scaling).probabilities(TWO, scores)[0, 1] == pytest.approx(expected)


def test_probabilities_of_events():
    scale = chances(SCALE, np.array([[0.5, 0.3, 0.2]]))
    assert {name: float(p[0]) for name, p in scale.items()} == pytest.approx({"unsure": 0.5, "unsafe": 0.2})
    several = chances(SEVERAL, np.array([[0.5, 0.3, 0.2]]))
    assert {name: float(p[0]) for name, p in several.items()} == {
        "rude": 0.5,
        "cruel": 0.3,
        "rare": 0.2,
        "any": 0.5,
    }


def test_serving_loads_neither_scipy_nor_what_fits():
    check = (
        "import sys, mindrail.calibrate as c; "
        "bad = [m for m in sys.modules if m.split('.')[0] in ('scipy', 'sklearn', 'torch', 'pandas') "
        "or m == 'mindrail.calibrate.thresholds']; sys.exit(f'{bad}' if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", check], check=True)

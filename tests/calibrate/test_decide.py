"""Scores to decisions: what is stopped, under which name, and that nothing passes by accident."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.axes import AXES, FIRST, SCALE, SEVERAL, TWO, rows
from mindrail.calibrate import Calibration, Scaling, Threshold, decide, events, flagged, picked, stopped


def calibrated(axis, *thresholds, floor=0.8):
    return Calibration(axis.digest, Scaling.none(len(axis.names)), thresholds, None, "a test", floor)


def alike(axis, review=0.3, block=0.6):
    return calibrated(axis, *(Threshold(event.name, review, block) for event in events(axis)))


def log(*probabilities):
    return np.log(np.array([probabilities]))


def logit(*probabilities):
    p = np.array([probabilities])
    return np.log(p / (1 - p))


@pytest.mark.parametrize(
    ("harmful", "decision", "label", "code"),
    [
        (0.83, "block", "harmful", "over-block"),
        (0.45, "review", "harmful", "over-review"),
        (0.10, "allow", "safe", "clear"),
    ],
)
def test_two_labels(harmful, decision, label, code):
    (made,) = decide(TWO, alike(TWO), log(1 - harmful, harmful))
    assert (made.decision, made.label, made.labels, made.code) == (decision, label, (label,), code)
    assert made.probabilities["harmful"] == pytest.approx(harmful)
    assert made.probability == pytest.approx(made.probabilities[label])


def test_the_reason_is_a_sentence_with_both_numbers():
    (made,) = decide(TWO, alike(TWO), log(0.17, 0.83))
    assert made.reason == "harmful 0.83 ≥ block 0.60"


def test_exactly_on_the_threshold_is_stopped():
    scores = np.array([[0.0, 0.0]])
    (made,) = decide(TWO, calibrated(TWO, Threshold("harmful", None, 0.5)), scores)
    assert made.decision == "block"


def test_an_event_that_only_asks_for_review_never_blocks():
    (made,) = decide(SCALE, alike(SCALE), log(0.01, 0.98, 0.01))
    assert (made.decision, made.label, made.event) == ("review", "unsure", "unsure")


def test_on_a_scale_worse_labels_add_up():
    (made,) = decide(SCALE, alike(SCALE), log(0.6, 0.2, 0.2))
    assert (made.decision, made.event) == ("review", "unsure")
    assert made.probability == pytest.approx(0.4)


def test_labels_too_weak_alone_are_stopped_together():
    calibration = calibrated(
        FIRST, Threshold("lost", None, 0.5), Threshold("cold", None, 0.5), Threshold("any", 0.6)
    )
    (made,) = decide(FIRST, calibration, log(0.4, 0.3, 0.3))
    assert (made.decision, made.label, made.event) == ("review", "lost", "any")


def test_independent_labels_are_all_named():
    (made,) = decide(SEVERAL, alike(SEVERAL), logit(0.7, 0.4, 0.1))
    assert (made.decision, made.label, made.labels) == ("block", "rude", ("rude", "cruel"))


def test_no_independent_label_is_none():
    (made,) = decide(SEVERAL, alike(SEVERAL), logit(0.1, 0.2, 0.1))
    assert (made.decision, made.label, made.labels) == ("allow", "none", ())
    assert made.probability == pytest.approx(0.8)


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
@pytest.mark.parametrize("read", [0.79, 0.0, float("nan")])
def test_what_was_not_read_is_reviewed(axis, read):
    never = calibrated(axis, *(Threshold(event.name, 1.0) for event in events(axis)))
    scores = np.zeros((1, len(axis.names)))
    assert [made.decision for made in decide(axis, never, scores, np.array([0.8]))] == ["allow"]
    (made,) = decide(axis, never, scores, np.array([read]))
    assert (made.decision, made.code, made.event) == ("review", "low-coverage", None)
    assert made.reason.startswith("low coverage")


def test_unread_text_can_still_be_blocked():
    (made,) = decide(TWO, alike(TWO), log(0.1, 0.9), np.array([0.1]))
    assert made.decision == "block"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("ask", [decide, flagged, stopped, picked])
def test_scores_that_are_no_numbers_are_never_allowed(ask, bad):
    with pytest.raises(ValueError, match="NaN or infinity"):
        ask(TWO, alike(TWO), np.array([[0.0, bad]]))


def test_coverage_of_another_length_is_refused():
    for size in (1, 3):
        with pytest.raises((ValueError, TypeError)):  # the second where shapes are checked
            decide(TWO, alike(TWO), np.zeros((2, 2)), np.ones(size))


def slow(axis, calibration, row):
    """The rules once more, one row and one event at a time, straight from their description."""
    p = axis.probabilities(row[None])[0]
    verdicts = set()
    for event in events(axis):
        parts = [p[i] for i in event.members]
        chance = sum(parts) if axis.exclusive else max(parts)
        at = calibration.threshold(event.name)
        if event.decision == "block" and at.block is not None and chance >= at.block:
            verdicts.add("block")
        if any(limit is not None and chance >= limit for limit in (at.review, at.block)):
            verdicts.add("review")
    return "block" if "block" in verdicts else "review" if verdicts else "allow"


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
def test_a_slow_loop_agrees(axis):
    random = np.random.default_rng(0)
    _, scores = rows(axis, 200)
    for _ in range(5):
        pairs = np.sort(random.random((len(events(axis)), 2)), axis=1).tolist()
        named = [Threshold(event.name, *pair) for event, pair in zip(events(axis), pairs, strict=True)]
        calibration = calibrated(axis, *named)
        made = decide(axis, calibration, scores)
        assert [m.decision for m in made] == [slow(axis, calibration, row) for row in scores]
        assert [m.decision != "allow" for m in made] == stopped(axis, calibration, scores).tolist()
        chosen = picked(axis, calibration, scores)
        for row, m in enumerate(made):
            assert m.labels == tuple(n for n, is_on in zip(axis.names, chosen[row], strict=True) if is_on)
            assert m.label in m.labels or m.label == "none"
            allowed = [label.name for label in axis.labels if label.decision == "allow"]
            assert (m.label in [*allowed, "none"]) == (m.decision == "allow")


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
def test_a_row_gets_the_same_bits_alone_and_in_a_crowd(axis):
    _, scores = rows(axis, 97)
    together = decide(axis, alike(axis), scores)
    assert together == [decide(axis, alike(axis), scores[i : i + 1])[0] for i in range(97)]
    assert together[::-1] == decide(axis, alike(axis), scores[::-1])


@given(
    st.sampled_from(AXES),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(0, 3),
)
def test_a_stricter_threshold_never_stops_more(axis, one, other, seed):
    low, high = sorted((one, other))
    _, scores = rows(axis, 30, seed)
    loose, strict = (alike(axis, limit, limit) for limit in (low, high))
    assert not (stopped(axis, strict, scores) & ~stopped(axis, loose, scores)).any()
    for name, over in flagged(axis, strict, scores).items():
        assert not (over & ~flagged(axis, loose, scores)[name]).any()


@given(st.sampled_from([axis for axis in AXES if axis.exclusive]), st.floats(-1e6, 1e6), st.integers(0, 3))
def test_a_constant_added_to_every_score_changes_nothing(axis, constant, seed):
    _, scores = rows(axis, 20, seed)
    bent = Scaling("vector", tuple(1.0 + i for i in range(len(axis.names))), (0.5,) * len(axis.names))
    calibration = Calibration(axis.digest, bent, alike(axis).thresholds, None, "a test")
    before, after = (calibration.probabilities(axis, s) for s in (scores, scores + constant))
    np.testing.assert_allclose(after, before, atol=1e-8)


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
def test_extreme_scores_are_decided_not_lost(axis):
    made = decide(axis, alike(axis), np.diag(np.full(len(axis.names), 1e30)) - 5e29)
    assert all(np.isfinite(list(m.probabilities.values())).all() for m in made)


def test_no_rows_are_no_decisions():
    assert decide(TWO, alike(TWO), np.zeros((0, 2))) == []
    assert picked(TWO, alike(TWO), np.zeros((0, 2))).shape == (0, 2)

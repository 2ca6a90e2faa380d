"""From dev rows to a calibration: what it promises, and what it says when it cannot."""

import dataclasses

import numpy as np
import pytest

from helpers.axes import AXES, FIRST, SCALE, SEVERAL, TWO, rows
from mindrail.calibrate import Calibration, chances, decide, events, flagged, stopped
from mindrail.calibrate.thresholds import UNLEARNT, Settings, fit
from mindrail.errors import BadConfig, BadSplit, UnknownName
from mindrail.records import Targets

GOALS = Settings()


def some(targets, scores, chosen):
    return Targets(targets.values[chosen], targets.known[chosen]), scores[chosen]


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
@pytest.mark.parametrize("size", [30, 300])
@pytest.mark.parametrize("block", ["f1", "precision", "cost"])
def test_every_axis_is_calibrated_and_can_be_written(axis, size, block):
    targets, scores = rows(axis, size)
    made = fit(axis, targets, scores, Settings(block=block), data="abc")
    assert Calibration.from_dict(made.to_dict()) == made
    assert made.fitted_on["rows"] == size
    assert made.fitted_on["data"] == "abc"
    assert made.fitted_on["positives"] == {e.name: int(e.of(targets.values).sum()) for e in events(axis)}
    assert len(decide(axis, made, scores)) == size


@pytest.mark.parametrize(
    ("axis", "event"), [(TWO, "harmful"), (SCALE, "unsafe"), (SEVERAL, "any"), (FIRST, "any")]
)
def test_the_worst_event_gets_the_promise_and_the_review_threshold_keeps_it(axis, event):
    targets, scores = rows(axis, 400)
    made = fit(axis, targets, scores, GOALS)
    assert made.promise is not None
    assert (made.promise.event, made.no_promise) == (event, "")
    assert made.threshold(event).stop <= made.promise.threshold
    (asked,) = [e for e in events(axis) if e.name == event]
    positives = asked.of(targets.values)
    missed = int((positives & ~flagged(axis, made, scores)[event]).sum())
    assert missed <= made.promise.misses_allowed
    assert int((positives & ~stopped(axis, made, scores)).sum()) <= missed


def test_another_event_can_be_asked_for():
    targets, scores = rows(FIRST, 400)
    made = fit(FIRST, targets, scores, Settings(event="cold", recall=0.8))
    assert made.promise is not None
    assert (made.promise.event, made.promise.recall) == ("cold", 0.8)


def test_an_unknown_event_names_its_neighbour():
    targets, scores = rows(TWO, 40)
    with pytest.raises(UnknownName, match="did you mean 'harmful'"):
        fit(TWO, targets, scores, Settings(event="harmfull"))


def test_with_too_few_positives_it_says_so_and_aims_at_the_goal_without_guarantee():
    targets, scores = rows(TWO, 40)
    made = fit(TWO, targets, scores, GOALS)
    positives = targets.values[:, 1]
    assert made.promise is None
    assert f"found {positives.sum()} messages" in made.no_promise
    assert "at least 29" in made.no_promise
    assert f"takes about {-(-40 * 29 // positives.sum())} dev rows" in made.no_promise
    assert "without guarantee" in made.no_promise
    assert flagged(TWO, made, scores)["harmful"][positives].mean() >= 0.9


def test_messages_of_one_person_count_once():
    targets, scores = rows(TWO, 400)
    made = fit(TWO, targets, scores, GOALS, [f"person {i % 20}" for i in range(400)])
    assert made.promise is None
    assert "found 20 groups" in made.no_promise


def test_a_label_that_any_speaks_for_has_no_review_of_its_own():
    targets, scores = rows(FIRST, 400)
    made = fit(FIRST, targets, scores, GOALS)
    assert [made.threshold(name).review for name in ("lost", "cold")] == [None, None]
    assert made.threshold("any").block is None


def test_a_rare_label_is_reviewed_never_blocked_and_noted():
    targets, scores = rows(SEVERAL, 300)
    targets.values[:, 2] = False
    targets.values[:2, 2] = True
    made = fit(SEVERAL, targets, scores, GOALS)
    assert (made.threshold("rare").review, made.threshold("rare").block) == (UNLEARNT, None)
    note = "'rare' is never blocked: 2 positives in 300 dev rows, expected at least 5 of each"
    assert made.notes == (note,)


def test_a_rare_event_without_any_other_is_reviewed_too():
    targets, scores = rows(TWO, 60)
    chosen = np.concatenate([np.flatnonzero(~targets.values[:, 1]), np.flatnonzero(targets.values[:, 1])[:2]])
    made = fit(TWO, *some(targets, scores, chosen), GOALS)
    assert (made.threshold("harmful").review, made.threshold("harmful").block) == (UNLEARNT, None)
    assert made.promise is None
    assert "Its threshold is 0.5, without guarantee" in made.no_promise
    assert len(made.notes) == 1


def test_a_precision_that_no_cut_has_leaves_only_review():
    targets, _ = rows(TWO, 60)
    made = fit(TWO, targets, np.zeros((60, 2)), Settings(block="precision", precision=0.99))
    assert made.threshold("harmful").block is None
    assert made.threshold("harmful").review is not None
    assert "no cut on dev meets precision 0.99" in made.notes[0]


def test_costs_move_the_block_threshold():
    targets, scores = rows(TWO, 400, strength=1.0)
    dear = fit(TWO, targets, scores, Settings(block="cost", miss_cost=5.0)).threshold("harmful").block
    cheap = fit(TWO, targets, scores, Settings(block="cost", false_alarm_cost=5.0)).threshold("harmful").block
    assert dear is not None
    assert cheap is not None
    assert dear < cheap


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
def test_empty_or_all_alike_is_refused(axis):
    targets, scores = rows(axis, 50)
    nothing = targets._replace(known=np.zeros(50, dtype=bool))
    with pytest.raises(BadSplit, match=r"found no dev row.*expected.*Do:"):
        fit(axis, nothing, scores, GOALS)
    alike = targets._replace(values=np.repeat(targets.values[:1], 50, axis=0))
    with pytest.raises(BadSplit, match=r"found 50 dev rows that are all.*expected.*Do:"):
        fit(axis, alike, scores, GOALS)


def test_rows_without_an_answer_are_left_out():
    targets, scores = rows(TWO, 200)
    half = np.arange(200) % 2 == 0
    whole = fit(TWO, Targets(targets.values, half), scores, GOALS)
    assert whole == fit(TWO, *some(targets, scores, half), GOALS)


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
@pytest.mark.parametrize("grouped", [False, True], ids=["alone", "in groups"])
def test_the_order_of_rows_does_not_matter(axis, grouped):
    targets, scores = rows(axis, 150)
    groups = [f"g{i // 2}" if i % 3 else None for i in range(150)] if grouped else None
    order = np.random.default_rng(1).permutation(150)
    turned = None if groups is None else [groups[i] for i in order]
    made = fit(axis, targets, scores, GOALS, groups)
    assert fit(axis, *some(targets, scores, order), GOALS, turned) == made


@pytest.mark.parametrize("axis", [axis for axis in AXES if axis.exclusive], ids=lambda a: a.kind)
def test_a_constant_added_to_every_score_changes_no_decision(axis):
    targets, scores = rows(axis, 150)
    moved = scores + 3.0
    before, after = (fit(axis, targets, s, GOALS) for s in (scores, moved))
    first, second = decide(axis, before, scores), decide(axis, after, moved)
    assert [made.decision for made in first] == [made.decision for made in second]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_no_numbers_are_refused(bad):
    targets, scores = rows(TWO, 50)
    scores[3, 1] = bad
    with pytest.raises(ValueError, match="NaN or infinity"):
        fit(TWO, targets, scores, GOALS)


def test_shapes_that_do_not_fit_are_refused():
    targets, scores = rows(TWO, 50)
    for wrong in (scores[:40], np.hstack([scores, scores])):
        with pytest.raises((ValueError, TypeError)):  # the second where shapes are checked
            fit(TWO, targets, wrong, GOALS)
    for wrong_groups in (["a", "b", "c"], []):
        with pytest.raises(ValueError, match=f"groups for {len(wrong_groups)} rows"):
            fit(TWO, targets, scores, GOALS, wrong_groups)


@pytest.mark.parametrize(
    "wrong",
    [
        {"recall": 1.0},
        {"confidence": 0.0},
        {"precision": 2.0},
        {"coverage_floor": -0.1},
        {"miss_cost": 0.0},
        {"next": 0},
    ],
)
def test_goals_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)


def test_goals_read_from_a_recipe_name_the_wrong_key():
    from mindrail import config

    assert config.build(Settings, {"recall": 0.8, "next": 20, "scaling": "none"}).next == 20
    with pytest.raises(BadConfig, match="did you mean 'recall'"):
        config.build(Settings, {"recal": 0.8})


@pytest.mark.parametrize("axis", [SCALE, SEVERAL], ids=lambda a: a.kind)
def test_the_promise_holds_although_scaling_saw_the_same_rows(axis):
    """Scaling may reorder events of more than two labels a little; 60 dev sets show that it does no harm."""
    pool, pool_scores = rows(axis, 5_000, seed=99)
    goals = dataclasses.replace(GOALS, scaling="vector")
    (asked,) = [e for e in events(axis) if e.name in ("unsafe", "any")]
    positives = asked.of(pool.values)
    kept = []
    for seed in range(60):
        made = fit(axis, *rows(axis, 150, seed), goals)
        if made.promise is not None:
            said = chances(axis, made.probabilities(axis, pool_scores))[asked.name]
            kept.append((said[positives] >= made.promise.threshold).mean() >= 0.9)
    assert len(kept) > 45
    assert np.mean(kept) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / len(kept))

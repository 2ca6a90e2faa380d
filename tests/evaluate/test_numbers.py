"""Intervals, slices, promises and pairs against independent arithmetic."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.axes import AXES, SCALE, SEVERAL, TWO
from helpers.judged import CANARY, judged, only, predictions_of, truth_of, twins
from mindrail.calibrate import Promise
from mindrail.errors import BadSplit, WrongTaxonomy
from mindrail.evaluate.estimates import rates, ratios, shares
from mindrail.evaluate.slices import FEWEST, MOST, REST
from mindrail.records import Example, Turn
from mindrail.stats import bootstrap, resamples, wilson


def coins(size, columns, seed=0):
    return np.random.default_rng(seed).random((size, columns)) < 0.4


def test_ratios_are_the_bootstrap_of_a_loop():
    tops, bottoms = coins(81, 3), np.ones((81, 3), dtype=int)
    draws = resamples([f"g{i // 3}" for i in range(81)], 81, 1, 50)
    for i, found in enumerate(ratios(tops, bottoms, draws)):
        other = bootstrap(lambda rows, i=i: float(tops[rows, i].mean()), 81, draws=draws)
        assert (found.value, found.low, found.high) == pytest.approx((other.value, other.low, other.high))


def test_a_share_of_all_rows_is_not_certain():
    everything = np.ones((12, 1), dtype=bool)
    (found,) = shares(everything, everything, resamples(None, 12, 0, 50))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(wilson(12, 12).low)


def test_nothing_to_divide_by_is_undefined():
    nothing = np.zeros((5, 1), dtype=bool)
    (found,) = shares(nothing, nothing, resamples(None, 5, 0, 20))
    assert (found.value, found.low, found.high, found.dropped) == (None, None, None, 20)


def test_groups_make_intervals_wider():
    truth = np.repeat(coins(40, 1)[:, 0], 10)
    flags = [np.repeat(coins(40, 1, seed=1)[:, 0], 10)]
    groups = [f"g{i // 10}" for i in range(400)]
    alone, grouped = (rates(truth, flags, resamples(g, 400, 0, 300)).recall for g in (None, groups))
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_groups_may_differ_in_size():
    rows = judged(SCALE, 100)
    uneven = [replace(e, group=f"g{i // 3}" if i % 5 else None) for i, e in enumerate(rows.examples)]
    found = replace(rows, examples=uneven).evaluate()
    assert (found.rows, found.groups) == (100, len({e.group or e.id for e in uneven}))


def test_several_runs_give_their_mean():
    several = judged(TWO, 200, seeds=3, grouped=True)
    single = [
        replace(several, predictions=[p], calibrations=[c]).evaluate()
        for p, c in zip(several.predictions, several.calibrations, strict=True)
    ]
    found = several.evaluate()
    for of in (
        lambda e: e.events[0].ranking.auroc,
        lambda e: e.whole.stopped.f1,
        lambda e: e.headline.recall,
    ):
        assert of(found).value == pytest.approx(np.mean([of(e).value for e in single]))
        assert of(found).low < of(found).value < of(found).high
    assert found.runs == len(found.promises) == 3
    assert found.mistakes == single[0].mistakes


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
def test_every_divided_row_is_in_one_slice(axis):
    found = judged(axis).evaluate()
    by = {part.by for part in found.slices}
    assert by == {"source", "setting", "tag topic", "length"}  # the tag `split` has one value
    for name in by:
        parts = [part for part in found.slices if part.by == name]
        assert sum(part.rows for part in parts) == found.rows
        assert sum(part.positives for part in parts) == found.whole.positives


def test_few_positives_or_negatives_give_no_number():
    found = judged(SCALE, 200).evaluate()
    for part in found.slices:
        negatives = part.rows - part.positives
        assert (part.recall is None) == (part.positives < FEWEST)
        assert (part.false_positive_rate is None) == (negatives < FEWEST)
        assert (part.f1 is None) == (min(part.positives, negatives) < FEWEST)
    assert any(part.f1 is None for part in found.slices)


def test_many_values_are_lumped_and_long_ones_never_repeated():
    rows = judged(TWO, 600)
    long = [
        replace(example, tags={"topic": f"t{i % 20}", "note": CANARY * 4 if i % 2 else "x"})
        for i, example in enumerate(rows.examples)
    ]
    found = replace(rows, examples=long).evaluate()
    topics = [part.value for part in found.slices if part.by == "tag topic"]
    assert len(topics) == MOST + 1
    assert topics[-1] == REST
    assert [part.value for part in found.slices if part.by == "tag note"] == ["x", REST]


@pytest.mark.parametrize(
    ("caught", "verdict"), [(58, "held"), (52, "not contradicted"), (30, "contradicted")]
)
def test_verdicts(caught, verdict):
    found = promised(positives=60, caught=caught)
    assert (found.caught, found.verdict) == (caught, verdict)


def test_no_positive_tests_nothing():
    found = promised(positives=0, caught=0)
    assert (found.verdict, found.observed) == ("not tested", None)


def test_a_promise_about_groups_counts_groups():
    found = promised(positives=60, caught=59, groups=True)
    assert (found.positives, found.caught) == (20, 19)


def promised(positives, caught, *, groups=False):
    """The check of a promise on so many positives, of which so many lie above its threshold."""
    rows = judged(TWO, 20)
    promise = Promise("harmful", 0.9, 0.95, 0.5, 60, 2, counted="groups" if groups else "messages")
    examples = [
        Example(
            (Turn("user", "m"),),
            answers={"harm": "harmful" if i < positives else "safe"},
            group=f"g{i // 3}" if groups else None,
            id=f"r{i}",
        )
        for i in range(positives + 42)
    ]
    above = np.array([i < caught for i in range(len(examples))])
    scores = np.where(above[:, None], [[-2.0, 2.0]], [[2.0, -2.0]])
    calibration = replace(
        rows.calibrations[0],
        scaling=type(rows.calibrations[0].scaling).none(2),
        thresholds=(replace(rows.calibrations[0].thresholds[0], review=0.5, block=0.6),),
        promise=promise,
        no_promise="",
    )
    scored = [predictions_of(TWO, examples, scores)]
    return (
        replace(rows, examples=examples, predictions=scored, calibrations=[calibration])
        .evaluate()
        .promises[0]
    )


@pytest.mark.parametrize(("axis", "harmless", "harmful"), [(TWO, "safe", "harmful"), (SEVERAL, "", "cruel")])
def test_pairs(axis, harmless, harmful):
    found = judged(axis).evaluate(pairs=twins(axis, harmless, harmful)).pairs
    assert (found.overall.talks, found.overall.at_risk, found.overall.pairs) == (40, 40, 40)
    assert found.overall.stopped.value == 0.25
    assert found.overall.caught.value == 0.75
    assert found.overall.told_apart.value == 0.75
    news = next(kind for kind in found.kinds if kind.kind == "news")
    assert (news.talks, news.stopped.value, news.told_apart.value) == (20, 0.5, 0.5)
    assert (news.stopped.low, news.stopped.high) == pytest.approx((wilson(10, 20).low, wilson(10, 20).high))


def test_twins_without_an_answer_are_left_out():
    examples, predictions = twins(TWO, "safe", "harmful")
    unknown = [replace(e, answers={}) if e.tags["side"] == "at_risk" else e for e in examples]
    found = judged(TWO).evaluate(pairs=(unknown, predictions)).pairs
    assert (found.overall.talks, found.overall.at_risk, found.overall.pairs) == (40, 0, 0)
    assert found.overall.caught.value is None


def test_pairs_without_sides_are_refused():
    rows = judged(TWO, 30)
    with pytest.raises(BadSplit, match="none of 30 rows is tagged"):
        rows.evaluate(pairs=(rows.examples, rows.predictions[0]))


def test_rows_without_an_answer_are_counted():
    rows = judged(TWO, 60)
    some = [replace(e, answers={}) if i % 3 == 0 else e for i, e in enumerate(rows.examples)]
    found = replace(rows, examples=some).evaluate()
    assert (found.rows, found.unanswered) == (40, 20)
    assert "20 rows without an answer on this axis were left out." in found.warnings


def test_rows_that_thresholds_were_fitted_on_are_noticed():
    rows = judged(TWO, 60)
    same = [replace(rows.predictions[0], made_by=replace(rows.predictions[0].made_by, data="dev"))]
    assert "fitted on these very rows" in replace(rows, predictions=same).evaluate().warnings[0]


def test_what_cannot_be_judged_is_refused():
    rows = judged(TWO, 30)
    with pytest.raises(BadSplit, match="none of 30 rows has an answer"):
        replace(rows, examples=[replace(e, answers={}) for e in rows.examples]).evaluate()
    with pytest.raises(BadSplit, match="30 of 30 rows have no scores"):
        replace(rows, examples=[replace(e, id=f"other-{e.id}") for e in rows.examples]).evaluate()
    with pytest.raises(WrongTaxonomy, match="expected 'harm'"):
        replace(rows, predictions=judged(SCALE, 30).predictions).evaluate()
    with pytest.raises(ValueError, match="1 predictions and 2 calibrations"):
        replace(rows, calibrations=rows.calibrations * 2).evaluate()


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
def test_outcomes_and_confusions_count_every_row(axis):
    rows = judged(axis, 90)
    found = rows.evaluate()
    truth = truth_of(rows)
    assert [o.allow + o.review + o.block for o in found.outcomes][: len(axis.names)] == truth.sum(
        axis=0
    ).tolist()
    for confusion in found.confusions:
        assert sum(map(sum, confusion.counts)) == 90


def test_one_class_is_said():
    rows = judged(TWO, 90)
    found = only(rows, truth_of(rows)[:, 0]).evaluate()
    assert "No test row is 'harmful': what depends on such rows cannot be measured." in found.warnings
    assert found.events[0].ranking.auroc.value is None

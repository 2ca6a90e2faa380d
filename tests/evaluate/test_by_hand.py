"""Nine rows whose every number can be counted on paper."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.axes import TWO
from helpers.judged import Judged, examples_of, predictions_of
from mindrail.calibrate import Calibration, Promise, Scaling, Threshold

#: (harmful, probability of harmful); reviewed from 0.3, blocked from 0.7
ROWS = [
    (True, 0.9),
    (True, 0.8),
    (True, 0.6),
    (True, 0.1),
    (False, 0.75),
    (False, 0.4),
    (False, 0.2),
    (False, 0.05),
    (False, 0.05),
]
CALIBRATION = Calibration(
    TWO.digest,
    Scaling.none(2),
    (Threshold("harmful", 0.3, 0.7),),
    Promise("harmful", 0.9, 0.95, 0.3, 60, 2),
)


def nine() -> Judged:
    chance = np.array([p for _, p in ROWS])
    examples = examples_of(TWO, np.array([[not harmful, harmful] for harmful, _ in ROWS]))
    scores = np.log(np.stack([1 - chance, chance], axis=1))
    return Judged(TWO, examples, [predictions_of(TWO, examples, scores)], [CALIBRATION])


@pytest.fixture(scope="module")
def found():
    return nine().evaluate()


def four(rates):
    return rates.precision.value, rates.recall.value, rates.f1.value, rates.false_positive_rate.value


def test_each_way_of_flagging(found):
    (harmful,) = found.events
    assert (harmful.positives, harmful.negatives) == (4, 5)
    assert four(harmful.flagged) == pytest.approx((3 / 5, 3 / 4, 6 / 9, 2 / 5))
    assert four(harmful.blocked) == pytest.approx((2 / 3, 1 / 2, 4 / 7, 1 / 5))
    assert four(harmful.neutral) == pytest.approx((3 / 4, 3 / 4, 3 / 4, 1 / 5))
    assert four(found.whole.stopped) == four(harmful.flagged)


def test_probabilities(found):
    assert found.event("harmful").ranking.auroc.value == pytest.approx(16 / 20)
    squares = sum((p - harmful) ** 2 for harmful, p in ROWS) / len(ROWS)
    assert found.event("harmful").ranking.brier.value == pytest.approx(squares)
    assert found.all_labels.brier.value == pytest.approx(squares)


def test_all_labels_at_once(found):
    assert found.all_labels.decided.accuracy.value == pytest.approx(6 / 9)
    assert found.all_labels.neutral.accuracy.value == pytest.approx(7 / 9)
    assert found.all_labels.decided.micro_f1 is None


def test_counts(found):
    assert [c.counts for c in found.confusions] == [((3, 2), (1, 3))]
    assert [(o.label, o.allow, o.review, o.block) for o in found.outcomes] == [
        ("safe", 3, 1, 1),
        ("harmful", 1, 1, 2),
    ]


def test_what_the_chosen_thresholds_cost(found):
    chosen = {choice.role: choice for choice in found.events[0].choices if choice.role}
    review, block = chosen["review"], chosen["block"]
    assert (review.threshold, block.threshold) == (0.3, 0.7)
    assert (review.recall.value, review.false_positive_rate.value) == (0.75, 0.4)
    assert (review.stopped, review.precision) == (5 / 9, 3 / 5)
    assert (review.misses, review.false_alarms) == pytest.approx((1000 / 9, 2000 / 9))
    assert (block.recall.value, block.misses) == pytest.approx((0.5, 2000 / 9))


def test_curve_and_bands(found):
    (harmful,) = found.events
    assert [(p.recall, round(p.precision, 3)) for p in harmful.curve[:4]] == [
        (0.25, 1.0),
        (0.5, 1.0),
        (0.5, 0.667),
        (0.75, 0.75),
    ]
    assert sum(band.rows for band in harmful.reliability) == 9
    assert [(band.rows, band.seen.value) for band in harmful.reliability][:2] == [(2, 0.0), (1, 1.0)]


def test_mistakes_worst_first(found):
    made = found.mistakes
    assert (made.missed, made.false_alarms) == (1, 2)
    assert [(m.id, m.decision) for m in made.worst_missed] == [("row-0003", "allow")]
    assert [(m.id, m.decision) for m in made.worst_false_alarms] == [
        ("row-0004", "block"),
        ("row-0005", "review"),
    ]
    assert made.worst_missed[0].truth == ("harmful",)
    assert made.worst_missed[0].probability == pytest.approx(0.1)


def test_the_promise_and_the_headline(found):
    (check,) = found.promises
    assert (check.positives, check.caught, check.stopped) == (4, 3, 3)
    assert check.verdict == "not contradicted"
    assert (check.observed.low, check.observed.high) == pytest.approx((0.1941, 0.9937), abs=1e-4)
    assert (found.headline.recall.value, found.headline.false_alarms.value) == (0.75, 0.4)
    assert found.headline.blocked_f1.value == pytest.approx(4 / 7)
    assert found.headline.rule == (
        "'harmful': block from probability 0.700, review from probability 0.300.",
        "Anything else: allow.",
    )


def test_thin_data_is_said(found):
    assert "Only 4 test rows are 'harmful'; 30 or more make steady numbers." in found.warnings


def test_the_order_of_rows_changes_nothing():
    rows = nine()
    turned = replace(rows, examples=rows.examples[::-1]).evaluate()
    assert turned.events[0].flagged.f1.value == pytest.approx(6 / 9)
    assert turned.mistakes == rows.evaluate().mistakes

"""What every metric owes: its range, its direction, NaN where it is undefined, and scikit-learn's number."""

import math

import numpy as np
import pytest
from sklearn import metrics as oracle

from mindrail import metrics
from mindrail.errors import UnknownName

ALL = [metrics.get(name) for name in metrics.names()]
EVENT = [metric for metric in ALL if metric.scope == "event"]
AXIS = [metric for metric in ALL if metric.scope == "axis"]

ORACLES = {
    "precision": lambda t, p, c: oracle.precision_score(t, c, zero_division=np.nan),
    "recall": lambda t, p, c: oracle.recall_score(t, c, zero_division=np.nan),
    "f1": lambda t, p, c: oracle.f1_score(t, c, zero_division=np.nan),
    "false-positive-rate": lambda t, p, c: 1 - oracle.recall_score(~t, ~c, zero_division=np.nan),
    "auroc": lambda t, p, c: oracle.roc_auc_score(t, p),
    "auprc": lambda t, p, c: oracle.average_precision_score(t, p),
    "brier": lambda t, p, c: oracle.brier_score_loss(t, p),
    "fpr-at-90-tpr": lambda t, p, c: _fpr_at(t, p, 0.90),
    "fpr-at-95-tpr": lambda t, p, c: _fpr_at(t, p, 0.95),
    "accuracy": lambda t, p, c: oracle.accuracy_score(t, c),
    "macro-f1": lambda t, p, c: oracle.f1_score(t, c, average="macro", zero_division=np.nan),
    "weighted-f1": lambda t, p, c: oracle.f1_score(t, c, average="weighted", zero_division=np.nan),
    "weighted-precision": lambda t, p, c: oracle.precision_score(t, c, average="weighted", zero_division=0),
    "weighted-recall": lambda t, p, c: oracle.recall_score(t, c, average="weighted", zero_division=np.nan),
    "micro-f1": lambda t, p, c: oracle.f1_score(t, c, average="micro", zero_division=np.nan),
}


def _fpr_at(truth, probability, tpr):
    fpr, reached, _ = oracle.roc_curve(truth, probability, drop_intermediate=False)
    return fpr[reached >= tpr].min()


def rows(scope, size=60, seed=0, ties=True):
    random = np.random.default_rng(seed)
    shape = (size,) if scope == "event" else (size, 3)
    truth = random.random(shape) < 0.4
    probability = np.clip(0.25 + 0.5 * truth + 0.2 * random.normal(size=shape), 0.0, 1.0)
    return truth, probability.round(1) if ties else probability, probability > 0.55


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
@pytest.mark.parametrize("seed", range(5))
def test_a_value_lies_in_its_range_and_is_a_plain_number(metric, seed):
    value = metric.compute(*rows(metric.scope, seed=seed))
    assert type(value) is float
    assert metric.range[0] <= value <= metric.range[1]


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
def test_its_file_has_its_name(metric):
    assert metric.name in metrics.names()
    assert metrics.get(metric.name) is metric


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
def test_the_truth_itself_is_the_best_answer_and_its_opposite_the_worst(metric):
    truth, _, _ = rows(metric.scope)
    right = metric.compute(truth, truth.astype(float), truth)
    wrong = metric.compute(truth, 1.0 - truth, ~truth)
    best, worst = metric.range if metric.better == "lower" else metric.range[::-1]
    assert right == pytest.approx(best)
    assert abs(wrong - worst) < abs(wrong - best)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_does_not_matter(metric, seed):
    given = rows(metric.scope, seed=seed)
    order = np.random.default_rng(seed).permutation(len(given[0]))
    assert metric.compute(*(a[order] for a in given)) == pytest.approx(metric.compute(*given), abs=1e-12)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
def test_only_what_it_says_it_needs_is_looked_at(metric):
    truth, probability, chosen = rows(metric.scope)
    other = (probability, ~chosen) if metric.needs_probability else (1 - probability, chosen)
    assert metric.compute(truth, *other) == metric.compute(truth, probability, chosen)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
def test_no_rows_are_no_number(metric):
    assert math.isnan(metric.compute(*(a[:0] for a in rows(metric.scope))))


@pytest.mark.parametrize("metric", EVENT, ids=lambda m: m.name)
def test_without_positives_it_is_undefined_or_does_not_need_them(metric):
    truth, probability, chosen = rows("event")
    value = metric.compute(np.zeros_like(truth), probability, chosen)
    needs_none = {"precision", "f1", "false-positive-rate", "brier", "ece"}
    assert math.isnan(value) == (metric.name not in needs_none)


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("ties", [True, False], ids=["ties", "no ties"])
@pytest.mark.parametrize("seed", range(10))
def test_scikit_learn_agrees(name, ties, seed):
    metric = metrics.get(name)
    given = rows(metric.scope, size=37, seed=seed, ties=ties)
    assert metric.compute(*given) == pytest.approx(ORACLES[name](*given), abs=1e-12)


def test_every_metric_has_an_oracle_or_a_reference_of_its_own():
    by_hand = {"ece", "top-label-ece", "axis-brier"}
    assert set(ORACLES) | by_hand == set(metrics.names())


def test_an_unknown_metric_names_its_neighbour():
    with pytest.raises(UnknownName, match="did you mean 'recall'"):
        metrics.get("recal")

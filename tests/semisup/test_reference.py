"""Every algorithm and every named variant against slow loops written from the papers."""

import pytest

from mindrail.semisup._erroneous import ErroneousClass
from mindrail.semisup.fixmatch import FixMatch
from mindrail.semisup.flexmatch import FlexMatch
from mindrail.semisup.freematch import FreeMatch
from mindrail.semisup.marginmatch import MarginMatch
from mindrail.semisup.multimatch import MultiMatch
from mindrail.semisup.pseudo_label import PseudoLabel
from semisup import reference
from semisup.reference import Reference
from semisup.steps import steps

OFTEN = ErroneousClass(share=0.3, first=0.1, redraw=0.3, settle=0.05, recompute=0.05, seed=3)
TWICE = ErroneousClass(share=0.3, first=0.0, redraw=0.5, recompute=0.05, percentile_divided_twice=True)

VARIANTS = [
    (reference.Fixed, FixMatch()),
    (reference.Fixed, FixMatch(threshold=0.8, unlabeled_weight=0.5, align="labels")),
    (reference.Fixed, FixMatch(threshold=0.6, align="uniform")),
    (reference.Fixed, PseudoLabel(threshold=0.7)),
    (reference.Fixed, PseudoLabel(threshold=0.7, ramp=0.0, align="labels")),
    (reference.Flex, FlexMatch(threshold=0.9)),
    (reference.Flex, FlexMatch(threshold=0.9, warm_up=False)),
    (reference.Free, FreeMatch(momentum=0.7)),
    (reference.Free, FreeMatch(momentum=0.9, fairness_weight=0.05)),
    (reference.Margin, MarginMatch()),
    (reference.Margin, MarginMatch(mask="freematch", momentum=0.8, least_margin=1.5)),
    (reference.Margin, MarginMatch(clock="epoch", least_margin=0.5)),
    (reference.Margin, MarginMatch(overwrite_kept_margins=True, least_margin=0.8)),
    (reference.Margin, MarginMatch(cutoff="erroneous_class", erroneous=OFTEN)),
    (reference.Margin, MarginMatch(cutoff="erroneous_class", erroneous=TWICE, mask="freematch")),
    (reference.Multi, MultiMatch()),
    (
        reference.Multi,
        MultiMatch(momentum=0.5, quantile=0.3, unlabeled_weight=3.0, allow_negative_cutoffs=True),
    ),
    (reference.Multi, MultiMatch(momentum=0.5, count_confidence_twice=True)),
    (reference.Multi, MultiMatch(stop_at_missing_label=True, quantile=0.4, recalibrate_every=2)),
    (reference.Multi, MultiMatch(clock="epoch", supervised_losses="mean", difficult_weight=2.0)),
]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("exclusive", [True, False], ids=["exclusive", "any of"])
@pytest.mark.parametrize(("kind", "algorithm"), VARIANTS)
def test_every_step_is_that_of_the_slow_loops(kind, algorithm, exclusive, seed):
    if algorithm.extra_labels and not exclusive:
        pytest.skip("an erroneous class wants labels that exclude each other")
    slow = Reference(kind, algorithm, pool=20, labels=3, exclusive=exclusive)
    state = algorithm.init(20, 3, exclusive=exclusive)
    for given in steps(algorithm, exclusive=exclusive, seed=seed, number=20):
        losses, state = algorithm.step(state, given)
        expected = slow.step(given)
        found = {name: losses.report[name] for name in expected if name != "total"}
        assert found | {"total": losses.total.item()} == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_the_runs_compared_are_not_all_alike():
    """Masks let some rows in and keep others out, cutoffs move, and variants differ from the defaults."""
    totals = set()
    for _, algorithm in VARIANTS:
        state, reports = algorithm.init(20, 3, exclusive=True), []
        for given in steps(algorithm, exclusive=True, number=20):
            losses, state = algorithm.step(state, given)
            reports.append(losses.report | {"total": losses.total.item()})
        assert any(0 < report["sure"] < 1 for report in reports)
        totals.add(tuple(report["total"] for report in reports))
    assert len(totals) == len(VARIANTS)

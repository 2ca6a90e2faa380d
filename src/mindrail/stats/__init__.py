"""How sure a number is: intervals, comparisons, and how much data would settle a question."""

from mindrail.stats.bootstrap import bootstrap, bootstrap_over_seeds, resamples
from mindrail.stats.compare import Comparison, compare, swap_test
from mindrail.stats.exact import McNemar, holm, mcnemar
from mindrail.stats.groups import clusters
from mindrail.stats.intervals import Interval, Spread, clopper_pearson, over_seeds, wilson
from mindrail.stats.measure import Measure, Output, measure
from mindrail.stats.verdict import Verdict, judge, judge_all

__all__ = [
    "Comparison",
    "Interval",
    "McNemar",
    "Measure",
    "Output",
    "Spread",
    "Verdict",
    "bootstrap",
    "bootstrap_over_seeds",
    "clopper_pearson",
    "clusters",
    "compare",
    "holm",
    "judge",
    "judge_all",
    "mcnemar",
    "measure",
    "over_seeds",
    "resamples",
    "swap_test",
    "wilson",
]

"""What a comparison means in words: better, no different, or how much more data it would take."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isnan
from statistics import NormalDist
from typing import Literal

from mindrail.stats.compare import Comparison
from mindrail.stats.exact import holm

#: on a scale from 0 to 1, smaller differences interest nobody who has not said so
_NEGLIGIBLE = 0.01


@dataclass(frozen=True)
class Verdict:
    """The answer, as a code and a sentence, and how much more data would settle it where that is known."""

    kind: Literal["a_better", "b_better", "no_difference", "not_enough_data"]
    sentence: str
    more_rows: int | None = None
    more_positives: int | None = None


def judge(
    comparison: Comparison,
    *,
    p: float | None = None,
    interesting: float | None = None,
    power: float = 0.8,
) -> Verdict:
    """Which is better, if either.

    Better: the interval excludes 0 and `p` (the comparison's own, or one adjusted by `holm`) is at most
    1 - confidence. No difference: the interval lies within plus and minus `interesting`, the smallest
    difference worth having (0.01 where not given). Else not enough data, with the rows that would settle it
    with that power, if errors shrink with the root of the rows: enough to tell the observed difference from
    0 or from `interesting`, whichever is easier, and where it was given at least enough to show that.
    """
    found = comparison.difference
    chance = comparison.p if p is None else p
    if isnan(found.low) or isnan(chance):
        return Verdict("not_enough_data", f"not enough data: {comparison.metric} is undefined on these rows")
    if chance <= 1 - found.confidence and not found.low <= 0 <= found.high:
        first = (found.value > 0) == (comparison.better == "higher")
        sentence = f"{'AB'[not first]} better: {comparison.metric} differs by {abs(found.value):.3f}"
        return Verdict("a_better" if first else "b_better", sentence)
    bound = max(abs(found.low), abs(found.high))
    if bound <= (_NEGLIGIBLE if interesting is None else interesting):
        return Verdict("no_difference", f"no difference larger than {bound:.3f}")
    return _too_few(comparison, _target(abs(found.value), interesting), power)


def judge_all(
    comparisons: Sequence[Comparison], *, interesting: float | None = None, power: float = 0.8
) -> list[Verdict]:
    """`judge` for many comparisons at once, their p-values adjusted by `holm`."""
    adjusted = holm([comparison.p for comparison in comparisons])
    return [
        judge(comparison, p=p, interesting=interesting, power=power)
        for comparison, p in zip(comparisons, adjusted, strict=True)
    ]


def _target(observed: float, interesting: float | None) -> float:
    """The difference that more data should tell from 0."""
    if interesting is None:
        return max(observed, _NEGLIGIBLE - observed)
    return min(interesting, max(observed, interesting - observed))


def _too_few(comparison: Comparison, target: float, power: float) -> Verdict:
    """How much more data would show `target`."""
    normal = NormalDist()
    errors = normal.inv_cdf((1 + comparison.difference.confidence) / 2) + normal.inv_cdf(power)
    left = (target / errors) ** 2 - comparison.seeds_error**2
    if left <= 0:
        return Verdict("not_enough_data", "not enough data: the seeds differ too much; train more of them")
    more = max(1, ceil(comparison.rows * (comparison.rows_error**2 / left - 1)))
    positives = comparison.positives
    more_positives = None if positives is None else max(1, round(more * positives / comparison.rows))
    of_them = "" if more_positives is None else f" ({_about(more_positives)} of them positive)"
    sentence = (
        f"not enough data: about {_about(more)} more rows{of_them} needed to show a difference of "
        f"{target:.3f} with {power:.0%} power"
    )
    return Verdict("not_enough_data", sentence, more, more_positives)


def _about(count: int) -> str:
    """Two digits are all that such an estimate is good for."""
    return f"{count:.2g}" if count < 100 else str(round(count, 2 - len(str(count))))

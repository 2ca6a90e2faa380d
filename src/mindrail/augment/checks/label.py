"""Does the label survive? Told by a judge: a guard or a run that answers the same question."""

from collections.abc import Sequence
from dataclasses import dataclass

from mindrail.augment.checks._base import Candidate, Finding
from mindrail.augment.judge import Judge

#: why a view is rejected: what was dangerous no longer is, or the reverse
SOFTENED, SHARPENED = "softened", "sharpened"


@dataclass(frozen=True)
class Label:
    """Refuses a view that the judge sees on the other side of danger than the text.

    Where the true answer is known, only leaving the true side is refused: a judge that was wrong about the
    text already says nothing about its views.
    """

    judge: Judge
    name: str = "label"

    def find(self, candidates: Sequence[Candidate]) -> list[Finding]:
        """The judged danger of both is kept, as `danger_before` and `danger`."""
        originals = {one.original.id: one.original for one in candidates}
        before = dict(zip(originals, self.judge.danger(list(originals.values())), strict=True))
        after = self.judge.danger([one.view for one in candidates])
        return [
            self._finding(one, float(before[one.original.id]), float(now))
            for one, now in zip(candidates, after, strict=True)
        ]

    def _finding(self, one: Candidate, before: float, now: float) -> Finding:
        passed = survives(before, now, self.judge.truth(one.original))
        reason = SOFTENED if now < before else SHARPENED
        return Finding(passed, reason, {"danger_before": round(before, 4), "danger": round(now, 4)})


def survives(before: float, now: float, truth: bool | None) -> bool:
    """Whether a text of that danger, whose true answer is stopped or not (or unknown), kept its side as a view.

    >>> survives(0.9, 0.2, None), survives(0.9, 0.2, truth=False), survives(0.2, 0.9, truth=False)
    (False, True, False)
    """
    crossed = (before >= 0.5) != (now >= 0.5)
    return not crossed or (truth is not None and (now >= 0.5) == truth)

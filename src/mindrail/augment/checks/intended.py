"""Does a variant have the label that it was asked to have? Told by a judge."""

from collections.abc import Sequence
from dataclasses import dataclass

from mindrail.augment.checks._base import Candidate, Finding
from mindrail.augment.judge import Judge

#: why a variant is rejected: the judge sees it on the other side of danger than was asked for
OFF_LABEL = "off_label"


@dataclass(frozen=True)
class Intended:
    """Refuses a variant that the judge sees on another side of danger than its label says. Candidates carry the
    label that was asked for as the answer of their original; one without an answer to the judge's question passes.
    """

    judge: Judge
    name: str = OFF_LABEL

    def find(self, candidates: Sequence[Candidate]) -> list[Finding]:
        """The judged danger is kept, as `danger`."""
        danger = self.judge.danger([one.view for one in candidates])
        return [
            self._finding(self.judge.truth(one.original), float(now))
            for one, now in zip(candidates, danger, strict=True)
        ]

    def _finding(self, asked: bool | None, now: float) -> Finding:
        if asked is None:
            return Finding(True)
        return Finding((now >= 0.5) == asked, facts={"danger": round(now, 4)})

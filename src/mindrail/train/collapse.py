"""Signs that learning from unlabelled texts goes wrong, read from what the steps report.

Two of them end a run: one label takes over among the pseudo-labels, or the dev part falls clearly under what the
labels alone reach. A third is told afterwards: the model was never sure, so the unlabelled texts taught nothing.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from mindrail.train.progress import Stepped

#: Steps with pseudo-labels that are looked at together.
WINDOW = 30
#: A side of the pseudo-labels has collapsed when less than this part of its share among the labels is left.
LEFT = 0.1
#: How far the dev part may fall under the supervised twin, in the metric's unit, twice in a row.
FALL = 0.05
#: Share of pseudo-labels that counted, over the last half of a run, from which on they taught something.
TAUGHT = 0.01


@dataclass
class Watch:
    """Looks at every step. `prior` holds each label's share among the labelled texts, `twin` the dev part's value
    after learning from the labels alone."""

    prior: Sequence[float]
    twin: float | None
    _shares: deque[tuple[float, list[float]]] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _under: int = 0
    _sure: list[float] = field(default_factory=list)

    def see(self, stepped: Stepped) -> str | None:
        """Why the run should end now, or None."""
        report = stepped.report
        if "sure" not in report:
            return None
        self._sure.append(report["sure"])
        if report["sure"] > 0:
            self._shares.append(
                (report["sure"], [report[f"share/{label}"] for label in range(len(self.prior))])
            )
        return self._one_side(stepped) or self._fallen(stepped)

    def afterwards(self) -> str | None:
        """What should be known about a run that went to its end, or None."""
        late = self._sure[len(self._sure) // 2 :]
        if late and sum(late) / len(late) < TAUGHT:
            return (
                f"the model was sure of {sum(late) / len(late):.1%} of the unlabelled texts only, so they taught "
                "next to nothing. Do: lower the threshold, or train longer"
            )
        return None

    def _one_side(self, stepped: Stepped) -> str | None:
        if len(self._shares) < WINDOW:
            return None
        weight = sum(sure for sure, _ in self._shares)
        for label, prior in enumerate(self.prior):
            share = sum(sure * shares[label] for sure, shares in self._shares) / weight
            if 1 - share < LEFT * (1 - prior):
                return (
                    f"at step {stepped.step} label {label} had {share:.1%} of the pseudo-labels, and {prior:.1%} "
                    "of the labels"
                )
        return None

    def _fallen(self, stepped: Stepped) -> str | None:
        if stepped.dev is None or self.twin is None:
            return None
        self._under = self._under + 1 if stepped.dev < self.twin - FALL else 0
        if self._under >= 2 and stepped.step > stepped.steps // 3:
            return (
                f"at step {stepped.step} the dev part was at {stepped.dev:.3f}, where the labels alone reach "
                f"{self.twin:.3f}"
            )
        return None

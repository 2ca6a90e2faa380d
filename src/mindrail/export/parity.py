"""Does the smaller model decide like the larger one? The gate that 8-bit weights have to pass.

Both models score the user's own texts and get thresholds of their own from the same labelled dev rows. The
candidate passes when at least `AGREEMENT` of all decisions are the same, and no label's recall on dev
drops by more than `DROP` beyond what chance explains.
"""

from dataclasses import dataclass

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.calibrate.decide import decide, flagged
from mindrail.calibrate.policy import Calibration, events
from mindrail.records import Targets
from mindrail.stats.bootstrap import bootstrap
from mindrail.stats.groups import Groups
from mindrail.taxonomy import Axis

#: smallest share of equal decisions; largest loss of recall, beyond the interval
AGREEMENT, DROP = 0.99, 0.005


@dataclass(frozen=True)
class RecallChange:
    """Recall of one event on dev: candidate minus original, with a 95 % paired bootstrap interval."""

    event: str
    positives: int
    change: float
    low: float
    high: float

    @property
    def passed(self) -> bool:
        """Whether the data leave room for a drop of at most DROP."""
        return self.high >= -DROP


@dataclass(frozen=True)
class Parity:
    """What the gate saw. `largest` and `typical` are differences of raw scores (maximum, mean)."""

    name: str
    texts: int
    agreement: float
    recalls: tuple[RecallChange, ...]
    largest: float
    typical: float

    @property
    def passed(self) -> bool:
        """Whether the candidate may ship."""
        return self.agreement >= AGREEMENT and all(recall.passed for recall in self.recalls)

    def sentence(self) -> str:
        """One line for people."""
        drops = ", ".join(f"recall of {r.event} {100 * r.change:+.1f} points" for r in self.recalls)
        verdict = "passes" if self.passed else "does not pass"
        return f"{self.name} {verdict}: {100 * self.agreement:.2f} % of {self.texts} decisions agree, {drops}"


@dataclass(frozen=True)
class Side:
    """One model: raw scores on all texts, and the calibration fitted to its own dev scores."""

    scores: Float[ndarray, "n k"]
    calibration: Calibration


def compare(
    name: str,
    axis: Axis,
    original: Side,
    candidate: Side,
    dev: slice,
    targets: Targets,
    groups: Groups,
    *,
    seed: int = 0,
) -> Parity:
    """Hold a candidate against the original. `dev` is where the labelled rows lie among the texts."""
    decided = [decide(axis, side.calibration, side.scores) for side in (original, candidate)]
    agreement = float(np.mean([a.decision == b.decision for a, b in zip(*decided, strict=True)]))
    stopped = [_stopped(axis, side, dev) for side in (original, candidate)]
    recalls = []
    for event in events(axis):
        truth = event.of(targets.values) & targets.known
        if truth.any():
            before, after = (side[event.name] for side in stopped)
            recalls.append(_recall(event.name, truth, before, after, groups, seed))
    apart = np.abs(candidate.scores - original.scores)
    return Parity(
        name, len(original.scores), agreement, tuple(recalls), float(apart.max()), float(apart.mean())
    )


def _stopped(axis: Axis, side: Side, dev: slice) -> dict[str, Bool[ndarray, " n"]]:
    """Which dev rows each event's own threshold stops."""
    return dict(flagged(axis, side.calibration, side.scores[dev]))


def _recall(
    name: str,
    truth: Bool[ndarray, " n"],
    before: Bool[ndarray, " n"],
    after: Bool[ndarray, " n"],
    groups: Groups,
    seed: int,
) -> RecallChange:
    rows = np.flatnonzero(truth)
    change = after[rows].astype(float) - before[rows].astype(float)
    own = None if groups is None else [groups[i] for i in rows.tolist()]
    spread = bootstrap(lambda drawn: float(change[drawn].mean()), len(rows), own, seed)
    return RecallChange(name, len(rows), spread.value, spread.low, spread.high)

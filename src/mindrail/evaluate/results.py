"""What an evaluation found, as plain values: all that the page, the card and the JSON show.

Every class here survives `config.plain`, JSON and `config.build` unchanged. None: these rows cannot say.
No text of any message is kept, only ids and lengths.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mindrail.taxonomy.axis import Axis, Verdict

Kept = Literal["held", "not contradicted", "contradicted", "not tested", "no promise"]


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; `dropped` counts the resamples in which it was undefined."""

    value: float | None
    low: float | None
    high: float | None
    dropped: int = 0


@dataclass(frozen=True)
class Rates:
    """How good one way of flagging an event is."""

    precision: Estimate
    recall: Estimate
    f1: Estimate
    false_positive_rate: Estimate


@dataclass(frozen=True)
class Ranking:
    """How good an event's probabilities are, whatever the thresholds."""

    auroc: Estimate
    auprc: Estimate
    fpr_at_90_tpr: Estimate
    fpr_at_95_tpr: Estimate
    ece: Estimate
    brier: Estimate


@dataclass(frozen=True)
class Point:
    """One threshold of a precision-recall curve."""

    threshold: float
    recall: float
    precision: float


@dataclass(frozen=True)
class Bin:
    """Rows whose probability lies in [low, high): the mean that was said, the share that was seen."""

    low: float
    high: float
    rows: int
    said: float
    seen: Estimate


@dataclass(frozen=True)
class Choice:
    """What one threshold costs. `role` names a chosen one; counts are per 1,000 messages like these rows."""

    threshold: float
    role: str
    recall: Estimate
    precision: float | None
    false_positive_rate: Estimate
    stopped: float
    misses: float
    false_alarms: float


@dataclass(frozen=True)
class EventResult:
    """One event, its thresholds, and how well it is told.

    `flagged` is what reaches its lower threshold, `blocked` what reaches its block threshold (None: it has
    none), `neutral` what is likeliest, or for independent labels 0.5 or more. Curves and choices are of the
    first run.
    """

    name: str
    members: tuple[str, ...]
    positives: int
    negatives: int
    review: float | None
    block: float | None
    flagged: Rates
    blocked: Rates | None
    neutral: Rates
    ranking: Ranking
    curve: tuple[Point, ...]
    reliability: tuple[Bin, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class NodeResult:
    """One node of ordered labels, among the rows that come to it: `label` against all later ones."""

    label: str
    reached: int
    positives: int
    said_yes: Rates
    auroc: Estimate


@dataclass(frozen=True)
class Picked:
    """How good picked labels are, over all labels; micro F1 only where labels are independent."""

    accuracy: Estimate
    macro_f1: Estimate
    weighted_f1: Estimate
    micro_f1: Estimate | None


@dataclass(frozen=True)
class AxisResult:
    """All labels at once: as `decided`, and at the `neutral` threshold."""

    decided: Picked
    neutral: Picked
    ece: Estimate
    brier: Estimate


@dataclass(frozen=True)
class Whole:
    """The decision as a whole: `event` is "should be stopped", flagged is whatever was not allowed."""

    event: str
    positives: int
    negatives: int
    stopped: Rates


@dataclass(frozen=True)
class Outcome:
    """What was done with the messages of one label."""

    label: str
    allow: int
    review: int
    block: int


@dataclass(frozen=True)
class Confusion:
    """Counts by truth (rows) and decided label (columns): all labels, or `of` one independent label."""

    of: str
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Slice:
    """The decision as a whole on a part of the rows. None: too few positives, or too few negatives."""

    by: str
    value: str
    rows: int
    positives: int
    recall: Estimate | None
    false_positive_rate: Estimate | None
    f1: Estimate | None


@dataclass(frozen=True)
class Mistake:
    """One row that was judged wrongly. `length` is that of the judged turn in characters."""

    id: str
    length: int
    truth: tuple[str, ...]
    decision: Verdict
    label: str
    probability: float


@dataclass(frozen=True)
class Mistakes:
    """How many there were, and the worst of them."""

    missed: int
    false_alarms: int
    worst_missed: tuple[Mistake, ...]
    worst_false_alarms: tuple[Mistake, ...]


@dataclass(frozen=True)
class PairResult:
    """Minimal pairs of one kind: false alarms on the side that talks, catches on the side at risk.

    `at_risk` counts the twins whose answer says that they should be stopped; `told_apart` is the share of
    complete pairs in which that twin is the likelier one.
    """

    kind: str
    talks: int
    at_risk: int
    pairs: int
    stopped: Estimate
    blocked: Estimate
    caught: Estimate
    told_apart: Estimate


@dataclass(frozen=True)
class Pairs:
    """All minimal pairs together, and by kind."""

    overall: PairResult
    kinds: tuple[PairResult, ...]


@dataclass(frozen=True)
class PromiseCheck:
    """A promise beside what these rows show. `caught` of `positives` reach its threshold.

    `stopped` of them were stopped, for whatever reason; the promise speaks of these, but is tested on those.

    "not contradicted": fewer were caught than promised, but so few rows could show that by chance.
    """

    sentence: str
    verdict: Kept
    event: str | None = None
    recall: float | None = None
    threshold: float | None = None
    counted: str = "messages"
    positives: int = 0
    caught: int = 0
    stopped: int = 0
    observed: Estimate | None = None


@dataclass(frozen=True)
class Headline:
    """The few numbers that come first.

    `recall` is the share of `event` that was stopped, for whatever reason; `f1` and `false_alarms` are of the
    decision as a whole; `blocked_f1` is of the event's own block threshold.
    """

    rule: tuple[str, ...]
    event: str
    f1: Estimate
    recall: Estimate
    false_alarms: Estimate
    blocked_f1: Estimate | None


@dataclass(frozen=True)
class Evaluation:
    """Everything that was measured. With several runs, intervals join the luck of rows and of training."""

    name: str
    axis: Axis
    made_from: Mapping[str, Any]
    rows: int
    unanswered: int
    groups: int
    runs: int
    rounds: int
    seed: int
    headline: Headline
    whole: Whole
    all_labels: AxisResult
    events: tuple[EventResult, ...]
    outcomes: tuple[Outcome, ...]
    confusions: tuple[Confusion, ...]
    slices: tuple[Slice, ...]
    mistakes: Mistakes
    pairs: Pairs | None
    promises: tuple[PromiseCheck, ...]
    warnings: tuple[str, ...]
    nodes: tuple[NodeResult, ...] = ()

    def event(self, name: str) -> EventResult:
        """The result of one event. Raises KeyError for one it does not have."""
        return {event.name: event for event in self.events}[name]

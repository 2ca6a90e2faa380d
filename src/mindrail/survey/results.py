"""What a survey found, as plain values: all that the page and the JSON show. Ids and numbers, never words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mindrail.survey.drift import Drift
from mindrail.survey.periods import Unit
from mindrail.survey.pick import Row
from mindrail.survey.prevalence import Prevalence
from mindrail.survey.shares import Share


@dataclass(frozen=True)
class Part:
    """The rows of a period or source, and how many were stopped, in all and each way."""

    name: str
    stopped: Share
    review: Share
    block: Share


@dataclass(frozen=True)
class OverTime:
    """Parts of equal length, named by their start (UTC); `outside`: rows without a time, or far from all others."""

    unit: Unit
    parts: tuple[Part, ...]
    outside: int


@dataclass(frozen=True)
class Correction:
    """What the guard raised alarms about, how often, and how often it is true.

    `of` names the event; it is empty for stopping at all, for whatever reason.
    """

    of: str
    title: str
    alarms: Share
    true: Prevalence
    sensitivity: float | None = None
    specificity: float | None = None


@dataclass(frozen=True)
class Picked:
    """A row, and the number it was picked by."""

    row: Row
    by: float


@dataclass(frozen=True)
class Novel:
    """The rows most unlike what the guard was made with, among `looked_at` rows drawn at random (or all)."""

    rows: tuple[Picked, ...]
    looked_at: int
    known: int


@dataclass(frozen=True)
class Unread:
    """Rows that were not read whole: `codes` counts those that were sent to review for it."""

    partly: int
    codes: Mapping[str, int]


@dataclass(frozen=True)
class BadRows:
    """Rows that could not be judged, by code; the first of them as they stand in `bad.jsonl`."""

    codes: Mapping[str, int]
    first: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Survey:
    """Everything. None: it was not asked for, or nothing is known; `notes` say what must not be overlooked."""

    guard: str
    axis: str
    rows: int
    groups: int | None  # about; None where every row stands alone
    context: int
    decisions: Mapping[str, Share]
    labels: Mapping[str, Share]
    corrections: tuple[Correction, ...]
    errors_from: str
    over_time: OverTime | None
    sources: tuple[Part, ...]
    more_sources: int
    drifts: tuple[Drift, ...]
    adjusted: tuple[float | None, ...]
    no_drift: str
    uncertain: tuple[Picked, ...]
    novel: Novel | None
    no_novelty: str
    unread: Unread
    bad: BadRows
    notes: tuple[str, ...]
    made_from: Mapping[str, Any]

"""What turns scores into decisions: scaling, thresholds, and the promise they were fitted to.

Serving imports this file, so it needs numpy and nothing that fits.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Literal

import numpy as np

from mindrail import config
from mindrail.arrays import Float, log_softmax, ndarray
from mindrail.errors import BadConfig, WrongTaxonomy
from mindrail.taxonomy.axis import Axis, Event

Method = Literal["none", "temperature", "vector"]
Counted = Literal["messages", "groups"]


@dataclass(frozen=True)
class Scaling:
    """Raw scores to calibrated ones: `weights * scores + bias`, one weight (> 0) and bias per label.

    Where labels exclude each other the scores are first brought to log-probabilities, so that a constant
    added to every score of a row changes nothing.
    """

    kind: Method
    weights: tuple[float, ...]
    bias: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.weights) != len(self.bias):
            raise ValueError(f"scaling has {len(self.weights)} weights and {len(self.bias)} biases")
        if not all(math.isfinite(value) for value in (*self.weights, *self.bias)):
            raise ValueError("scaling holds NaN or infinity")
        if not all(weight > 0 for weight in self.weights):
            raise ValueError("scaling holds a weight that is not positive; it would turn the order around")

    @classmethod
    def none(cls, labels: int) -> "Scaling":
        """Leave the scores as they are."""
        return cls("none", (1.0,) * labels, (0.0,) * labels)

    def apply(self, axis: Axis, scores: Float[ndarray, "n k"]) -> Float[ndarray, "n k"]:
        """Scaled scores, in double precision; `axis.probabilities` makes probabilities of them."""
        exact = np.ascontiguousarray(scores, dtype=np.float64)
        base = log_softmax(exact) if axis.exclusive else exact
        scaled: ndarray = base * np.array(self.weights) + np.array(self.bias)
        return scaled


@dataclass(frozen=True)
class Threshold:
    """From which probability an event is reviewed, and from which it is blocked; None: not at all.

    `block` counts only for events whose own decision is `block`.
    """

    event: str
    review: float | None = None
    block: float | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.review, self.block) if value is not None]
        if not given:
            raise ValueError(f"event '{self.event}' has no threshold, so it would be allowed in silence")
        if not all(0.0 <= value <= 1.0 for value in given):
            raise ValueError(f"event '{self.event}': found thresholds {given}, expected values in [0, 1]")
        if given != sorted(given):
            raise ValueError(f"event '{self.event}': review {self.review} lies above block {self.block}")

    @property
    def stop(self) -> float:
        """The lower of the two: from here on the event is not simply allowed."""
        lowest = self.review if self.review is not None else self.block
        assert lowest is not None
        return lowest


@dataclass(frozen=True)
class Promise:
    """ "Recall of `event` is at least `recall`, with `confidence`, on data like the calibration data".

    It holds for messages that could have been drawn in place of the calibration rows (exchangeable), as
    long as those rows chose neither the model nor its training. `threshold` is the highest that keeps it;
    any lower one keeps it too. `positives` are the positives (or, where `counted` says so, the groups) it
    rests on, `misses_allowed` how many of them may lie under the threshold. With `next` it is about the
    share found among the next that many positives, else about the share in the long run.
    """

    event: str
    recall: float
    confidence: float
    threshold: float
    positives: int
    misses_allowed: int
    next: int | None = None
    counted: Counted = "messages"

    def __post_init__(self) -> None:
        if not (0.0 < self.recall < 1.0 and 0.0 < self.confidence < 1.0):
            raise ValueError(f"promised recall {self.recall} at confidence {self.confidence}: not in (0, 1)")
        if not 0.0 <= self.threshold <= 1.0:
            raise ValueError(f"the promise's threshold {self.threshold} is not in [0, 1]")
        if not 0 <= self.misses_allowed < self.positives:
            raise ValueError(f"the promise allows {self.misses_allowed} misses of {self.positives} positives")
        if self.next is not None and self.next < 1:
            raise ValueError(f"the promise is about the next {self.next} positives, expected 1 or more")

    def __str__(self) -> str:
        among = f"the next {self.next} {self.counted}" if self.next else f"all {self.counted}"
        return (
            f"of {among} that are '{self.event}', at least {self.recall:.1%} are stopped, with "
            f"{self.confidence:.1%} confidence, on data like the {self.positives} it was fitted on"
        )


@dataclass(frozen=True)
class Calibration:
    """How one guard reads its own scores on one axis. Without a promise, `no_promise` says why.

    Text of which less than `coverage_floor` (a share in [0, 1]) was read is never simply allowed.
    `fitted_on` holds `rows`, `positives` per event and `data`, the hash of what it was fitted on.
    """

    axis_digest: str
    scaling: Scaling
    thresholds: tuple[Threshold, ...]
    promise: Promise | None = None
    no_promise: str = ""
    coverage_floor: float = 0.8
    fitted_on: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        named = [threshold.event for threshold in self.thresholds]
        if len(set(named)) != len(named):
            raise ValueError(f"an event has two thresholds: {', '.join(named)}")
        if not 0.0 <= self.coverage_floor <= 1.0:
            raise ValueError(f"coverage floor {self.coverage_floor} is not in [0, 1]")
        if (self.promise is None) != bool(self.no_promise):
            raise ValueError("a calibration holds either a promise or the reason why there is none")
        if self.promise is not None:
            stop = self.threshold(self.promise.event).stop
            if stop > self.promise.threshold:
                raise ValueError(
                    f"stopping at {stop} does not keep the promise made at {self.promise.threshold}"
                )

    def threshold(self, event: str) -> Threshold:
        """The thresholds of one event. Raises ValueError for an event it does not have."""
        for threshold in self.thresholds:
            if threshold.event == event:
                return threshold
        raise ValueError(f"no threshold for event '{event}'")

    def check(self, axis: Axis) -> None:
        """Raise WrongTaxonomy or ValueError unless this calibration answers to `axis`, event by event."""
        if axis.digest != self.axis_digest:
            raise WrongTaxonomy(
                f"the calibration was fitted to wording {self.axis_digest}, expected that of axis "
                f"'{axis.name}' ({axis.digest}). Do: calibrate again with the present taxonomy"
            )
        if len(self.scaling.weights) != len(axis.names):
            raise ValueError(f"scaling for {len(self.scaling.weights)} labels, axis has {len(axis.names)}")
        for event in axis.events:
            self.threshold(event.name)
        known = {event.name for event in events(axis)}
        for threshold in self.thresholds:
            if threshold.event not in known:
                raise ValueError(f"threshold for event '{threshold.event}', which axis '{axis.name}' lacks")

    def probabilities(self, axis: Axis, scores: Float[ndarray, "n k"]) -> Float[ndarray, "n k"]:
        """Calibrated probabilities per label. Raises ValueError for NaN, infinity or a wrong shape."""
        self.check(axis)
        if scores.ndim != 2 or scores.shape[1] != len(axis.names):
            raise ValueError(f"scores have shape {scores.shape}, expected (rows, {len(axis.names)})")
        if not np.isfinite(scores).all():
            raise ValueError("scores hold NaN or infinity; a decision from them would be 'safe' by accident")
        probabilities = axis.probabilities(self.scaling.apply(axis, scores))
        if not np.isfinite(probabilities).all():
            raise ValueError("scores are too large to become probabilities")
        return probabilities

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        value: dict[str, Any] = config.plain(self)
        return value

    @classmethod
    def from_dict(cls, value: Any) -> "Calibration":
        """The reverse. Raises ValueError for anything that `to_dict` could not have written."""
        if not isinstance(value, Mapping):
            raise ValueError(f"calibration: found {type(value).__name__}, expected an object")
        try:
            return config.build(cls, value, where="calibration")
        except BadConfig as error:
            raise ValueError(str(error)) from None


def events(axis: Axis) -> tuple[Event, ...]:
    """What thresholds are set on: the axis' events, and over several independent labels also `any`."""
    if axis.exclusive or len(axis.events) < 2 or axis.events[-1].name == "any":
        return axis.events
    members = tuple(i for event in axis.events for i in event.members)
    return (*axis.events, Event("any", members, "review"))


def chances(axis: Axis, probabilities: Float[ndarray, "n k"]) -> dict[str, Float[ndarray, " n"]]:
    """The probability of each event, by its name.

    Labels that exclude each other add up. Independent labels do not: `any` is as likely as the likeliest.
    Column by column, so that a row gets the same bits alone and in a crowd.
    """
    join = np.add if axis.exclusive else np.maximum
    return {
        event.name: np.minimum(reduce(join, (probabilities[:, i] for i in event.members)), 1.0)
        for event in events(axis)
    }

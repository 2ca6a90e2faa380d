"""How numbers are written and what they mean: the same words on the page, in the card and on a terminal."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from mindrail.evaluate.results import Estimate, EventResult, Kept
from mindrail.taxonomy.axis import Axis

UNDEFINED = "—"
TOO_FEW = "too few"
#: rows that none of several independent labels is true of
NO_LABEL = "no label"


@dataclass(frozen=True)
class Wording:
    """A metric's name for people and one sentence about it; `percent`: a share of messages."""

    title: str
    means: str
    percent: bool = False

    def value(self, found: Estimate) -> str:
        """The number alone."""
        return share(found.value) if self.percent else score(found.value)

    def interval(self, found: Estimate) -> str:
        """Its interval, `a to b`."""
        if found.low is None:
            return UNDEFINED
        write = share if self.percent else score
        return f"{write(found.low)} to {write(found.high)}"

    def full(self, found: Estimate | None) -> str:
        """Number and interval."""
        if found is None or found.value is None:
            return UNDEFINED
        return f"{self.value(found)} ({self.interval(found)})"


#: `{event}` is filled in by `means`
METRICS = {
    "precision": Wording("Precision", "Of the flagged messages, the share that truly are {event}.", True),
    "recall": Wording(
        "Recall", "Of the messages that are {event}, the share that is flagged; others are missed.", True
    ),
    "f1": Wording("F1", "Precision and recall in one number (harmonic mean): 1 is perfect, 0 is useless."),
    "false_positive_rate": Wording(
        "False alarms", "Of the messages that are not {event}, the share that is flagged all the same.", True
    ),
    "auroc": Wording(
        "AUROC",
        "How often a message that is {event} gets a higher probability than one that is not; 0.5 is a coin.",
    ),
    "auprc": Wording(
        "AUPRC",
        "Average precision over all thresholds; guessing gives the share of messages that are {event}.",
    ),
    "fpr_at_90_tpr": Wording("False alarms at 90% recall", "What catching 90% of {event} would cost.", True),
    "fpr_at_95_tpr": Wording("False alarms at 95% recall", "What catching 95% of {event} would cost.", True),
    "ece": Wording(
        "Calibration error", "How far stated probabilities are from what happens, on average; 0 is honest."
    ),
    "brier": Wording("Brier score", "Mean squared error of the probability; 0 is perfect."),
    "accuracy": Wording("Accuracy", "The share of messages whose labels are all right.", True),
    "macro_f1": Wording("Macro F1", "The mean F1 of all labels, rare ones as heavy as common ones."),
    "weighted_f1": Wording("Weighted F1", "The mean F1 of all labels, each as heavy as it is common."),
    "micro_f1": Wording("Micro F1", "F1 over all messages and labels in one heap."),
}

VERDICTS: dict[Kept, str] = {
    "held": "Held: on the test messages at least as many were caught as promised.",
    "not contradicted": "Not contradicted: fewer were caught than promised, but chance can explain it.",
    "contradicted": "Contradicted: too few were caught for chance to explain it. Do not rely on the promise.",
    "not tested": "Not tested: no test message is of this kind.",
    "no promise": "There is no promise to test.",
}


def means(name: str, event: str = "") -> str:
    """The sentence about a metric of `event`."""
    return METRICS[name].means.format(event=event)


def score(value: float | None) -> str:
    """A number between 0 and 1, with three decimals; as many as it takes where it is tiny."""
    if value is None:
        return UNDEFINED
    return f"{value:.3f}" if value >= 0.01 or value == 0 else f"{value:.2g}"


def share(value: float | None) -> str:
    """A share of messages, in percent."""
    return UNDEFINED if value is None else f"{value:.1%}"


def event_title(axis: Axis, name: str) -> str:
    """An event as it reads in a sentence; `any` is explained once, by `any_means`.

    >>> from mindrail.taxonomy import load
    >>> event_title(load("emotional-risk").axis(), "borderline")
    "'borderline' or worse"
    """
    if name == "any" and name not in axis.names:
        return "'any'"
    worse = axis.kind == "scale" and axis.names.index(name) < len(axis.names) - 1
    return f"'{name}' or worse" if worse else f"'{name}'"


def any_means(axis: Axis) -> str:
    """What the event `any` stands for; empty for axes without it."""
    if axis.kind == "scale" or sum(axis.stopped) < 2:
        return ""
    named = ", ".join(f"'{label.name}'" for label in axis.labels if label.decision != "allow")
    return f"'any' means: at least one of {named}."


def rule(axis: Axis, results: Sequence[EventResult]) -> tuple[str, ...]:
    """The thresholds as one sentence for each event."""
    told = []
    for result in results:
        limits = [("block", result.block), ("review", result.review)]
        given = [f"{verdict} from probability {score(at)}" for verdict, at in limits if at is not None]
        told.append(f"{event_title(axis, result.name)}: {', '.join(given)}.")
    return (*told, "Anything else: allow.")


def wide(words: str) -> int:
    """How many columns a text takes, Chinese characters two each."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in words)


def short(words: str, most: int) -> str:
    """The text, cut to so many columns."""
    while wide(words) > most:
        words = words.removesuffix("…")[:-1] + "…"
    return words

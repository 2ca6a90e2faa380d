"""Results as tables: one small function each, used by the report and by the card."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from mindrail.evaluate import words
from mindrail.evaluate.document import Table
from mindrail.evaluate.results import (
    AxisResult,
    Choice,
    Confusion,
    Evaluation,
    EventResult,
    Mistake,
    Outcome,
    PairResult,
    PromiseCheck,
    Rates,
    Slice,
)
from mindrail.evaluate.words import METRICS, TOO_FEW, UNDEFINED, event_title, score, share
from mindrail.taxonomy.axis import Axis

_VALUE = "Value (95% interval)"
_MEANS = "What it means"
_SHARE = METRICS["recall"]


def rates(caption: str, title: str, ways: Mapping[str, Rates]) -> Table:
    """Precision, recall, F1 and false alarms of one or more ways of flagging, by their names."""
    return Table(caption, ("Measure", *ways, _MEANS), _lines(_names(Rates), list(ways.values()), title))


def whole(found: Evaluation) -> Table:
    """The decision as a whole."""
    title = event_title(found.axis, found.whole.event)
    return rates(
        "Flagged here means stopped: reviewed or blocked, for whatever reason.",
        title,
        {_VALUE: found.whole.stopped},
    )


def event(title: str, result: EventResult) -> Table:
    """One event by every rule of flagging it."""
    blocked = {"Blocked": result.blocked} if result.blocked else {}
    ways = {"Flagged": result.flagged, **blocked, "Neutral threshold": result.neutral}
    caption = (
        "Flagged: its probability reaches its lower threshold. Blocked: the block threshold. Neutral: "
        "it is likeliest, or for independent labels 0.5 or more. With 95% intervals."
    )
    return rates(caption, title, ways)


def ranking(title: str, result: EventResult) -> Table:
    """The probabilities of one event."""
    rows = _lines(_names(result.ranking), [result.ranking], title)
    return Table("Whatever the threshold.", ("Measure", _VALUE, _MEANS), rows)


def choices(title: str, rows: Iterable[Choice]) -> Table:
    """What each threshold would cost."""
    head = (
        "Threshold",
        "Recall",
        "False alarms",
        "Precision",
        "Stopped",
        "Missed per 1,000",
        "False alarms per 1,000",
    )
    told = (
        (
            f"{score(row.threshold)}{f' ({row.role})' if row.role else ''}",
            METRICS["recall"].full(row.recall),
            METRICS["false_positive_rate"].full(row.false_positive_rate),
            share(row.precision),
            share(row.stopped),
            f"{row.misses:.1f}",
            f"{row.false_alarms:.1f}",
        )
        for row in rows
    )
    caption = (
        f"What each choice of a threshold for {title} costs. Counts are expected per 1,000 messages, if as "
        "many of them are of this kind as in the test messages."
    )
    return Table(caption, head, tuple(told))


def outcomes(rows: Iterable[Outcome]) -> Table:
    """What was done with the messages of each label."""
    told = (
        (row.label, str(total), *(_part(count, total) for count in (row.allow, row.review, row.block)))
        for row in rows
        for total in [row.allow + row.review + row.block]
    )
    head = ("Label", "Messages", "Allowed", "Reviewed", "Blocked")
    return Table("What was done with the messages of each label.", head, tuple(told))


def promises(axis: Axis, checks: Sequence[PromiseCheck]) -> Table | None:
    """Every run's promise beside what test rows say; None without any promise."""
    rows = tuple(
        (
            str(run),
            f"{share(check.recall)} of {event_title(axis, check.event)}",
            score(check.threshold),
            f"{check.caught} of {check.positives} {check.counted}",
            _SHARE.full(check.observed),
            str(check.stopped),
            check.verdict,
        )
        for run, check in enumerate(checks, start=1)
        if check.event is not None
    )
    head = (
        "Run",
        "Promised recall",
        "From probability",
        "Reach it on test",
        "Observed recall",
        "Stopped in all",
        "Verdict",
    )
    return (
        Table("The promise on test, with exact (Clopper–Pearson) 95% intervals.", head, rows)
        if rows
        else None
    )


def all_labels(found: AxisResult) -> Table:
    """All labels at once."""
    given = [name for name in _names(found.decided) if getattr(found.decided, name)]
    rows = _lines(given, [found.decided, found.neutral])
    head = ("Measure", "As decided", "Neutral threshold", _MEANS)
    return Table("All labels at once; with 95% intervals.", head, rows)


def honesty(found: AxisResult) -> Table:
    """The probabilities of all labels at once."""
    rows = _lines(("ece", "brier"), [found])
    caption = "Probabilities: of the likeliest label (calibration error), of every label (Brier score)."
    return Table(caption, ("Measure", _VALUE, _MEANS), rows)


def confusion(found: Confusion) -> Table:
    """Truth against decided label."""
    rows = ((name, *map(str, counts)) for name, counts in zip(found.labels, found.counts, strict=True))
    return Table("Rows are the truth, columns what was decided.", ("Truth", *found.labels), tuple(rows))


def two_by_two(found: Iterable[Confusion]) -> Table:
    """The four counts of each independent label."""
    rows = []
    for one in found:
        (quiet, alarms), (misses, hits) = one.counts
        rows.append((one.of, *map(str, (hits, misses, alarms, quiet))))
    head = ("Label", "Found", "Missed", "Wrongly given", "Rightly not given")
    return Table("How often each label was given.", head, tuple(rows))


def pairs(rows: Iterable[PairResult]) -> Table:
    """Minimal pairs by kind."""
    told = (
        (
            row.kind,
            str(row.talks),
            _SHARE.full(row.stopped),
            _SHARE.full(row.blocked),
            str(row.at_risk),
            _SHARE.full(row.caught),
            _SHARE.full(row.told_apart),
        )
        for row in rows
    )
    head = ("Kind", "Harmless", "Stopped", "Blocked", "At risk", "Caught", "Told apart")
    return Table("Minimal pairs by kind, with 95% (Wilson) intervals.", head, tuple(told))


def slices(by: str, rows: Iterable[Slice]) -> Table:
    """The decision as a whole on parts of the rows."""
    told = []
    for row in rows:
        parts = {"recall": row.recall, "false_positive_rate": row.false_positive_rate, "f1": row.f1}
        numbers = (METRICS[name].full(number) if number else TOO_FEW for name, number in parts.items())
        told.append((row.value, str(row.rows), str(row.positives), *numbers))
    head = (by.capitalize(), "Messages", "To be stopped", "Recall", "False alarms", "F1")
    return Table(f"By {by}.", head, tuple(told))


def mistakes(name: str, count: int, title: str, worst: Sequence[Mistake]) -> Table:
    """The worst of them, by id and length."""
    rows = (
        (
            row.id,
            str(row.length),
            ", ".join(row.truth) or words.NO_LABEL,
            row.decision,
            row.label,
            score(row.probability),
        )
        for row in worst
    )
    head = ("Id", "Characters", "Truth", "Decision", "Decided label", f"Probability of {title}")
    return Table(f"{len(worst)} of {count} {name}, the worst first.", head, tuple(rows))


def asked(axis: Axis) -> Table:
    """The labels in the words that people agreed on."""
    rows = (
        (label.name, label.means, "; ".join(label.does_not_count) or UNDEFINED, label.decision)
        for label in axis.labels
    )
    head = ("Label", "Means", "Does not count", "When sure")
    return Table(f"Axis '{axis.name}', wording {axis.digest}.", head, tuple(rows))


def origin(caption: str, facts: Mapping[str, Any]) -> Table:
    """Names and values as they are; nested values as JSON."""
    rows = (
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
        for name, value in facts.items()
    )
    return Table(caption, ("What", "Which"), tuple(rows))


def _lines(names: Sequence[str], of: Sequence[Any], title: str = "") -> tuple[tuple[str, ...], ...]:
    """Each metric's title, its number in every one of `of`, and what it means."""
    return tuple(
        (
            METRICS[name].title,
            *(METRICS[name].full(getattr(one, name)) for one in of),
            words.means(name, title),
        )
        for name in names
    )


def _names(of: Any) -> list[str]:
    return [field.name for field in fields(of)]


def _part(count: int, total: int) -> str:
    return f"{count} ({count / total:.0%})" if total else "0"

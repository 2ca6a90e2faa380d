"""What a survey found as tables: one small function each."""

from collections.abc import Mapping, Sequence

from mindrail.batch.bad import CODES
from mindrail.evaluate.document import Table
from mindrail.evaluate.results import Estimate
from mindrail.evaluate.words import UNDEFINED, score
from mindrail.survey.drift import Drift
from mindrail.survey.results import Correction, Part, Picked, Unread
from mindrail.survey.shares import Share

#: why the guard did not simply allow what it had not read
_CODES = {"low-coverage": "too little of it could be read", "unread": "too long to be read to its end"}
_COMPARED = {
    "words": "words, by a classifier: AUROC",
    "scores": "the guard's probabilities: largest distance of the distributions",
}


def percent(value: float | None) -> str:
    """A share in percent, tiny ones too."""
    if value is None:
        return UNDEFINED
    return f"{value:.1%}" if value >= 0.01 or value == 0 else f"{100 * value:.2g}%"


def interval(found: Estimate) -> str:
    """`a to b`."""
    return UNDEFINED if found.low is None else f"{percent(found.low)} to {percent(found.high)}"


def full(found: Estimate) -> str:
    """A share and its interval."""
    return percent(found.value) if found.low is None else f"{percent(found.value)} ({interval(found)})"


def shares(caption: str, of: str, found: Mapping[str, Share]) -> Table:
    """How many messages and what share."""
    rows = tuple((name, f"{one.hits:,}", full(one.share)) for name, one in found.items())
    return Table(caption, (of, "Messages", "Share (95% interval)"), rows)


def parts(of: str, found: Sequence[Part]) -> Table:
    """Periods or sources."""
    rows = tuple(
        (
            one.name,
            f"{one.stopped.rows:,}",
            full(one.stopped.share),
            full(one.review.share),
            full(one.block.share),
        )
        for one in found
    )
    return Table(
        f"By {of.lower()}, with 95% intervals.", (of, "Messages", "Stopped", "Reviewed", "Blocked"), rows
    )


def corrections(found: Sequence[Correction]) -> Table:
    """Alarms, and what they say about how common something is."""
    rows = tuple(
        (
            one.title if one.of else f"{one.title}: stopped, for whatever reason",
            full(one.alarms.share),
            UNDEFINED if one.sensitivity is None else percent(one.sensitivity),
            UNDEFINED if one.specificity is None else percent(1 - one.specificity),
            full(one.true.share) if one.true.share else f"not estimable: {one.true.why}",
        )
        for one in found
    )
    head = ("What", "Alarms here", "Caught on test", "False alarms on test", "Truly so (95% interval)")
    return Table("Alarms, the guard's known errors, and what is left without them.", head, rows)


def drifts(found: Sequence[Drift], adjusted: Sequence[float | None]) -> Table:
    """The two-sample tests."""
    rows = tuple(
        (
            _COMPARED[one.of],
            f"{one.scanned:,}",
            f"{one.reference:,}",
            f"{score(one.effect.value)} ({score(one.effect.low)} to {score(one.effect.high)})"
            if one.effect
            else one.why,
            UNDEFINED if one.p is None else f"{one.p:.2g}",
            UNDEFINED if p is None else f"{p:.2g}",
        )
        for one, p in zip(found, adjusted, strict=True)
    )
    head = ("Compared", "Scanned", "Reference", "How far apart (95% interval)", "p", "p, adjusted (Holm)")
    return Table("Two-sample tests by permutation of whole groups.", head, rows)


def picked(caption: str, by: str, found: Sequence[Picked]) -> Table:
    """Rows by id, and by where they stand if the id does not say so."""
    places = [f"{one.row.source}:{one.row.row}" for one in found]
    named = any(one.row.id != place for one, place in zip(found, places, strict=True))
    rows = tuple(
        (
            one.row.id,
            *((place,) if named else ()),
            one.row.decision,
            one.row.label,
            score(one.row.probability),
            score(one.by),
        )
        for one, place in zip(found, places, strict=True)
    )
    return Table(
        caption, ("Id", *(("Source and row",) if named else ()), "Decision", "Label", "Probability", by), rows
    )


def unread(found: Unread) -> Table:
    """What was sent to review because it was not read whole."""
    rows = tuple((code, f"{count:,}", _CODES[code]) for code, count in found.codes.items())
    return Table(
        "Sent to review although nothing was found in what was read.", ("Code", "Messages", "Why"), rows
    )


def bad(found: Mapping[str, int]) -> Table:
    """Bad rows by code."""
    rows = tuple((code, f"{count:,}", CODES.get(code, UNDEFINED)) for code, count in found.items())
    return Table(
        "Rows that could not be judged; bad.jsonl has each.", ("Code", "Rows", "What was found"), rows
    )

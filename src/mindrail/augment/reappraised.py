"""What is known about a set of reappraisals: yields, what a judge says, whether labels show in the style alone."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindrail import config, files
from mindrail.augment import style
from mindrail.augment.checks.intended import OFF_LABEL
from mindrail.augment.methods.reappraise import LEVEL
from mindrail.augment.shares import share
from mindrail.augment.store import Outcome
from mindrail.augment.words import REASONS
from mindrail.data.made import MODEL
from mindrail.evaluate import html, tables
from mindrail.evaluate.document import Block, Document, Notes, Section, Table, Text
from mindrail.evaluate.results import Estimate
from mindrail.evaluate.words import UNDEFINED, Wording
from mindrail.records import Example

_SHARE, _SCORE = Wording("", "", percent=True), Wording("", "")


@dataclass(frozen=True)
class Level:
    """The variants of one level, or of one set that people wrote.

    `agreed`: of those a judge saw, the share on the side that was asked for. `style` is the AUROC at which a linear
    model on characters tells variants from their posts, on so many `pairs`.
    """

    name: str
    wanted: int
    kept: int
    kept_share: Estimate
    reasons: Mapping[str, int]
    agreed: Estimate | None
    style: Estimate | None
    pairs: int


@dataclass(frozen=True)
class Report:
    """All that the page shows; counts only, no text."""

    origin: str
    judge: str
    levels: tuple[Level, ...]
    identity: Mapping[str, Any]
    made_from: Mapping[str, Any]


def measure(
    wanted: Sequence[Example], outcomes: Sequence[Outcome], *, probe: int, judged: bool
) -> tuple[Level, ...]:
    """The numbers of each level; one outcome for each wanted variant, in the same order."""
    both = list(zip(wanted, outcomes, strict=True))
    names = dict.fromkeys(map(_name, wanted))
    return tuple(
        _level(name, [pair for pair in both if _name(pair[0]) == name], probe, judged) for name in names
    )


def _name(wanted: Example) -> str:
    """The level, and the set where people wrote it."""
    origin = wanted.tags["origin"]
    return wanted.tags[LEVEL] if origin == MODEL else f"{wanted.tags[LEVEL]}, {origin}"


def _level(name: str, both: Sequence[tuple[Example, Outcome]], probe: int, judged: bool) -> Level:
    kept = [(one, outcome.views[0]) for one, outcome in both if outcome.views]
    reasons = Counter(lost.reason for _, outcome in both for lost in outcome.rejected)
    agreed = [(1, 1)] * sum("danger" in view.made_by for _, view in kept) + [(0, 1)] * reasons[OFF_LABEL]
    pairs = [(one.text, view.turns[one.focus].text) for one, view in kept][:probe]
    return Level(
        name,
        len(both),
        len(kept),
        share([(int(bool(outcome.views)), 1) for _, outcome in both]),
        dict(reasons.most_common()),
        share(agreed) if judged and agreed else None,
        style.probe(pairs),
        len(pairs),
    )


def write(found: Report, folder: Path) -> Path:
    """Write `report.json` and `report.html`; return the page."""
    data = config.plain(found)
    files.write_json(folder / "report.json", data)
    files.write_text(folder / "report.html", html.page(document(found), data))
    return folder / "report.html"


def document(found: Report) -> Document:
    """The whole page."""
    return Document(f"Reappraisals: {found.origin}", tuple(_top(found)), tuple(_sections(found)))


def _top(found: Report) -> Iterator[Block]:
    rows = tuple(
        (
            one.name,
            f"{one.wanted:,}",
            f"{one.kept:,}",
            _SHARE.full(one.kept_share),
            _SHARE.full(one.agreed) if one.agreed else "nobody judged",
            f"{_SCORE.full(one.style)} on {one.pairs:,} pairs" if one.style else f"too few ({one.pairs})",
        )
        for one in found.levels
    )
    head = ("Level asked for", "Wanted", "Kept", "Share kept", "Judge agrees", "Told by style (AUROC)")
    yield Table("Variants by level, with 95% intervals.", head, rows)
    if warnings := tuple(_warnings(found)):
        yield Notes("Read this first", warnings, grave=True)


def _warnings(found: Report) -> Iterator[str]:
    if not any(one.kept for one in found.levels):
        yield "Nothing was kept. There is nothing to learn from in this folder."
    if not found.judge:
        yield "No judge was given (--judge): labels are what was asked for; nobody has looked whether it was done."
    for one in found.levels:
        if one.style is not None and one.style.low is not None and one.style.low > 0.8:
            yield (
                f"The {one.name} variants are easy to tell from the posts they were made from. Where posts have "
                "another label, a learner can take style for the label: hold it against people's own texts."
            )


def _sections(found: Report) -> Iterator[Section]:
    rows = tuple(
        (one.name, reason, f"{count:,}", REASONS.get(reason, UNDEFINED))
        for one in found.levels
        for reason, count in one.reasons.items()
    )
    lost = Table("Texts of these are not kept.", ("Level", "Reason", "Variants", "What it means"), rows)
    yield Section("Why variants were rejected", (lost,) if rows else (Text("None was."),))
    yield Section("How this was made", (
        tables.origin("The method, with everything its texts depend on.", found.identity),
        tables.origin("What the set was made from.", found.made_from),
    ))  # fmt: skip
    yield Section("How to read this", (
        Text(
            "A variant's label is the one that was asked for. A judge trained on the same labels as the learner "
            "shares its mistakes; people who read fifty variants tell more."
        ),
        Text(
            "The test of style reads characters: 0.5 means that variants and posts cannot be told apart, 1 that they "
            "always can. A reappraisal says something else than its post, so some of this is meaning; compare it "
            "with the same number for reappraisals that people wrote."
        ),
    ))  # fmt: skip

"""A report on views in two forms that agree: a page for people, JSON for programs. Counts only, no text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mindrail import config, files
from mindrail.augment.results import Family, Quantiles, Report
from mindrail.augment.words import READING, REASONS
from mindrail.evaluate import figures, html, tables
from mindrail.evaluate.document import Block, Document, Fact, Facts, Figure, Notes, Section, Table, Text
from mindrail.evaluate.results import Estimate
from mindrail.evaluate.words import UNDEFINED, Wording

_SHARE, _SCORE = Wording("", "", percent=True), Wording("", "")


def write(found: Report, folder: Path) -> Path:
    """Write `report.json` and `report.html` (one file, no network, no script to run); return the page."""
    data = config.plain(found)
    files.write_json(folder / "report.json", data)
    files.write_text(folder / "report.html", html.page(document(found), data))
    return folder / "report.html"


def headline(found: Report) -> dict[str, Any]:
    """The few numbers that come first, as plain values."""
    per_text = found.kept / found.texts if found.texts else 0.0
    return {
        "texts": found.texts,
        "reworded": found.reworded,
        "wanted": found.wanted,
        "kept": found.kept,
        "per_text": round(per_text, 3),
        "reasons": dict(found.reasons),
        "survival": {f"{one.rows}, {one.seen}": config.plain(one.share) for one in found.survival},
        "style": config.plain(found.style),
    }


def document(found: Report) -> Document:
    """The whole page."""
    return Document(f"Views by '{found.method}'", tuple(_top(found)), tuple(_sections(found)))


def _top(found: Report) -> Iterator[Block]:
    yield Text(
        f"{found.wanted:,} views of {found.texts:,} texts were wanted; {found.kept:,} were kept. "
        f"{found.reworded:,} texts have at least one, the others are learned from as they are."
    )
    facts = [Fact("Yield", *_told(_SHARE, found.kept_share), "Of the wanted views, the share that was kept.")]
    for one in found.survival[:1]:
        means = f"Of {one.judged:,} judged views, the share that the judge sees on the side of their text."
        facts.append(Fact("The label survives", *_told(_SHARE, one.share), means))
    if found.style is not None:
        means = "How well a simple model tells views from texts: 0.5 is not at all, 1 is always."
        facts.append(Fact("Given away by style", *_told(_SCORE, found.style), means))
    yield Facts(tuple(facts))
    if warnings := tuple(_warnings(found)):
        yield Notes("Read this first", warnings, grave=True)


def _warnings(found: Report) -> Iterator[str]:
    if not found.kept:
        yield "No view was kept. Training with this folder is training without views."
    if not found.judge:
        yield "No judge was given (--judge), so nobody has looked whether labels survive."
    if found.judge_knows:
        yield (
            "The judge learned from the labelled texts of this very split. It knows them by heart, so what it says "
            "about their views means little; and where it is wrong about others, a model trained on them is too."
        )
    for one in found.survival:
        if one.seen == "dangerous" and one.share.value is not None and one.share.value < 0.9:
            yield (
                f"Of the {one.rows} texts the judge sees as dangerous, {1 - one.share.value:.0%} of the views lost "
                "their danger: this method softens."
            )
    if found.style is not None and found.style.low is not None and found.style.low > 0.8:
        yield "Views are easy to tell from texts. A learner can take their style for a sign of the label."


def _sections(found: Report) -> Iterator[Section]:
    yield Section("Why views were rejected", tuple(_reasons(found)))
    if found.judge:
        yield Section("Does the label survive?", tuple(_judged(found)))
    yield Section("What the kept views are like", (_measures(found),))
    if found.families:
        yield Section("Words for groups of people", tuple(_families(found)))
    identity = tables.origin("The method, with everything its wordings depend on.", found.identity)
    origin = tables.origin("What the views were made from.", found.made_from)
    yield Section("How this was made", (identity, origin))
    yield Section("How to read this", tuple(map(Text, READING)))


def _reasons(found: Report) -> Iterator[Block]:
    if not found.reasons:
        yield Text("None was.")
        return
    rows = tuple(
        (reason, f"{count:,}", f"{count / found.wanted:.1%}", REASONS.get(reason, UNDEFINED))
        for reason, count in found.reasons.items()
    )
    caption = (
        "Checks are asked in order; the first that fails is the reason. Texts of rejected views are not kept."
    )
    yield Table(caption, ("Reason", "Views", "Of all wanted", "What it means"), rows)


def _judged(found: Report) -> Iterator[Block]:
    right = ""
    if found.judge_right is not None:
        right = f" Of the labelled texts, it gets {_SHARE.full(found.judge_right)} right as they are."
    yield Text(f"The judge is {found.judge}.{right}")
    bars = [(f"{one.rows}, {one.seen}", one.share) for one in found.survival]
    if bars:
        caption = "Views that the judge sees on the same side of danger as their text."
        yield Figure(figures.bars(bars, "Label survival"), caption)
    rows = tuple(
        (f"{one.rows}, {one.seen}", f"{one.judged:,}", f"{one.survived:,}", _SHARE.full(one.share))
        for one in found.survival
    )
    yield Table(
        "By whose texts, and how the judge sees them. With 95% intervals that draw texts, at least Wilson's.",
        ("Texts", "Judged views", "Survived", "Share"),
        rows,
    )


def _measures(found: Report) -> Table:
    rows = tuple((name, *_points(points)) for name, points in found.measures.items())
    caption = (
        "Overlap: the share of words in common with the text. Similarity: the cosine of their embeddings."
    )
    return Table(caption, ("Of each view", "Tenth", "Half", "Nine tenths"), rows)


def _families(found: Report) -> Iterator[Block]:
    yield Text(
        "Texts that mention a group of people, beside all others: are their views rejected more often, and does "
        "rewording drop or add the words? Large differences mean that a model trained on these views sees another "
        "share of such texts than people wrote."
    )
    rows = tuple(map(_family, found.families))
    head = (
        "Words about",
        "Texts",
        "Views kept",
        "Views kept elsewhere",
        "Words dropped",
        "Words added elsewhere",
    )
    yield Table("Shares of views, with 95% intervals that draw texts.", head, rows)


def _family(one: Family) -> tuple[str, ...]:
    shares = (one.kept, one.kept_elsewhere, one.dropped, one.added)
    return (one.name, f"{one.texts:,}", *map(_SHARE.full, shares))


def _points(points: Quantiles) -> tuple[str, ...]:
    return tuple(f"{value:,.0f}" if value >= 10 else f"{value:.2f}" for value in vars(points).values())


def _told(wording: Wording, found: Estimate) -> tuple[str, str]:
    return wording.value(found), wording.interval(found)

"""`mindrail sets`: which sets there are, under which terms, and what is known to be wrong with them."""

import argparse
import textwrap
from collections import Counter
from collections.abc import Iterable
from shutil import get_terminal_size
from typing import Any

from mindrail.cli._command import Command, Result
from mindrail.data import corpus
from mindrail.data.card import Card, Row

_HEADINGS = ("name", "answers to", "rows", "language", "licence", "known problems")
#: No column but the last, which takes what is left, is wider than this.
_WIDEST = 26
_NARROWEST = 24


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="show the whole card of one set")
    parser.add_argument(
        "--fetch", action="store_true", help="fetch the set, check its sha256, count its rows"
    )


def _run(options: argparse.Namespace) -> Result:
    if options.name is None:
        cards = {name: corpus.card(name) for name in corpus.names()}
        return Result([_facts(name, card) for name, card in cards.items()], _overview(cards))
    card = corpus.card(options.name)
    facts = _facts(options.name, card)
    text = _page(options.name, card)
    if options.fetch:
        counts = _counts(corpus.rows(options.name))
        facts |= {"fetched": counts}
        text += f"\n\nFetched and checked: {counts['rows']} of {card.rows} rows"
        text += "".join(f"\n  {name:<24} {count}" for name, count in counts["splits"].items())
    return Result(facts, text)


def _facts(name: str, card: Card) -> dict[str, Any]:
    return {
        "name": name,
        "title": card.title,
        "licence": card.licence,
        "open_licence": card.open_licence,
        "answers": {
            taxonomy: {"field": walk.field, "labels": dict(walk.labels), "loses": walk.loses}
            for taxonomy, walk in card.crosswalks.items()
        },
        "rows": card.rows,
        "languages": list(card.languages),
        "labels": card.labels,
        "problems": card.problems,
        "repository": card.repository,
        "commit": card.commit,
        "files": [{"url": card.url(s), "sha256": s.sha256, "bytes": s.bytes} for s in card.files],
        "cite": card.cite,
    }


def _counts(rows: Iterable[Row]) -> dict[str, Any]:
    splits = Counter(row.split or "all" for row in rows)
    return {"rows": splits.total(), "splits": dict(splits)}


def _overview(cards: dict[str, Card]) -> str:
    """One line per set; what does not fit is cut with an ellipsis."""
    lines = [
        (
            name,
            ", ".join(card.tasks) or "-",
            f"{card.rows:,}",
            ", ".join(card.languages),
            ("" if card.open_licence else "! ") + card.licence,
            card.problems,
        )
        for name, card in cards.items()
    ]
    widths = [min(_WIDEST, max(map(len, column))) for column in zip(_HEADINGS, *lines, strict=True)]
    widths[-1] = max(_NARROWEST, get_terminal_size((160, 24)).columns - sum(widths[:-1]) - 2 * len(widths))
    table = "\n".join(_line(cells, widths) for cells in (_HEADINGS, *lines))
    return f"{table}\n\n! not open: a licence that is missing, unclear, or forbids commercial use or changes"


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    cut = (c if len(c) <= w else c[: w - 1] + "…" for c, w in zip(cells, widths, strict=True))
    return "  ".join(c.ljust(w) for c, w in zip(cut, widths, strict=True)).rstrip()


def _page(name: str, card: Card) -> str:
    """The whole card, its licence first."""
    openness = "open" if card.open_licence else "NOT OPEN: a guard trained on it says so in its card"
    parts = [
        ("Licence", f"{card.licence} ({openness})"),
        ("Rows", f"{card.rows:,}"),
        ("Languages", ", ".join(card.languages)),
        ("Labels", card.labels),
        ("Problems", card.problems),
        ("From", f"{card.repository} {card.commit}".strip()),
        ("Cite", card.cite or "-"),
    ]
    for taxonomy, walk in card.crosswalks.items():
        read = "; ".join(f"{own} = {_reading(reading)}" for own, reading in walk.labels.items())
        parts.append(("Answers to", f"{taxonomy}: {read}" + (f". Loses: {walk.loses}" if walk.loses else "")))
    parts += [("File", f"{card.url(s)} ({s.bytes:,} bytes, sha256 {s.sha256})") for s in card.files]
    wrapper = textwrap.TextWrapper(
        width=min(110, get_terminal_size((110, 24)).columns),
        subsequent_indent=" " * 12,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return f"{name}: {card.title}\n\n" + "\n".join(wrapper.fill(f"{head:<12}{text}") for head, text in parts)


def _reading(reading: str | tuple[str, ...] | None) -> str:
    if reading is None:
        return "says nothing"
    return reading if isinstance(reading, str) else " + ".join(reading) or "none"


COMMAND = Command("list public sets, show a card, fetch a set", _configure, _run)

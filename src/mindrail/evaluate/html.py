"""A document as one web page: no script, nothing from the network, every string escaped."""

import json
import re
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from itertools import groupby
from typing import Any

from mindrail.evaluate.document import Block, Document, Fact, Facts, Figure, Notes, Table, Text

_NUMBER = re.compile(r"[\d—]|too few")


def page(document: Document, data: Any) -> str:
    """The page; `data` travels inside it as JSON, for programs."""
    style = (files("mindrail.evaluate") / "_style.css").read_text(encoding="utf-8")
    content = "".join(_content(document))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(document.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#content">Skip to the numbers</a>\n{content}'
        f'<script type="application/json" id="data">{_embedded(data)}</script>\n</body>\n</html>\n'
    )


def _content(document: Document) -> Iterator[str]:
    """Title, first screen, contents and sections."""
    yield f'<header>\n<h1>{escape(document.title)}</h1>\n</header>\n<main id="content">\n'
    yield from _blocks(document.top)
    titles = [escape(section.title) for section in document.sections]
    entries = "".join(f'<li><a href="#s{i}">{title}</a></li>' for i, title in enumerate(titles))
    yield f'<nav aria-label="Contents"><ul>{entries}</ul></nav>\n'
    for i, section in enumerate(document.sections):
        yield f'<section id="s{i}" aria-labelledby="t{i}">\n<h2 id="t{i}">{titles[i]}</h2>\n'
        yield from _blocks(section.blocks)
        yield "</section>\n"
    yield "</main>\n"


def _blocks(blocks: tuple[Block, ...]) -> Iterator[str]:
    """Blocks in order; drawings that follow one another stand side by side where there is room."""
    for drawn, some in groupby(blocks, key=lambda block: isinstance(block, Figure)):
        written = "".join(map(_block, some))
        yield f'<div class="figures">\n{written}</div>\n' if drawn else written


def _block(block: Block) -> str:
    match block:
        case Text():
            return f"<p>{escape(block.words)}</p>\n"
        case Notes():
            return _notes(block)
        case Facts():
            return f'<dl class="facts">{"".join(map(_fact, block.facts))}</dl>\n'
        case Table():
            return _table(block)
        case Figure():
            return _figure(block)


def _notes(block: Notes) -> str:
    items = "".join(f"<li>{escape(item)}</li>" for item in block.items)
    style = "notes grave" if block.grave else "notes"
    return f'<aside class="{style}"><p class="kind">{escape(block.title)}</p><ul>{items}</ul></aside>\n'


def _fact(fact: Fact) -> str:
    return (
        f'<div><dt>{escape(fact.name)}</dt><dd class="value">{escape(fact.value)}</dd>'
        f'<dd class="interval">95% interval {escape(fact.interval)}</dd>'
        f"<dd>{escape(fact.means)}</dd></div>"
    )


def _table(table: Table) -> str:
    """A table that scrolls by itself on a narrow screen."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.head)
    rows = "\n".join(f"<tr>{_row(row)}</tr>" for row in table.rows)
    caption = escape(table.caption)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}">\n<table>'
        f"<caption><span>{caption}</span></caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>\n"
    )


def _row(cells: tuple[str, ...]) -> str:
    first, *rest = cells
    styled = (
        f'<td class="n">{escape(cell)}</td>' if _NUMBER.match(cell) else f"<td>{escape(cell)}</td>"
        for cell in rest
    )
    return f'<th scope="row">{escape(first)}</th>{"".join(styled)}'


def _figure(figure: Figure) -> str:
    table = f"<details><summary>As a table</summary>{_table(figure.table)}</details>" if figure.table else ""
    drawn = f'<div class="drawn">{figure.svg}</div><figcaption>{escape(figure.caption)}</figcaption>'
    return f"<figure>{drawn}{table}</figure>\n"


def _embedded(data: Any) -> str:
    """JSON that cannot end its script element."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")

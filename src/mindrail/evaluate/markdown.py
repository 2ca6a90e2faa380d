"""A document as Markdown, for pull requests and cards. Drawings are left out, or told as their table."""

import re

from mindrail.evaluate.document import Block, Document, Fact, Facts, Figure, Notes, Section, Table, Text

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")


def text(document: Document) -> str:
    """The whole document."""
    parts = [f"# {safe(document.title)}\n\n", *map(block, document.top), *map(section, document.sections)]
    return "".join(parts).rstrip() + "\n"


def section(part: Section) -> str:
    """A heading and what is under it."""
    return f"## {safe(part.title)}\n\n" + "".join(map(block, part.blocks))


def block(part: Block) -> str:
    """One block, with a blank line after it; nothing for a drawing without a table."""
    match part:
        case Text():
            return f"{safe(part.words)}\n\n"
        case Notes():
            items = "\n".join(f"> - {safe(item)}" for item in part.items)
            return f"> **{safe(part.title)}**\n>\n{items}\n\n"
        case Facts():
            return _table(_facts(part.facts))
        case Table():
            return _table(part)
        case Figure():
            return _table(part.table) if part.table else ""


def safe(words: str) -> str:
    """A string that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(words.split()))


def _facts(facts: tuple[Fact, ...]) -> Table:
    rows = tuple((fact.name, fact.value, fact.interval, fact.means) for fact in facts)
    return Table("", ("Measure", "Value", "95% interval", "What it means"), rows)


def _table(table: Table) -> str:
    """A pipe table under its caption."""
    caption = f"{safe(table.caption)}\n\n" if table.caption else ""
    head, *rows = (f"| {' | '.join(map(safe, cells))} |\n" for cells in (table.head, *table.rows))
    return f"{caption}{head}{'| --- ' * len(table.head)}|\n{''.join(rows)}\n"

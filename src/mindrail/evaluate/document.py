"""A report before it is a page: titled sections of text, numbers, tables and figures, plain words throughout.

`html` and `markdown` are the two ways to write one down; both escape every string.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """One paragraph."""

    words: str


@dataclass(frozen=True)
class Notes:
    """A titled list of remarks; those that are `grave` must not be overlooked."""

    title: str
    items: tuple[str, ...]
    grave: bool = False


@dataclass(frozen=True)
class Fact:
    """One number that deserves to be large, with its interval and a sentence."""

    name: str
    value: str
    interval: str
    means: str


@dataclass(frozen=True)
class Facts:
    """Several of them side by side."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Figure:
    """An SVG drawing; where drawings cannot be shown, the `table`, if any, stands for it."""

    svg: str
    caption: str
    table: Table | None = None


Block = Text | Notes | Facts | Table | Figure


@dataclass(frozen=True)
class Section:
    """A heading with what belongs under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A title, the blocks of the first screen, and the sections."""

    title: str
    top: tuple[Block, ...]
    sections: tuple[Section, ...]

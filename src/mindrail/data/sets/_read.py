"""What loaders share: files in the order of the card, tables as dictionaries, groups without text."""

import csv
from collections.abc import Iterator
from pathlib import Path

from mindrail.data.card import Card
from mindrail.files import digest
from mindrail.records.example import Example


def parts(card: Card, folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield (path, split) for each file of the card, in its order."""
    for source in card.files:
        yield folder / source.stored, source.split


def table(path: Path, *, delimiter: str = ",", encoding: str = "utf-8-sig") -> Iterator[dict[str, str]]:
    """Yield the rows of a delimited file with a header."""
    with path.open(newline="", encoding=encoding) as file:
        yield from csv.DictReader(file, delimiter=delimiter)


def group_of(text: str) -> str:
    """A group for everything that shares a text, the same in every set: a digest, so that no text leaks."""
    return digest(Example.of(text).normalised())[:16]

"""Comma-separated cells under a header."""

import csv
from collections.abc import Iterator, Mapping

from mindrail.batch.sources._base import MOST_ROW, Cells, Opened

#: stands in a line for bytes that are not UTF-8 (one each, from here to …DCFF), and for a line that is too long
_FOREIGN, _LONG = range(0xDC80, 0xDD00), "\udfff"


def read(opened: Opened, delimiter: str = ",") -> Iterator[Cells]:
    """Rows are numbered by the line they begin in, the header included."""
    measured = [0]
    table = csv.reader(_text(opened, measured), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        number, before = table.line_num + 1, measured[0]
        try:
            cells = _next(table)
        except StopIteration:
            return
        except csv.Error:
            yield Cells(number, "not-a-row", measured[0] - before)
            continue
        if header is None:
            header = cells
            opened.need(header)
        elif cells:
            yield Cells(number, _row(header, cells), measured[0] - before)


def _next(table: Iterator[list[str]]) -> list[str]:
    """The next row. The csv module has one limit for the whole process: ours stands only while the row is read."""
    before = csv.field_size_limit(MOST_ROW)
    try:
        return next(table)
    finally:
        csv.field_size_limit(before)


def _text(opened: Opened, measured: list[int]) -> Iterator[str]:
    """Lines with their ends, which a cell in quotes may hold; adds their lengths up in `measured`."""
    for _, line, length in opened.lines():
        measured[0] += length
        yield f"{_LONG}\n" if line is None else line.decode(errors="surrogateescape")


def _row(header: list[str], cells: list[str]) -> Mapping[str, object] | str:
    for cell in cells:
        if not cell.isascii():
            if _LONG in cell:
                return "long-row"
            if any(ord(c) in _FOREIGN for c in cell):
                return "not-utf8"
    return dict(zip(header, cells, strict=True)) if len(cells) == len(header) else "ragged"

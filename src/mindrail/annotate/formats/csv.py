"""A table for spreadsheets: one line for each label. Loses where one turn ends and the next begins.

Cells that a spreadsheet would take for a formula get an apostrophe in front, which `read` takes off again.
"""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from mindrail import files
from mindrail.annotate.formats._foreign import Foreign, iso, text_of
from mindrail.annotate.results import Labelled
from mindrail.errors import BadFile
from mindrail.records import Example
from mindrail.taxonomy import Taxonomy, labels_in

COLUMNS = ("item", "split", "annotator", "at", "text", "note")
#: between the labels of one cell, and a cell that says that no label holds
SEPARATOR, NONE = ";", "(none)"

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def write(labelled: Sequence[Labelled], asked: Taxonomy) -> dict[str, str]:
    """One file, with a byte-order mark so that spreadsheets read it as UTF-8."""
    out = io.StringIO(newline="")
    table = csv.writer(out)
    axes = [axis.name for axis in asked.axes]
    table.writerow([*COLUMNS, *axes])
    for one in labelled:
        notes = {note.who: note.text for note in one.notes}
        for said in one.labels:
            given = {axis: SEPARATOR.join(labels_in(answer)) or NONE for axis, answer in said.answers.items()}
            cells = [
                one.item.example.id,
                one.item.part,
                said.who,
                iso(said.at),
                text_of(one.item.example),
                notes.get(said.who, ""),
                *(given.get(axis, "") for axis in axes),
            ]
            table.writerow(map(_harmless, cells))
    return {".csv": "\ufeff" + out.getvalue()}


def read(path: Path) -> list[Foreign]:
    """One label a line; columns that are not ours are questions. Raises BadFile with the line."""
    lines = csv.reader(io.StringIO(files.read_text(path), newline=""), strict=True)
    found = []
    try:
        header = next(lines, [])
        for wanted in ("annotator", "text"):
            if header.count(wanted) != 1:
                raise BadFile(path, f"found {header.count(wanted)} columns '{wanted}', expected one", line=1)
        start = lines.line_num + 1
        for cells in lines:
            row, start = start, lines.line_num + 1
            if not cells:
                continue
            if len(cells) != len(header):
                raise BadFile(path, f"found {len(cells)} cells, expected {len(header)}", line=row)
            found.append(_label(row, dict(zip(header, map(_bare, cells), strict=True))))
    except csv.Error as error:
        raise BadFile(path, f"not a table: {error}. Is the file cut off?", line=lines.line_num) from None
    return found


def _label(row: int, cells: dict[str, str]) -> Foreign:
    given = {axis: cell for axis, cell in cells.items() if axis not in COLUMNS and cell}
    answers = {axis: () if c == NONE else tuple(c.split(SEPARATOR)) for axis, c in given.items()}
    example = Example.of(cells["text"], id=cells.get("item", "")) if cells["text"].strip() else None
    return Foreign(
        row,
        cells.get("item", ""),
        example,
        cells["annotator"],
        answers,
        cells.get("note", ""),
        cells.get("at", ""),
    )


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _bare(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell

"""Rows that cannot be used: named by number and kind of problem, never by what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from mindrail.errors import BadFile

#: What can be wrong with a row, in words for the person who has to correct it.
CODES: Mapping[str, str] = {
    "bad-unicode": "half a character, which no UTF-8 file can hold",
    "conflicting-id": "the same id with different labels",
    "empty-text": "no text, or nothing but white space",
    "key-twice": "one JSON object with the same key twice",
    "long-text": "more than 64 KiB of text",
    "missing-column": "a column that other rows have",
    "no-id": "no id although the card names an id column",
    "not-an-object": "JSON, but not an object",
    "not-json": "not JSON",
    "not-messages": "not a list of messages with role and content",
    "not-text": "something other than text",
    "nul": "a NUL character in the text",
    "ragged": "more or fewer cells than the header",
    "repeated-id": "the same id and labels as an earlier row",
    "several-labels": "several labels where one is expected",
    "unknown-label": "a label that the card does not list",
    "unknown-role": "a role other than user, assistant or system",
    "wrong-label-type": "a label that is neither a word, a whole number nor a list of them",
}

_SHOWN = 20


@dataclass(frozen=True, order=True)
class BadRow:
    """One row that cannot be used. `row` counts lines (CSV, JSONL) or rows (Parquet) from 1."""

    row: int
    code: str


class Unusable(Exception):
    """Why the row at hand cannot be used; raised and caught while a table is read."""

    def __init__(self, code: str) -> None:
        assert code in CODES
        super().__init__(code)
        self.code = code


def allowance(skip_bad: int | str, rows: int) -> int:
    """How many of `rows` may be bad: a number, or a share such as "5%". Raises ValueError for the rest."""
    if isinstance(skip_bad, str):
        share = float(skip_bad.removesuffix("%")) if skip_bad.endswith("%") else -1.0
        if not 0 <= share <= 100:
            raise ValueError(f"skip_bad is '{skip_bad}', expected a number of rows or a share such as '5%'")
        return int(rows * share / 100)
    if skip_bad < 0:
        raise ValueError(f"skip_bad is {skip_bad}, expected 0 or more rows")
    return skip_bad


def refuse(path: Path, bad: Sequence[BadRow], rows: int) -> BadFile:
    """The error that names every kind of problem with its first row numbers and its total."""
    kinds = []
    for code, found in groupby(sorted(bad, key=lambda b: (b.code, b.row)), key=lambda b: b.code):
        numbers = [str(b.row) for b in found]
        shown = ", ".join(numbers[:_SHOWN]) + (", …" if len(numbers) > _SHOWN else "")
        kinds.append(f"{code} in {len(numbers)} ({CODES[code]}; rows {shown})")
    return BadFile(
        path,
        f"{len(bad)} of {rows} rows cannot be used: {'; '.join(kinds)}. "
        "Do: correct them, or let them go with skip_bad",
    )

"""What a source gives: the cells of one row after the other, none of them ever held longer than needed."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

#: bytes of a row (JSON may write one character in six); longer ones are passed over unread
MOST_ROW = 8 << 20
#: characters of one message, as many as a guard reads by default
MOST_TEXT = 1_000_000

_BOM, _UTF_16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")


class Cells(NamedTuple):
    """One row: its number from 1, its cells by column or the code of what is wrong with it, its length in bytes.

    `name` is an id that the source itself knows.
    """

    number: int
    values: Mapping[str, object] | str
    length: int
    name: str | None = None


class Broken(Exception):
    """Nothing more can be read from this input; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Opened:
    """An input to be read once from its beginning: its place, its unpacked bytes (None for a folder), the columns
    that are wanted, and the one that holds text."""

    path: Path
    file: BufferedReader | None
    columns: Collection[str]
    text: str

    def lines(self) -> Iterator[tuple[int, bytes | None, int]]:
        """(number, line with its end, length) of each line; None in place of one longer than MOST_ROW."""
        assert self.file is not None
        number = 0
        while line := self.file.readline(MOST_ROW):
            number += 1
            length = len(line)
            if length == MOST_ROW and not line.endswith(b"\n"):
                while rest := self.file.readline(MOST_ROW):
                    length += len(rest)
                    if rest.endswith(b"\n"):
                        break
                yield number, None, length
                continue
            if number == 1:
                if line.startswith(_UTF_16):
                    raise Broken("not-utf8")
                line = line.removeprefix(_BOM)
            yield number, line, length

    def need(self, found: Collection[str]) -> None:
        """Raises Broken where a table has no column of a wanted name."""
        if not set(self.columns) <= set(found):
            raise Broken("missing-column")


Read = Callable[[Opened], Iterator[Cells]]

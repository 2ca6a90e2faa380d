"""One message per line."""

from collections.abc import Iterator

from mindrail.batch.sources._base import Cells, Opened


def read(opened: Opened) -> Iterator[Cells]:
    """Rows are numbered by line; blank lines are passed over."""
    for number, line, length in opened.lines():
        if line is None:
            yield Cells(number, "long-row", length)
        elif line.strip():
            try:
                yield Cells(number, {opened.text: line.rstrip(b"\r\n").decode()}, length)
            except UnicodeDecodeError:
                yield Cells(number, "not-utf8", length)

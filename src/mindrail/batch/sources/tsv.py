"""Tab-separated cells under a header."""

from collections.abc import Iterator

from mindrail.batch.sources import csv
from mindrail.batch.sources._base import Cells, Opened


def read(opened: Opened) -> Iterator[Cells]:
    """Rows are numbered by the line they begin in, the header included."""
    return csv.read(opened, "\t")

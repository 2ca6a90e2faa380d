"""Columns of a Parquet file, a few hundred rows at a time."""

from collections.abc import Iterator
from typing import Any

from mindrail.batch.schema import pyarrow_
from mindrail.batch.sources._base import Broken, Cells, Opened

#: bytes that a row group may unpack to
MOST_GROUP = 1 << 30
_AT_ONCE = 256


def read(opened: Opened) -> Iterator[Cells]:
    """Rows are numbered from 1. Raises Broken for what is no whole Parquet file, and MissingExtra."""
    arrow, parquet = pyarrow_()
    number = 0
    try:
        with parquet.ParquetFile(opened.file) as file:
            opened.need(file.schema_arrow.names)
            groups = range(file.num_row_groups)
            if any(file.metadata.row_group(group).total_byte_size > MOST_GROUP for group in groups):
                raise Broken("large-group")
            for batch in file.iter_batches(_AT_ONCE, columns=list(opened.columns), use_threads=False):
                for values in _rows(batch):
                    number += 1
                    yield Cells(number, values, 0)
    except (arrow.ArrowException, OSError):
        raise Broken("not-parquet") from None


def _rows(batch: Any) -> list[dict[str, object] | str]:
    """The rows of a batch; bytes that are not UTF-8 spoil only the row they stand in."""
    try:
        rows: list[dict[str, object] | str] = batch.to_pylist()
        return rows
    except UnicodeDecodeError:
        if len(batch) == 1:
            return ["not-utf8"]
        middle = len(batch) // 2
        return [*_rows(batch.slice(0, middle)), *_rows(batch.slice(middle))]

"""Examples in an Arrow file: read from disk row by row when asked for, so that millions take no memory."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, overload

from mindrail.errors import BadFile, MissingExtra
from mindrail.records import jsonl
from mindrail.records.example import Example

#: Rows that are written, and iterated over, together.
BLOCK = 1024

#: Columns that hold JSON, because their keys differ from row to row.
_JSON = ("answers", "tags")


def write(path: Path, examples: Iterable[Example]) -> int:
    """Write examples as they come, never more than BLOCK in memory; how many there were.

    `path` is written in place: give a name inside a folder that is not finished yet. Raises MissingExtra.
    """
    arrow = _pyarrow()
    turn = arrow.struct([("speaker", arrow.string()), ("text", arrow.string())])
    words = ("id", "source", "group", *_JSON)
    columns = [
        ("turns", arrow.list_(turn)),
        ("focus", arrow.int32()),
        *((name, arrow.string()) for name in words),
    ]
    schema = arrow.schema(columns)
    waiting, written = iter(examples), 0
    with arrow.OSFile(str(path), "wb") as file, arrow.ipc.new_file(file, schema) as sink:
        while block := [_row(example) for example in islice(waiting, BLOCK)]:
            sink.write_batch(arrow.RecordBatch.from_pylist(block, schema))
            written += len(block)
    return written


class Examples(Sequence[Example]):
    """The examples of a file that `write` wrote, mapped into memory: the system keeps of it what it has room for."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises BadFile for a file that is not whole, MissingExtra."""
        arrow = _pyarrow()
        try:
            self._file = arrow.ipc.open_file(arrow.memory_map(str(path)))
            self._blocks = [self._file.get_batch(i) for i in range(self._file.num_record_batches)]
        except (arrow.ArrowException, OSError) as error:
            problem = f"not a whole Arrow file ({type(error).__name__}). Do: prepare the split again"
            raise BadFile(path, problem) from None
        self._path, self._size = path, sum(map(len, self._blocks))

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, place: int) -> Example: ...
    @overload
    def __getitem__(self, place: slice) -> list[Example]: ...
    def __getitem__(self, place: int | slice) -> Example | list[Example]:
        """One example, or a list of several."""
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        if not -self._size <= place < self._size:
            raise IndexError(place)
        block, row = divmod(place % self._size, BLOCK)
        return self._example(self._blocks[block].slice(row, 1).to_pylist()[0])

    def __iter__(self) -> Iterator[Example]:
        for block in self._blocks:
            yield from map(self._example, block.to_pylist())

    def _example(self, row: dict[str, Any]) -> Example:
        try:
            return jsonl.from_dict(row | {name: json.loads(row[name]) for name in _JSON})
        except (KeyError, TypeError, ValueError) as error:
            raise BadFile(self._path, f"not an example: {type(error).__name__}") from None


def _row(example: Example) -> dict[str, Any]:
    row = {"tags": {}} | jsonl.to_dict(example)
    return row | {name: json.dumps(row[name], ensure_ascii=False) for name in _JSON}


def _pyarrow() -> Any:
    try:
        import pyarrow.ipc
    except ImportError:
        raise MissingExtra("pyarrow", "train", "a part of millions of rows") from None
    return pyarrow

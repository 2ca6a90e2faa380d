"""Rows of a table file as plain dictionaries, with the number of each. Bad rows come as their code."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mindrail import files
from mindrail.data.bad_rows import Unusable
from mindrail.errors import BadFile, MissingExtra

#: Beyond these a file is refused before it is unpacked.
MOST_BYTES = 1 << 30
MOST_ROWS = 5_000_000

_BLOCK = 1024

#: (row number, cells by column) or (row number, code of what is wrong with the row)
Record = tuple[int, Mapping[str, object] | str]

_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
}


def read(path: Path, columns: Mapping[str, str], *, limited: bool = True) -> Iterator[Record]:
    """Yield every row of a CSV, TSV, JSONL, Parquet or Arrow file; blank lines are passed over.

    `columns` maps each column that is needed to what it holds: `text`, `messages` or `label`. Formats of BLOCKS may
    be of any size where the reading is not `limited`: who asks for that holds no more than a block of rows. Raises
    BadFile where the file as a whole cannot be used, MissingExtra for Parquet and Arrow without pyarrow.
    """
    if not path.is_file():
        found = "nothing there" if not path.exists() else "not a regular file"
        raise BadFile(path, f"cannot read: {found}; expected a file")
    known = (*_READERS, *BLOCKS)
    if path.suffix not in known:
        raise BadFile(path, f"found '{path.suffix}', expected {', '.join(known)}. Do: unpack or convert it")
    if path.stat().st_size > MOST_BYTES and (limited or path.suffix not in BLOCKS):
        raise BadFile(path, f"{path.stat().st_size} bytes, at most {MOST_BYTES} are read. Do: split it")
    with path.open("rb") as file:
        start = file.read(8)
    for magic, kind in _PACKED.items():
        if start.startswith(magic) and path.suffix != f".{kind.lower()}":
            raise BadFile(
                path, f"this is {kind}, not '{path.suffix}'. Do: unpack it, or name it as what it is"
            )
    with _steady(path):
        if path.suffix in _READERS:
            yield from _READERS[path.suffix](path, columns)
        else:
            yield from _in_blocks(path, columns, limited)


@contextmanager
def _steady(path: Path) -> Iterator[None]:
    """Refuse a file that changes while it is read."""
    before = files.sha256(path)
    yield
    if files.sha256(path) != before:
        raise BadFile(path, "the file changed while it was read. Do: read it again once it is finished")


def _need(path: Path, columns: Iterable[str], found: Sequence[str]) -> None:
    """Refuse a file without a needed column. Shows a near name at most: without a header they are texts."""
    for column in columns:
        if column not in found:
            close = get_close_matches(column, found, n=1, cutoff=0.6)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            raise BadFile(path, f"no column '{column}' among {len(found)}{hint}", field=column)
        if found.count(column) > 1:
            raise BadFile(path, f"the column '{column}' stands there twice", field=column)


def _delimited(delimiter: str) -> Callable[[Path, Mapping[str, str]], Iterator[Record]]:
    def rows(path: Path, columns: Mapping[str, str]) -> Iterator[Record]:
        lines = csv.reader(io.StringIO(files.read_text(path), newline=""), delimiter=delimiter, strict=True)
        start = 1
        try:
            header = next(lines, [])
            _need(path, columns, header)
            start = lines.line_num + 1
            for cells in lines:
                number, start = start, lines.line_num + 1
                if cells:
                    yield (
                        number,
                        dict(zip(header, cells, strict=True)) if len(cells) == len(header) else "ragged",
                    )
        except csv.Error as error:
            problem = (
                f"not a table: {error}. Do: close the quote that is left open, or double those inside a cell"
            )
            raise BadFile(path, problem, line=start) from None

    return rows


def _jsonl(path: Path, columns: Mapping[str, str]) -> Iterator[Record]:
    lines = files.read_text(path).split("\n")
    records: list[Record] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, object_pairs_hook=_once)
            records.append((number, value if isinstance(value, dict) else "not-an-object"))
        except Unusable as error:
            records.append((number, error.code))
        except (ValueError, RecursionError):
            if number == len(lines):
                raise BadFile(
                    path, "the last line is cut off. Do: copy the file again", line=number
                ) from None
            records.append((number, "not-json"))
    objects = [row for _, row in records if not isinstance(row, str)]
    if objects:
        _need(path, columns, list({key for row in objects for key in row}))
    yield from records


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Unusable("key-twice")
    return value


def _in_blocks(path: Path, columns: Mapping[str, str], limited: bool) -> Iterator[Record]:
    kind = path.suffix[1:].capitalize()
    try:
        import pyarrow
    except ImportError:
        raise MissingExtra("pyarrow", "train", f"reading {kind}") from None
    number = 0
    try:
        for batch in BLOCKS[path.suffix](path, columns, limited):
            for start in range(0, len(batch), _BLOCK):
                for row in batch.slice(start, _BLOCK).to_pylist():
                    number += 1
                    yield number, row
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        problem = f"not a whole {kind} file ({type(error).__name__}). Do: copy or write it again"
        raise BadFile(path, problem) from None


def _parquet(path: Path, columns: Mapping[str, str], limited: bool) -> Iterator[Any]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        _fits(path, columns, file.schema_arrow)
        about = file.metadata
        size = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        if limited and (size > MOST_BYTES or about.num_rows > MOST_ROWS):
            problem = f"unpacks to {size} bytes in {about.num_rows} rows"
            raise BadFile(path, f"{problem}; at most {MOST_BYTES} and {MOST_ROWS} are read. Do: split it")
        yield from file.iter_batches(batch_size=_BLOCK, columns=list(columns))


def _arrow(path: Path, columns: Mapping[str, str], _limited: bool) -> Iterator[Any]:
    import pyarrow.ipc

    with pyarrow.memory_map(str(path)) as file:
        if file.read(6) == b"ARROW1":  # the file format; as a stream it has no such mark
            table = pyarrow.ipc.open_file(file)
            batches = (table.get_batch(i) for i in range(table.num_record_batches))
        else:
            file.seek(0)
            batches = table = pyarrow.ipc.open_stream(file)
        _fits(path, columns, table.schema)
        yield from (batch.select(list(columns)) for batch in batches)


def _fits(path: Path, columns: Mapping[str, str], schema: Any) -> None:
    _need(path, columns, list(schema.names))
    for column, holds in columns.items():
        _expect(path, column, holds, schema.field(column).type)


def _expect(path: Path, column: str, holds: str, kind: Any) -> None:
    """Refuse a column of another type than is needed."""
    from pyarrow import types

    def word(kind: Any) -> bool:
        inner = kind.value_type if types.is_dictionary(kind) else kind
        return bool(types.is_string(inner) or types.is_large_string(inner) or types.is_null(inner))

    def many(kind: Any) -> bool:
        return bool(types.is_list(kind) or types.is_large_list(kind))

    def label(kind: Any) -> bool:
        return bool(word(kind) or types.is_integer(kind) or types.is_boolean(kind) or types.is_floating(kind))

    fits = {
        "text": word(kind),
        "messages": word(kind) or (many(kind) and types.is_struct(kind.value_type)),
        "label": label(kind) or (many(kind) and label(kind.value_type)),
    }
    if not fits[holds]:
        raise BadFile(
            path, f"the column '{column}' is of type {kind}, which does not hold {holds}", field=column
        )


_READERS: Mapping[str, Callable[[Path, Mapping[str, str]], Iterator[Record]]] = {
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".jsonl": _jsonl,
}

#: Formats that are read in blocks of rows, and how.
BLOCKS: Mapping[str, Callable[[Path, Mapping[str, str], bool], Iterator[Any]]] = {
    ".parquet": _parquet,
    ".arrow": _arrow,
}

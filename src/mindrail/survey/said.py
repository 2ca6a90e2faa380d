"""The words of a few scanned rows, for what cannot do without: comparing texts, and people who label.

They come from the inputs themselves, which are read again and must not have changed; where these are gone, from
the column that `--with-text` wrote. They are held in memory and given to whoever asked, and go nowhere else.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from mindrail import config
from mindrail.batch import inputs
from mindrail.batch.rows import Columns, Reader, Row
from mindrail.batch.schema import Manifest, read_rows
from mindrail.errors import BadFile
from mindrail.records import Turn

#: which row: its source, and its number there
Key = tuple[str, int]


@dataclass(frozen=True)
class Words:
    """The turns of each row that was asked for, the judged one last; without any, `why`."""

    turns: dict[Key, tuple[Turn, ...]]
    why: str = ""


def words(folder: Path, manifest: Manifest, wanted: Collection[Key], side: str) -> Words:
    """The words of these rows of a scan, whose guard judges what `side` says."""
    if not wanted:
        return Words({})
    try:
        return Words(_read_again(manifest, frozenset(wanted), side))
    except BadFile as error:
        if manifest.settings.get("with_text"):
            return Words(_written(folder, frozenset(wanted), side))
        gone = f"the scan was made without --with-text, and its inputs cannot be read again: {error}"
        return Words({}, gone)


def _read_again(manifest: Manifest, wanted: frozenset[Key], side: str) -> dict[Key, tuple[Turn, ...]]:
    columns = config.build(Columns, manifest.settings["columns"], where="columns")
    reader, found = Reader(columns, side), {}
    for given in manifest.inputs:
        if given.size is None:
            raise BadFile(given.name, "standard input cannot be read twice")
        if not Path(given.name).exists():
            raise BadFile(given.name, "nothing there; expected the input of the scan")
        for cells in inputs.Reading(given, columns.wanted, columns.text):
            record = reader.read(given.name, cells)
            if isinstance(record, Row) and (record.source, record.row) in wanted:
                found[record.source, record.row] = tuple(Turn(who, text) for who, text in record.said)
    return found


def _written(folder: Path, wanted: frozenset[Key], side: str) -> dict[Key, tuple[Turn, ...]]:
    found: dict[Key, tuple[Turn, ...]] = {}
    for table in read_rows(folder, ("source", "row", "text")):
        keys = zip(table["source"].to_pylist(), table["row"].to_pylist(), strict=True)
        for place, key in enumerate(keys):
            if key in wanted:
                found[key] = (Turn(side, table["text"][place].as_py()),)
    return found

"""A folder of text files, one message each, however many there are."""

import gzip
import heapq
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from mindrail import plugins
from mindrail.batch.sources._base import MOST_ROW, Cells, Opened

#: names that are held at once; a folder with more is listed several times
_AT_ONCE = 100_000


def read(opened: Opened) -> Iterator[Cells]:
    """Files are numbered in the order of `walk`; the path in the folder is the id."""
    tables = {f".{name}" for name in plugins.names("source")} - {".txt"}
    for number, name in enumerate(walk(opened.path), start=1):
        place = opened.path / name
        if Path(name.removesuffix(".gz")).suffix in tables:
            yield Cells(number, "a-table", 0, name)
        else:
            values, length = _message(place, opened.text)
            yield Cells(number, values, length, name)


def walk(folder: Path, within: str = "") -> Iterator[str]:
    """The paths of all files in a folder and the folders in it, sorted name by name; hidden ones are passed over.

    Never more than `_AT_ONCE` names of a folder are in memory.
    """
    last = ""
    while names := heapq.nsmallest(_AT_ONCE, _names(folder / within, last)):
        for name in names:
            path = f"{within}{name}"
            if (folder / path).is_dir() and not (folder / path).is_symlink():
                yield from walk(folder, f"{path}/")
            else:
                yield path
        last = names[-1]


def _names(folder: Path, last: str) -> Iterator[str]:
    """The names in a folder that come after `last`."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name > last and not entry.name.startswith("."):
                yield entry.name


def _message(place: Path, column: str) -> tuple[Mapping[str, object] | str, int]:
    """The text of a file, or the code of what is wrong with it; and its length in bytes."""
    if place.is_symlink() or not place.is_file():
        return "not-a-file", 0
    try:
        with gzip.open(place) if place.suffix == ".gz" else place.open("rb") as file:
            raw = file.read(MOST_ROW + 1)
        if len(raw) > MOST_ROW:
            return "long-row", place.stat().st_size
        return {column: raw.decode("utf-8-sig")}, len(raw)
    except UnicodeDecodeError:
        return "not-utf8", len(raw)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return "cut-off", place.stat().st_size
    except OSError:
        return "not-a-file", 0

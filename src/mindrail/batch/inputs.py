"""Inputs by their names: what format they have, what is in them, and whether they stay as they are."""

import gzip
import hashlib
import os
import sys
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

from mindrail import files, plugins
from mindrail.batch.schema import Given
from mindrail.batch.sources._base import Broken, Cells, Opened, Read
from mindrail.batch.sources.folder import walk
from mindrail.errors import BadFile, UsageError

STDIN = "-"
_FOLDER, _STDIN_FORMAT = "folder", "jsonl"
#: rows between two looks at whether a file has changed
_LOOK_EVERY = 1000


@dataclass(frozen=True)
class Input:
    """One thing to read, by the name that was given for it."""

    name: str
    format: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.name)

    def given(self) -> Given:
        """Its size and hash; those of a folder are of all its files with their paths, standard input has none."""
        if self.name == STDIN:
            return Given(self.name, self.format, None, None)
        if self.format == _FOLDER:
            return Given(self.name, self.format, *_folder(self.path))
        return Given(self.name, self.format, self.path.stat().st_size, files.sha256(self.path))


def find(names: Sequence[str], kind: str | None = None) -> list[Input]:
    """The inputs of these names; the format `kind` is for files whose suffix does not tell, and for standard input.

    Raises BadFile for what is not there, UnknownName for a format that is none, UsageError for a name given twice.
    """
    if len(set(names)) != len(names):
        raise UsageError("an input is named twice. Do: name each once")
    return [Input(name, _format(name, kind)) for name in names]


def _format(name: str, kind: str | None) -> str:
    path = Path(name)
    if name != STDIN and path.is_dir():
        return _FOLDER
    if name != STDIN and not path.is_file():
        found = "nothing there" if not path.exists() else "not a regular file"
        raise BadFile(path, f"cannot read: {found}; expected a file or a folder")
    suffix = Path(name.removesuffix(".gz")).suffix.removeprefix(".")
    named = kind or (_STDIN_FORMAT if name == STDIN else suffix)
    plugins.get("source", named)
    return named


def _folder(folder: Path) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for name in walk(folder):
        place = folder / name
        there = place.is_file() and not place.is_symlink()
        size += place.stat().st_size if there else 0
        digest.update(f"{name}\0{files.sha256(place) if there else ''}\n".encode(errors="surrogateescape"))
    return size, digest.hexdigest()


class Reading:
    """One input while it is read, once. `done` counts the bytes behind us, packed ones where it is packed."""

    def __init__(self, given: Given, columns: Collection[str], text: str) -> None:
        self.given, self._columns, self._text = given, columns, text
        self.done = 0

    def __iter__(self) -> Iterator[Cells]:
        """Its rows. What cannot be read on ends with one row that says why.

        Raises BadFile where the input changes while it is read.
        """
        path = Path(self.given.name)
        read: Read = plugins.get("source", self.given.format).read
        number = 0
        with _raw(self.given) as raw:
            stamp = _stamp(raw)
            opened = Opened(path, _unpacked(raw) if raw else None, self._columns, self._text)
            try:
                for cells in read(opened):
                    number = cells.number
                    self.done = raw.tell() if raw and stamp else self.done + cells.length
                    yield cells
                    if number % _LOOK_EVERY == 0 and _stamp(raw) != stamp:
                        raise self._changed()
            except Broken as error:
                yield Cells(number + 1, error.code, 0)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                yield Cells(number + 1, "cut-off", 0)
        if Input(self.given.name, self.given.format).given() != self.given:
            raise self._changed()

    def _changed(self) -> BadFile:
        return BadFile(
            self.given.name,
            "the input changed while it was read. Do: scan a copy of it, or wait until it is finished; "
            "then scan again with --overwrite",
        )


def _raw(given: Given) -> AbstractContextManager[BufferedReader | None]:
    if given.name == STDIN:
        return nullcontext(cast(BufferedReader, sys.stdin.buffer))
    return nullcontext(None) if given.format == _FOLDER else Path(given.name).open("rb")


def _stamp(raw: BufferedReader | None) -> tuple[int, int] | None:
    """What changes with a file's content; None for what is no file."""
    if raw is None or raw is sys.stdin.buffer:
        return None
    about = os.fstat(raw.fileno())
    return about.st_size, about.st_mtime_ns


def _unpacked(raw: BufferedReader) -> BufferedReader:
    """The bytes, unpacked if they are gzip by their first two bytes."""
    packed = raw.peek(2)[:2] == b"\x1f\x8b"
    return BufferedReader(cast(Any, gzip.GzipFile(fileobj=raw))) if packed else raw

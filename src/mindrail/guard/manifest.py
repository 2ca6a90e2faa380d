"""The list of what a guard is made of. Its rules are checked before any other file is opened."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mindrail import config, files
from mindrail.errors import BrokenGuard
from mindrail.runtime.load import NEEDED, Kind
from mindrail.runtime.parts import json_of, settings_of

FORMAT = 1
NAME = "manifest.json"
#: bytes of the manifest itself, entries in it, bytes of one file
LARGEST_MANIFEST, MOST_FILES, LARGEST_FILE = 256 * 1024, 64, 2 * 1024**3

#: what every guard holds beside the files of its kind
CORE = ("taxonomy.json", "calibration.json", "golden.json")
#: how it reads texts that are not written plainly; guards from before there were views lack it
READING = "reading.json"

#: `runtime` decides answers and must be there; the others may be left out of a slimmed copy
Role = Literal["runtime", "transformers", "document"]

# a plain name in this very folder: no path, no hidden file, nothing that only some systems can store
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """One file: `size` in bytes, `sha256` in hex."""

    size: int
    sha256: str
    role: Role

    def __post_init__(self) -> None:
        if not 0 <= self.size <= LARGEST_FILE:
            raise ValueError(f"a file of {self.size} bytes; expected at most 2 GiB")
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError("a sha256 is not 64 hex digits")


@dataclass(frozen=True)
class Manifest:
    """What a guard is made of. `id` is a short hash of all that decides its answers, and of nothing else.

    `made_from` maps what it was made of (run, data, recipe) to hashes, `created_with` packages to versions.
    """

    kind: Kind
    id: str
    files: Mapping[str, Entry]
    created_with: Mapping[str, str]
    made_from: Mapping[str, str]
    format: int = FORMAT

    def __post_init__(self) -> None:
        if len(self.files) > MOST_FILES:
            raise ValueError(f"{len(self.files)} files; expected at most {MOST_FILES}")
        for name in self.files:
            if not _NAME.fullmatch(name):
                raise ValueError("a file name is not a plain name in this folder")
        if len({NAME, *map(str.lower, self.files)}) != len(self.files) + 1:
            raise ValueError("two file names differ in upper and lower case only, or one is the manifest's")
        for name in (*CORE, *NEEDED[self.kind]):
            if name not in self.runtime:
                raise ValueError(f"'{name}' is not listed as a runtime file")
        if self.id != identity(self.kind, self.files):
            raise ValueError("the id is not that of the files")

    @property
    def runtime(self) -> dict[str, Entry]:
        """The files that decide answers."""
        return {name: entry for name, entry in self.files.items() if entry.role == "runtime"}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the format first."""
        value: dict[str, Any] = config.plain(self)
        return {"format": value.pop("format"), **value}


def identity(kind: Kind, entries: Mapping[str, Entry]) -> str:
    """Twelve hex digits over the kind and the hashes of all runtime files."""
    deciding = {name: entry.sha256 for name, entry in entries.items() if entry.role == "runtime"}
    return files.digest([kind, deciding])[:12]


def parse(raw: bytes) -> Manifest:
    """Read a manifest. Raises BrokenGuard with the rule it breaks; a newer format says how to go on."""
    if len(raw) > LARGEST_MANIFEST:
        raise BrokenGuard(f"it is larger than {LARGEST_MANIFEST // 1024} KiB", file=NAME)
    value = json_of({NAME: raw}, NAME)
    found = value.get("format") if isinstance(value, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise BrokenGuard("it names no format; expected a mindrail guard", file=NAME)
    if found > FORMAT:
        raise BrokenGuard(f"format {found} is newer than format {FORMAT}. Do: upgrade mindrail", file=NAME)
    return settings_of(Manifest, value, NAME)

"""A prepared split: what is learned from, dev and test, and what is known about them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindrail import files, taxonomy
from mindrail.records import Example, arrow, jsonl
from mindrail.taxonomy import Axis, Taxonomy

PARTS = ("labelled", "unlabelled", "dev", "test")


@dataclass(frozen=True)
class Split:
    """A prepared split, read back from its folder."""

    folder: Path
    taxonomy: Taxonomy
    axis: Axis
    about: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> "Split":
        """Read `split.json`; the parts are read when asked for."""
        about = files.read_json(folder / "split.json")
        kinds = taxonomy.from_dict(about["taxonomy"], where="split.json")
        return cls(folder, kinds, kinds.axis(about["axis"]), about)

    @classmethod
    def write(cls, folder: Path, parts: Mapping[str, Iterable[Example]], about: Mapping[str, Any]) -> "Split":
        """Write all PARTS and what is known about them into `folder`, and read it back.

        A part that comes one example after the other, as an iterator, is stored as Arrow, and never held.
        """
        with files.new_folder(folder) as place:
            hashes = {}
            for name, part in parts.items():
                streamed = isinstance(part, Iterator)
                path = place / f"{name}{'.arrow' if streamed else '.jsonl'}"
                (arrow if streamed else jsonl).write(path, part)
                hashes[path.name] = files.sha256(path)
            files.write_json(place / "split.json", {**about, "files": hashes})
        return cls.load(folder)

    def part(self, name: str) -> Sequence[Example]:
        """The examples of one of `labelled`, `unlabelled`, `dev`, `test`; streamed ones are read when asked for."""
        path = self.folder / self._file(name)
        return arrow.Examples(path) if path.suffix == ".arrow" else jsonl.read(path)

    def hash_of(self, name: str) -> str:
        """A short hash of one part's rows; the same test rows have the same hash in every split."""
        return str(self.about["files"][self._file(name)])[:16]

    def _file(self, name: str) -> str:
        streamed = f"{name}.arrow"
        return streamed if streamed in self.about["files"] else f"{name}.jsonl"

    @property
    def digest(self) -> str:
        """Changes with any row of any part."""
        return files.digest(self.about["files"])[:16]

"""Other wordings of an example: what semi-supervised training learns to read the same way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mindrail import files
from mindrail.errors import BadFile
from mindrail.records.example import Example, Turn

#: what a finished folder of views holds
VIEWS, ABOUT = "views.jsonl", "augment.json"


@dataclass(frozen=True)
class View:
    """One other wording of the example whose id is `of`; the same turns by the same speakers.

    `method` names how it was made, `made_by` how exactly (number, seed, what the checks measured).
    """

    of: str
    turns: tuple[Turn, ...]
    method: str
    made_by: Mapping[str, Any] = field(default_factory=dict)

    def example(self, original: Example) -> Example:
        """The original with its turns reworded; answers, group and focus stay."""
        return replace(original, turns=self.turns, id="")


@dataclass(frozen=True)
class Views:
    """A finished folder of views, read back.

    `of` has an entry for each example that has any; `about` is `augment.json`: how they were made.
    """

    folder: Path
    of: Mapping[str, tuple[View, ...]]
    digest: str
    about: Mapping[str, Any]

    @classmethod
    def load(cls, folder: Path) -> "Views":
        """Read a folder made by `augment`. Raises BadFile where it is not finished, or was changed since."""
        if not (folder / ABOUT).is_file():
            raise BadFile(
                folder, "no finished views are here. Do: mindrail augment, with this folder as --out"
            )
        about = files.read_json(folder / ABOUT)
        found, expected = files.sha256(folder / VIEWS), about["files"][VIEWS]
        if found != expected:
            raise BadFile(
                folder / VIEWS,
                f"these are not the views that were made (sha256 {found[:12]}…, expected {expected[:12]}…). "
                "Do: delete the folder and augment again",
            )
        of: dict[str, tuple[View, ...]] = {}
        for view in read(folder / VIEWS):
            of[view.of] = (*of.get(view.of, ()), view)
        return cls(folder, of, found[:16], about)

    def by_id(self, examples: Sequence[Example]) -> dict[str, tuple[View, ...]]:
        """The views of each of these examples, none for those that have none.

        Raises BadFile where there are views of other examples too, or where turns do not pair up: then they
        were made from another split.
        """
        known = {example.id: example for example in examples}
        foreign = [name for name in self.of if name not in known]
        if foreign:
            raise BadFile(
                self.folder / VIEWS,
                f"{len(foreign)} of {len(self.of)} texts with views are not among these {len(known)}, the first "
                f"is {foreign[0]}. Do: augment the split that is trained on",
            )
        for name, views in self.of.items():
            speakers = _speakers(known[name].turns)
            if any(_speakers(view.turns) != speakers for view in views):
                raise BadFile(self.folder / VIEWS, f"a view of {name} has other speakers. Do: augment again")
        return {name: self.of.get(name, ()) for name in known}


def write(path: Path, views: Iterable[View]) -> None:
    """Write views atomically, one per line."""
    files.write_jsonl(path, map(to_dict, views))


def read(path: Path) -> list[View]:
    """Read views; a row that is not one is refused by line number, without its text."""
    return [_parsed(path, line, row) for line, row in files.read_jsonl(path)]


def to_dict(view: View) -> dict[str, Any]:
    """One view as plain values."""
    turns = [{"speaker": turn.speaker, "text": turn.text} for turn in view.turns]
    return {"of": view.of, "turns": turns, "method": view.method, "made_by": dict(view.made_by)}


def from_dict(row: Mapping[str, Any]) -> View:
    """The reverse. Raises KeyError, TypeError or AttributeError for a row that is not a view."""
    turns = tuple(Turn(str(turn["speaker"]), str(turn["text"])) for turn in row["turns"])
    return View(str(row["of"]), turns, str(row["method"]), dict(row.get("made_by", {})))


def _parsed(path: Path, line: int, row: dict[str, Any]) -> View:
    try:
        return from_dict(row)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        problem = f"missing {error}" if isinstance(error, KeyError) else type(error).__name__
        raise BadFile(path, f"not a view ({problem})", line=line) from None


def _speakers(turns: Sequence[Turn]) -> list[str]:
    return [turn.speaker for turn in turns]

"""Sets that mindrail made from others: a folder with labelled examples and with how they were made.

Wherever a recipe names a set, such a folder may stand. Its answers were given under one wording of each axis, and are
refused under another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mindrail import files
from mindrail.errors import BadConfig, BadFile, WrongTaxonomy
from mindrail.records import jsonl
from mindrail.records.example import Example
from mindrail.taxonomy.axis import Axis

ABOUT, ROWS = "set.json", "examples.jsonl"
#: the tag `origin` of what a language model wrote; else it names the set; the tag `of` is the id of the text it is of
MODEL = "model"


def here(name: str) -> bool:
    """Whether this is the folder of a made set."""
    return (Path(name) / ABOUT).is_file()


def write(folder: Path, examples: Sequence[Example], axes: Sequence[Axis], about: Mapping[str, Any]) -> None:
    """Write both files, the description last, because it says that the folder is finished.

    `about` holds at least `licences`: the terms of everything that the set was made from.
    """
    jsonl.write(folder / ROWS, examples)
    told = {
        **about,
        "axes": {axis.name: axis.digest for axis in axes},
        "rows": len(examples),
        "files": {ROWS: files.sha256(folder / ROWS)},
    }
    files.write_json(folder / ABOUT, told)


def load(folder: Path) -> tuple[list[Example], dict[str, Any]]:
    """Examples and description. Raises BadFile where the rows are not those that were made."""
    about: dict[str, Any] = files.read_json(folder / ABOUT)
    found, expected = files.sha256(folder / ROWS), str(about["files"][ROWS])
    if found != expected:
        raise BadFile(
            folder / ROWS,
            f"these are not the examples that were made (sha256 {found[:12]}…, expected {expected[:12]}…). "
            "Do: delete the folder and make it again",
        )
    return jsonl.read(folder / ROWS), about


def read(name: str, axis: Axis, *, labelled: bool = True) -> list[Example]:
    """The examples with their answer on this axis alone, or with none.

    Raises BadConfig for an axis that the set does not answer, WrongTaxonomy for another wording of it, BadFile.
    """
    examples, about = load(Path(name))
    if not labelled:
        return [replace(example, answers={}) for example in examples]
    known: Mapping[str, str] = about["axes"]
    if axis.name not in known:
        raise BadConfig(
            f"the set in {name} has no answers to '{axis.name}'; it answers: {', '.join(known)}. "
            "Do: choose a taxonomy that it answers, or use the set without labels"
        )
    if known[axis.name] != axis.digest:
        raise WrongTaxonomy(
            f"the set in {name} was made under another wording of '{axis.name}' ({known[axis.name]}), expected "
            f"{axis.digest}. Do: make it again"
        )
    return [_answered(example, axis.name) for example in examples]


def licences(name: str) -> dict[str, dict[str, Any]]:
    """The terms of everything that the set was made from."""
    terms: dict[str, dict[str, Any]] = files.read_json(Path(name) / ABOUT)["licences"]
    return terms


def by_people(examples: Sequence[Example]) -> list[Example]:
    """Those that no model wrote: what is learned is judged on people's own words."""
    return [example for example in examples if example.tags.get("origin") != MODEL]


def without(examples: Sequence[Example], judged: Sequence[Example]) -> list[Example]:
    """Those that were not made of a text that is judged on."""
    ids = {example.id for example in judged}
    return [example for example in examples if example.tags.get("of") not in ids]


def _answered(example: Example, axis: str) -> Example:
    return replace(example, answers={name: a for name, a in example.answers.items() if name == axis})

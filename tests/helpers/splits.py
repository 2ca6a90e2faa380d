"""A split of invented everyday messages, written without any set."""

from pathlib import Path

from helpers.axes import TWO
from helpers.guards import taxonomy
from mindrail import files
from mindrail.recipes.split import Split
from mindrail.records import Example, jsonl
from mindrail.taxonomy import Axis

_WHO = ("my aunt", "the teacher", "our neighbour", "a friend", "his manager")
_DID = (
    "bought two fresh apples",
    "told a funny story",
    "repaired the old bicycle",
    "will not visit the city",
)
_WHEN = ("before the long meeting", "because the weather was lovely", "and then quickly walked home")


def examples(
    axis: Axis, size: int, start: int = 0, *, answered: bool = False, extra: str = ""
) -> list[Example]:
    """Distinct messages; every other one is a bad one, if answered."""
    made = []
    for i in range(start, start + size):
        words = f"{_WHO[i % 5]} {_DID[i % 4]} {_WHEN[i % 3]} {extra}".strip() + f", number {i}"
        answers = {axis.name: axis.names[-1 if i % 2 else 0]} if answered else {}
        made.append(Example.of(words, answers=answers))
    return made


def split(folder: Path, unlabelled: int = 12, labelled: int = 6, axis: Axis = TWO, extra: str = "") -> Split:
    """The four parts and their `split.json`."""
    parts = {
        "labelled": examples(axis, labelled, 1000, answered=True, extra=extra),
        "unlabelled": examples(axis, unlabelled, 0, extra=extra),
        "dev": examples(axis, 4, 2000, answered=True),
        "test": examples(axis, 4, 3000, answered=True),
    }
    for name, part in parts.items():
        jsonl.write(folder / f"{name}.jsonl", part)
    about = {
        "taxonomy": taxonomy(axis).to_dict(),
        "axis": axis.name,
        "digest": axis.digest,
        "rows": {name: len(part) for name, part in parts.items()},
        "answers": {},
        "licences": {"invented": {"licence": "Apache-2.0", "open": True}},
        "files": {f"{name}.jsonl": files.sha256(folder / f"{name}.jsonl") for name in parts},
    }
    files.write_json(folder / "split.json", about)
    return Split.load(folder)

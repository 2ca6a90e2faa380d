"""More labelled examples of rare labels: repeated, or in other wordings."""

from collections.abc import Iterator
from pathlib import Path

from mindrail import config, files
from mindrail.data.split import labels_of
from mindrail.recipes.augment import Augment, augment
from mindrail.recipes.prepare import PARTS, Split
from mindrail.records import Example, jsonl
from mindrail.records.targets import targets_of
from mindrail.records.views import Views
from mindrail.study.plan import More
from mindrail.train.progress import Stepped


def add(split: Split, more: More, folder: Path) -> Iterator[Stepped]:
    """Write into `folder` the split with more labelled examples; the other parts stay as they are.

    An example that has one of the labels gets further wordings, those of several too; each keeps its answers. Where
    the method finds no other wording, the example stands alone. Yields the progress of rewording.
    """
    labelled = split.part("labelled")
    few = [one for one in labelled if set(labels_of(one, split.axis)) & set(more.labels)]
    if more.method is None:
        extra = few * (more.times - 1)
    else:
        yield from _reword(with_labelled(split, few, folder / "rare"), more, folder / "views")
        made = Views.load(folder / "views").by_id(few)
        extra = [view.example(one) for one in few for view in made[one.id]]
    with_labelled(split, [*labelled, *extra], folder / "split", config.plain(more))


def _reword(few: Split, more: More, place: Path) -> Iterator[Stepped]:
    settings = {"settings": more.settings, "views": more.times - 1, "parts": ("labelled",)}
    yield from augment(few, config.build(Augment, {"method": more.method} | settings), place)


def with_labelled(split: Split, labelled: list[Example], folder: Path, more: object = None) -> Split:
    """The same split with other labelled examples, written into `folder`."""
    counts = targets_of(split.axis, labelled).values.sum(axis=0)
    answers = {name: int(count) for name, count in zip(split.axis.names, counts, strict=True)}
    about = split.about | {
        "rows": split.about["rows"] | {"labelled": len(labelled)},
        "answers": split.about["answers"] | {"labelled": answers},
        "more": more,
    }
    with files.new_folder(folder) as place:
        for name in PARTS:
            jsonl.write(place / f"{name}.jsonl", labelled if name == "labelled" else split.part(name))
        hashes = {f"{name}.jsonl": files.sha256(place / f"{name}.jsonl") for name in PARTS}
        files.write_json(place / "split.json", about | {"files": hashes})
    return Split.load(folder)

"""More labelled examples of rare labels: repeated, or in other wordings."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mindrail import config
from mindrail.data.split import labels_of
from mindrail.recipes.augment import Augment, augment
from mindrail.recipes.split import PARTS, Split
from mindrail.records import Example
from mindrail.records.targets import targets_of
from mindrail.records.views import Views
from mindrail.study.plan import More
from mindrail.train.progress import Stepped


def add(split: Split, more: More, folder: Path) -> Iterator[Stepped]:
    """Write into `folder/split` the split with more labelled examples; the other parts stay as they are.

    Every example that has one of the labels is there `times` times, with all its answers. Where a method finds no
    other wording, the example stands alone. Yields the progress of rewording.
    """
    labelled = split.part("labelled")
    few = [one for one in labelled if set(labels_of(one, split.axis)) & set(more.labels)]
    if more.method is None:
        extra = few * (more.times - 1)
    else:
        own = {"method": more.method, "settings": more.settings, "parts": ("labelled",)}
        wanted = config.build(Augment, own | {"views": more.times - 1})
        yield from augment(with_labelled(split, few, folder / "few"), wanted, folder / "views")
        made = Views.load(folder / "views").by_id(few)
        extra = [view.example(one) for one in few for view in made[one.id]]
    with_labelled(split, [*labelled, *extra], folder / "split")


def with_labelled(split: Split, labelled: Sequence[Example], folder: Path) -> Split:
    """The same split with other labelled examples, written into `folder`."""
    counts = targets_of(split.axis, labelled).values.sum(axis=0)
    answers = {name: int(count) for name, count in zip(split.axis.names, counts, strict=True)}
    about = split.about | {
        "rows": split.about["rows"] | {"labelled": len(labelled)},
        "answers": split.about["answers"] | {"labelled": answers},
    }
    parts = {name: labelled if name == "labelled" else split.part(name) for name in PARTS}
    return Split.write(folder, parts, about)

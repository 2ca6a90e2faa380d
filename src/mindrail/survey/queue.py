"""What to label next: what the guard is least sure of, what is most unlike its training data, and a random rest.

Uncertain and novel rows are taken for certain, the others are drawn at random among all that remain. So the
chance of each row to be drawn is known, and labels of the whole queue give an unbiased estimate of how common
something is in the whole scan (Horvitz and Thompson, JASA 47, 1952), although most of them were hand-picked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mindrail import config, files
from mindrail.errors import DataError
from mindrail.evaluate.results import Estimate
from mindrail.records import Example, Turn
from mindrail.stats import clopper_pearson
from mindrail.survey.pick import Row
from mindrail.survey.said import Key
from mindrail.survey.shares import CONFIDENCE

Part = Literal["uncertain", "novel", "random"]

MEANS = (
    "Of `rows` scanned messages, those under `drawn` are asked about. `chance` is the probability with which each "
    "was drawn: 1 where it was picked for being uncertain or novel. Weighted by 1 / chance, labels of all of them "
    "estimate shares among all rows without bias; mindrail.survey.queue.prevalence does it."
)

#: the share of a queue that each hand-picked part may have
_PICKED = 0.25


@dataclass(frozen=True)
class Drawn:
    """One row of the queue. `item` is the id of the message that asks for it; several rows with the same words
    share one. `chance` is the probability with which a row like it is drawn.
    """

    item: str
    id: str
    source: str
    row: int
    part: Part
    chance: float


@dataclass(frozen=True)
class Queue:
    """The rows that were drawn among `rows` of a scan."""

    rows: int
    drawn: tuple[Drawn, ...]


def most_picked(size: int) -> int:
    """How many rows of a queue are picked for each reason."""
    return int(size * _PICKED)


def compose(
    size: int, rows: int, uncertain: Sequence[Row], novel: Sequence[Row], at_random: Iterable[Row]
) -> list[tuple[Row, Part, float]]:
    """Which rows make the queue, each with its part and chance.

    `at_random` are rows in random order, drawn without regard to the others; at least `size` of them, or all.
    """
    most = most_picked(size)
    reasons: tuple[tuple[Part, Sequence[Row]], ...] = (("uncertain", uncertain), ("novel", novel))
    picked: dict[int, tuple[Row, Part]] = {}
    for part, found in reasons:
        fresh = [row for row in found if row.place not in picked][:most]
        picked |= {row.place: (row, part) for row in fresh}
    left = [row for row in at_random if row.place not in picked][: max(0, size - len(picked))]
    chance = len(left) / (rows - len(picked)) if left else 0.0
    return [*((row, part, 1.0) for row, part in picked.values()), *((row, "random", chance) for row in left)]


def examples(
    chosen: Sequence[tuple[Row, Part, float]], words: Mapping[Key, tuple[Turn, ...]]
) -> tuple[list[Example], list[Drawn]]:
    """The messages to label, each once, and the rows they stand for. Parts stay out of what annotators see."""
    items: dict[str, Example] = {}
    names: set[str] = set()
    drawn = []
    for row, part, chance in chosen:
        turns = words[row.source, row.row]
        name = row.id if row.id not in names else f"{row.id}@{row.source}:{row.row}"
        tags = {} if part == "random" else {"picked": "scan"}  # why stays in the manifest
        example = Example(turns, id=name, group=row.group, source=row.source, tags=tags)
        item = items.setdefault(example.normalised(), example)
        names.add(item.id)
        drawn.append(Drawn(item.id, row.id, row.source, row.row, part, chance))
    return list(items.values()), drawn


def write(place: Path, queue: Queue, made_from: Mapping[str, Any]) -> Path:
    """Write `PLACE.manifest.json` beside the messages."""
    about = place.with_name(f"{place.name}.manifest.json")
    files.write_json(about, {"schema": 1, "means": MEANS, "made_from": made_from, **config.plain(queue)})
    return about


def read(about: Path) -> Queue:
    """A queue from its manifest. Raises BadFile, BadConfig."""
    value = files.read_json(about)
    return config.build(
        Queue, {name: value[name] for name in ("rows", "drawn") if name in value}, where=about.name
    )


def prevalence(queue: Queue, labels: Mapping[str, bool]) -> Estimate:
    """The share of all scanned rows of which the label is true, from the labels of every item of the queue.

    The interval is exact for the random part and does not know of groups. Raises DataError where labels are
    missing, or where nothing was drawn at random although rows were left out.
    """
    missing = len({one.item for one in queue.drawn} - labels.keys())
    if missing:
        raise DataError(f"{missing} items of the queue have no label. Do: label all of them, then estimate")
    picked = [labels[one.item] for one in queue.drawn if one.part != "random"]
    drawn = [labels[one.item] for one in queue.drawn if one.part == "random"]
    rest = queue.rows - len(picked)
    if rest and not drawn:
        raise DataError(
            "nothing was drawn at random, so nothing is known of the other rows. Do: a larger queue"
        )
    if not rest:
        share = sum(picked) / queue.rows
        return Estimate(share, share, share)
    value = sum(drawn) / len(drawn)
    limits = clopper_pearson(sum(drawn), len(drawn), CONFIDENCE)
    low, high = (value, value) if len(drawn) == rest else (limits.low, limits.high)
    total, low_total, high_total = ((sum(picked) + rest * part) / queue.rows for part in (value, low, high))
    return Estimate(total, low_total, high_total)

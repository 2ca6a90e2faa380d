"""All that a report is made from, gathered once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mindrail.batch.schema import Manifest
from mindrail.evaluate.results import Evaluation
from mindrail.guard import Guard
from mindrail.records import Example
from mindrail.survey.gather import Bearings, Gathered
from mindrail.survey.pick import Row
from mindrail.survey.said import Key, Words


@dataclass(frozen=True)
class Reference:
    """What a guard was made with: messages that stand for its training data, and its dev messages."""

    name: str
    training: Sequence[Example]
    dev: Sequence[Example]


@dataclass(frozen=True)
class Errors:
    """How the guard erred on test messages, and `source`: where that is known from, or why it is not."""

    evaluation: Evaluation | None
    source: str


@dataclass(frozen=True, repr=False)
class Seen:
    """The scan's rows as far as they are kept, and what was given to hold them against.

    `sample` are rows in random order.
    """

    folder: Path
    manifest: Manifest
    found: Bearings
    made: Gathered
    guard: Guard | None
    errors: Errors
    reference: Reference | None
    sample: Sequence[Row]
    words: Words

    def readable(self) -> Iterator[tuple[Row, str]]:
        """The rows of the sample with the judged turn, where words are at hand."""
        for row in self.sample:
            if turns := self.words.turns.get(key(row)):
                yield row, turns[-1].text


def key(row: Row) -> Key:
    """What names a row for good; ids may repeat."""
    return row.source, row.row

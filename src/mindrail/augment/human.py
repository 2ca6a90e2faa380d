"""Reappraisals that people wrote, beside what they reappraise: the control for those that a language model writes.

None of the three sets was labelled safe by anybody. They count as safe because that is what they were written to be,
just as a model's variant counts as what it was asked to be.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from mindrail.augment.methods.reappraise import LEVEL
from mindrail.augment.store import Outcome
from mindrail.data import corpus
from mindrail.data.card import Row
from mindrail.errors import BadConfig
from mindrail.records import Example, Turn
from mindrail.records.views import View


def pairs(name: str) -> Iterator[tuple[Example, Outcome]]:
    """What was reappraised, as a wanted variant, and what somebody wrote. Raises BadConfig for another set."""
    if name not in SETS:
        raise BadConfig(f"'{name}' holds no reappraisals that people wrote; those that do: {', '.join(SETS)}")
    read = SETS[name](list(corpus.rows(name)))
    seen: set[str] = set()
    for before, after in read:
        wanted = _wanted(name, before, after)
        if wanted.id not in seen:
            seen.add(wanted.id)
            turns = (*wanted.turns[:-1], Turn("user", after))
            yield wanted, Outcome(wanted.id, (View(wanted.id, turns, "human"),), ())


def _wanted(name: str, row: Row, after: str) -> Example:
    """The reappraised message with the label that the reappraisal will have."""
    post = Example((Turn("user", row.turns[0][1]),), group=row.group, source=name)
    told = {"origin": name, "of": post.id, "of_source": name, LEVEL: "safe"}
    return replace(
        post,
        answers={"risk": "safe", "harm": ()},
        group=row.group or post.id,
        source="human-reappraised",
        tags=told,
        id=Example((post.turns[0], Turn("user", after))).id,
    )


def _sides(first: str, second: str) -> Callable[[list[Row]], Iterator[tuple[Row, str]]]:
    """Two rows after one another, told apart by their tag `side`."""

    def read(rows: list[Row]) -> Iterator[tuple[Row, str]]:
        for before, after in zip(rows[::2], rows[1::2], strict=True):
            assert (before.tags["side"], after.tags["side"]) == (first, second)
            yield before, after.turns[0][1]

    return read


def _answers(rows: list[Row]) -> Iterator[tuple[Row, str]]:
    """A question and an answer in one row."""
    return ((row, row.turns[1][1]) for row in rows if row.turns[1][1].strip())


SETS: Mapping[str, Callable[[list[Row]], Iterator[tuple[Row, str]]]] = {
    "positive-frames": _sides("original", "reframed"),
    "cognitive-reframing": _sides("thought", "reframe"),
    "counsel-chat": _answers,
}

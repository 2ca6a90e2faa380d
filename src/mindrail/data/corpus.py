"""Sets as examples: by the name of a public set, or by the card of a user's own table."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from mindrail import plugins
from mindrail.data import made, table
from mindrail.data.card import Card, Row
from mindrail.data.fetch import fetch
from mindrail.errors import BadConfig
from mindrail.records.example import Example, Turn
from mindrail.taxonomy.axis import Answer, Axis, Taxonomy
from mindrail.taxonomy.crosswalk import Crosswalk

#: Who speaks the turn that a taxonomy judges.
_SPEAKER = {"message": "user", "response": "assistant"}


def names() -> list[str]:
    """All sets, sorted."""
    return plugins.names("set")


def card(name: str) -> Card:
    """The card of a set. Raises UnknownName."""
    found: Card = plugins.get("set", name).CARD
    return found


def rows(name: str) -> Iterable[Row]:
    """The rows of a set in its own vocabulary, fetched and checked first. Raises what `fetch` raises."""
    loaded: Iterable[Row] = plugins.get("set", name).load(fetch(name, card(name)))
    return loaded


def read(name: str, taxonomy: Taxonomy, axis: Axis, *, labelled: bool = True) -> list[Example]:
    """The examples of a set, of the table that a card ending in .yaml describes, or of a folder that `made` wrote.

    Their labels are read through the crosswalk to the taxonomy; where that says nothing, an example has no
    answer. With `labelled=False` no answer is read, any set will do, and the judged turn is the last one
    of the side that the taxonomy judges.

    Raises UnknownName, BadConfig for a set without answers to the taxonomy (or without a turn to judge),
    BadFile for files that cannot be used, Unreachable, MissingExtra.
    """
    if made.here(name):
        return made.read(name, axis, labelled=labelled)
    wanted = {taxonomy.id: axis} if labelled else {}
    source, found, crosswalks = _own(name, wanted) if name.endswith(".yaml") else _public(name)
    return list(examples(name, source, found, crosswalks, taxonomy, axis, labelled=labelled))


def examples(
    name: str,
    source: str,
    found: Iterable[Row],
    crosswalks: Mapping[str, Crosswalk],
    taxonomy: Taxonomy,
    axis: Axis,
    *,
    labelled: bool,
) -> Iterator[Example]:
    """Rows of the set `name` as examples, one after the other; as `read`, and raises the same BadConfig."""
    if not labelled:
        nothing = True
        for row in _turned(found, taxonomy.judges):
            nothing = False
            yield _example(source, row, {})
        if nothing:
            raise BadConfig(f"set '{name}' holds no {taxonomy.judges} that '{taxonomy.id}' could judge")
        return
    if taxonomy.id not in crosswalks:
        raise BadConfig(
            f"set '{name}' has no answers to '{taxonomy.id}'; it answers: {', '.join(crosswalks) or 'none'}. "
            "Do: choose a taxonomy that it answers, or use the set without labels"
        )
    crosswalk = crosswalks[taxonomy.id]
    if crosswalk.judges is not None:
        found = _turned(found, crosswalk.judges)
    for row in found:
        answer = crosswalk.read(row.labels, axis)
        yield _example(source, row, {} if answer is None else {axis.name: answer})


def _public(name: str) -> tuple[str, Iterable[Row], Mapping[str, Crosswalk]]:
    return name, rows(name), card(name).crosswalks


def _own(name: str, wanted: Mapping[str, Axis]) -> tuple[str, Iterable[Row], Mapping[str, Crosswalk]]:
    own = table.load_card(Path(name))
    read = table.read(own, wanted.get(own.axis))
    return own.source, read.rows, {own.axis: own.crosswalk} if own.axis else {}


def _turned(found: Iterable[Row], judges: str) -> Iterator[Row]:
    """The rows that hold a turn of the side that is judged, with its last one in focus."""
    return (row for row in map(partial(_judging, _SPEAKER[judges]), found) if row is not None)


def _judging(speaker: str, row: Row) -> Row | None:
    """The row with the last turn of that speaker judged, None where there is none."""
    spoken = [place for place, (who, _) in enumerate(row.turns) if who == speaker]
    return replace(row, focus=spoken[-1]) if spoken else None


def _example(source: str, row: Row, answers: Mapping[str, Answer]) -> Example:
    return Example(
        tuple(Turn(who, text) for who, text in row.turns),
        focus=row.focus,
        answers=answers,
        group=row.group,
        source=source,
        tags={**row.tags, "split": row.split} if row.split else row.tags,
    )

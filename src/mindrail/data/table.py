"""A user's own CSV, TSV, JSONL, Parquet or Arrow file as a set, described by a card of five lines.

file: messages.csv
text: message
label: verdict
axis: emotional-risk
labels: {fine: safe, unclear: null, urgent: unsafe}
"""

import json
import logging
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from mindrail import config
from mindrail.data import _records
from mindrail.data.bad_rows import BadRow, Unusable, allowance, refuse
from mindrail.data.card import Row
from mindrail.errors import BadConfig, BadFile
from mindrail.taxonomy.axis import Axis
from mindrail.taxonomy.crosswalk import Crosswalk

#: The most text that one turn may hold, in UTF-8 bytes.
MOST_TEXT = 64 * 1024

#: Formats that `stream` reads in blocks.
STREAMED = tuple(_records.BLOCKS)

_LOG = logging.getLogger(__name__)

_ROLES = ("user", "assistant")


@dataclass(frozen=True)
class UserCard:
    """What a table holds and how its labels read.

    Either `text` names the column of messages, or `context` and `response` those of an exchange, or
    `messages` one that holds lists of {role, content}; the last turn is judged. `axis` is the id of a
    taxonomy. `labels` maps each own label to a label of it, to a list for `any_of`, or to null where it
    says nothing; an empty cell is unknown. `file` is relative to the card.
    """

    file: Path
    text: str | None = None
    context: str | None = None
    response: str | None = None
    messages: str | None = None
    label: str | None = None
    axis: str = ""
    labels: Mapping[str | int | bool, str | tuple[str, ...] | None] = field(default_factory=dict)
    group: str | None = None
    split: str | None = None
    id: str | None = None
    picked: str | None = None  # why a message was picked to be labelled; empty: it was drawn at random
    source: str = ""
    #: between the labels of one cell, such as ";"; lists in JSONL and Parquet need none
    separator: str | None = None
    #: how many bad rows may be left out: a number, or a share such as "2%"
    skip_bad: int | str = 0

    def __post_init__(self) -> None:
        ways = (self.text, self.response, self.messages)
        if sum(way is not None for way in ways) != 1 or (self.context is None) != (self.response is None):
            raise ValueError("give one of: text; context and response; messages")
        if (self.label is None) != (not self.labels) or (self.label is None) != (not self.axis):
            raise ValueError(
                "give label, labels and axis together, or none of them for a table without labels"
            )
        if self.separator == "":
            raise ValueError("separator is empty; leave it out where a cell holds one label")
        allowance(self.skip_bad, 0)

    @property
    def columns(self) -> dict[str, str]:
        """The columns that are read, and what each must hold."""
        needed = dict.fromkeys(filter(None, (self.text, self.context, self.response)), "text")
        needed |= dict.fromkeys(filter(None, (self.messages,)), "messages")
        return needed | dict.fromkeys(
            filter(None, (self.label, self.group, self.split, self.id, self.picked)), "label"
        )

    @cached_property
    def crosswalk(self) -> Crosswalk:
        """How the table's labels answer its axis. An empty list of labels says that none holds."""
        return Crosswalk({_word(own): reading for own, reading in self.labels.items()} | {"": ()})


@dataclass(frozen=True)
class Table:
    """What was read: the rows, and the dead letters that `skip_bad` let go."""

    rows: tuple[Row, ...]
    dead: tuple[BadRow, ...]


def load_card(path: Path) -> UserCard:
    """Read a card. Raises BadConfig, BadFile."""
    card = config.load(UserCard, path)
    return replace(card, file=path.parent / card.file, source=card.source or path.stem)


def read(card: UserCard, axis: Axis | None = None) -> Table:
    """Read a table; with `axis` also its labels.

    Raises BadConfig where the card does not fit the axis, MissingExtra for Parquet without pyarrow, and
    BadFile for a file that cannot be read, or that has more bad rows than the card allows.
    """
    if axis is not None:
        _check(card, axis)
    bad: list[BadRow] = []
    rows = list(_usable(card, _records.read(card.file, card.columns), axis, bad))
    total = len(rows) + len(bad)
    bad += _same_ids(rows)
    out = {b.row for b in bad}
    kept = tuple(row for number, row in rows if number not in out)
    _judge(card, len(kept), bad, total)
    return Table(kept, tuple(sorted(bad)))


def stream(card: UserCard, axis: Axis | None = None) -> Iterator[Row]:
    """The rows of a table in one of the STREAMED formats, of any size, as they are read; ids are not compared.

    Raises what `read` raises; what depends on the number of bad rows, at the end.
    """
    if axis is not None:
        _check(card, axis)
    bad: list[BadRow] = []
    good = 0
    for _, row in _usable(card, _records.read(card.file, card.columns, limited=False), axis, bad):
        good += 1
        yield row
    _judge(card, good, bad, good + len(bad))


def _usable(
    card: UserCard, records: Iterable[_records.Record], axis: Axis | None, bad: list[BadRow]
) -> Iterator[tuple[int, Row]]:
    """The rows that can be used, with their numbers; the others are added to `bad`."""
    for number, record in records:
        try:
            if isinstance(record, str):
                raise Unusable(record)
            yield number, _row(card, record, axis)
        except Unusable as error:
            bad.append(BadRow(number, error.code))


def _judge(card: UserCard, good: int, bad: Sequence[BadRow], total: int) -> None:
    """Refuse a table with too many bad rows, or no good one; say what was left out."""
    if len(bad) > allowance(card.skip_bad, total):
        raise refuse(card.file, bad, total)
    if not good:
        raise BadFile(card.file, f"no usable row among {total}; expected at least one")
    if bad:
        codes = Counter(one.code for one in bad)
        _LOG.warning("%s: left out %d bad rows: %s", card.source, len(bad), dict(sorted(codes.items())))


def _same_ids(rows: list[tuple[int, Row]]) -> list[BadRow]:
    """Rows whose id stands there before: the later ones, or all where their labels differ."""
    by_id: dict[str, list[tuple[int, Row]]] = {}
    for number, row in rows:
        if "id" in row.tags:
            by_id.setdefault(row.tags["id"], []).append((number, row))
    bad = []
    for same in by_id.values():
        if any(row.labels != same[0][1].labels for _, row in same):
            bad += [BadRow(number, "conflicting-id") for number, _ in same]
        else:
            bad += [BadRow(number, "repeated-id") for number, _ in same[1:]]
    return bad


def _check(card: UserCard, axis: Axis) -> None:
    """Refuse a card that reads its labels as something the axis does not know."""
    for reading in card.labels.values():
        try:
            if reading is not None:
                axis.check(reading)
        except ValueError as error:
            raise BadConfig(f"labels: {error}") from None


def _row(card: UserCard, record: Mapping[str, object], axis: Axis | None) -> Row:
    """One record as a row. Raises Unusable."""
    labels: dict[str, tuple[str, ...]] = {}
    if axis is not None and card.label is not None:
        labels["label"] = _labels(record.get(card.label), card, axis)
    tags = {}
    if card.id is not None:
        tags["id"] = _cell(record, card.id)
        if not tags["id"]:
            raise Unusable("no-id")
    if picked := _cell(record, card.picked):
        tags["picked"] = picked
    group = _cell(record, card.group)
    return Row(
        _turns(card, record),
        labels,
        split=_cell(record, card.split),
        group=f"{card.source}:{group}" if group else None,
        tags=tags,
    )


def _turns(card: UserCard, record: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """What was said, the judged turn last."""
    if card.messages is not None:
        return _conversation(_present(record, card.messages))
    if card.response is not None and card.context is not None:
        before = _present(record, card.context)
        response = ("assistant", _text(_present(record, card.response)))
        return (response,) if before in (None, "") else (("user", _text(before)), response)
    assert card.text is not None
    return (("user", _text(_present(record, card.text))),)


def _present(record: Mapping[str, object], column: str) -> object:
    if column not in record:
        raise Unusable("missing-column")
    return record[column]


def _conversation(value: object) -> tuple[tuple[str, str], ...]:
    """Turns from a list of {role, content}, or from JSON of one; what the system says is not a turn."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Unusable("not-messages") from None
    if value is None or value == []:
        raise Unusable("empty-text")
    if not isinstance(value, list) or not all(isinstance(turn, Mapping) for turn in value):
        raise Unusable("not-messages")
    turns = []
    for turn in value:
        if turn.get("role") == "system":
            continue
        if turn.get("role") not in _ROLES:
            raise Unusable("unknown-role")
        turns.append((turn["role"], _text(turn.get("content"))))
    if not turns:
        raise Unusable("empty-text")
    return tuple(turns)


def _text(value: object) -> str:
    """The value if it is a text that can be judged."""
    if value is None:
        raise Unusable("empty-text")
    if not isinstance(value, str):
        raise Unusable("not-text")
    if not value.strip():
        raise Unusable("empty-text")
    if "\x00" in value:
        raise Unusable("nul")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise Unusable("bad-unicode") from None
    if size > MOST_TEXT:
        raise Unusable("long-text")
    return value


def _labels(value: object, card: UserCard, axis: Axis) -> tuple[str, ...]:
    """The own labels of one cell: none where it is empty, "" where it holds an empty list."""
    if isinstance(value, str) and card.separator is not None:
        value = value.split(card.separator) if value.strip() else None
    if isinstance(value, list):
        words = tuple(dict.fromkeys(word for item in value if (word := _word(item)))) or ("",)
    else:
        words = (_word(value),)
    if len(words) > 1 and axis.exclusive:
        raise Unusable("several-labels")
    if any(word not in card.crosswalk.labels for word in words):
        raise Unusable("unknown-label")
    return () if words == ("",) and (axis.exclusive or not isinstance(value, list)) else words


def _cell(record: Mapping[str, object], column: str | None) -> str:
    return _word(record.get(column)) if column is not None else ""


def _word(value: object) -> str:
    """A label, id or group as a word: `1.0` is `1`, true is `true`, nothing is empty. Raises Unusable."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int):
        return str(value).strip()
    raise Unusable("wrong-label-type")

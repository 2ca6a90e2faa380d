"""Cells of inputs as rows to judge: which text, of whom, when, and what was said before it."""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from mindrail.batch.bad import Bad, Unusable
from mindrail.batch.sources._base import MOST_TEXT, Cells
from mindrail.errors import UsageError
from mindrail.guard.messages import SPEAKERS, example_of, whole

#: (speaker, text) of each turn, the judged one last
Said = tuple[tuple[str, str], ...]

#: of what was said before, at least so many characters are kept; no model looks further back
_CONTEXT = 20_000
#: conversations whose last turns are remembered while their next may come
_OPEN = 1000

#: numbers up to these are seconds, milliseconds, and else microseconds since 1970
_SECONDS, _MILLISECONDS = 1e11, 1e14


@dataclass(frozen=True)
class Columns:
    """Which column holds what.

    `messages` holds whole conversations, of which the last turn of the side that the guard judges is judged.
    With `conversation` every row is a turn, spoken by `role`; each is judged with the rows before it that have the
    same conversation. `group` names the person or conversation (default: `conversation`).
    """

    text: str = "text"
    messages: str | None = None
    conversation: str | None = None
    role: str | None = None
    id: str | None = None
    time: str | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        if self.role is not None and self.conversation is None:
            raise ValueError("role is given without conversation; turns need to know what they belong to")
        if self.messages is not None and self.conversation is not None:
            raise ValueError(
                "give messages (a conversation per row) or conversation (a turn per row), not both"
            )

    @property
    def wanted(self) -> tuple[str, ...]:
        """All that are read, each once."""
        said = self.messages or self.text
        named = (said, self.conversation, self.role, self.id, self.time, self.group)
        return tuple(dict.fromkeys(name for name in named if name is not None))


class Row(NamedTuple):
    """One row to judge."""

    source: str
    row: int
    id: str
    at: datetime | None
    group: str | None
    said: Said


class Heard(NamedTuple):
    """A turn of the other side: read as context of the turns after it, not judged."""

    source: str
    row: int


Record = Row | Bad | Heard


class Reader:
    """Makes records of cells, for a guard that judges one `side`; remembers the conversations that are going on."""

    def __init__(self, columns: Columns, side: str) -> None:
        self.columns, self.side = columns, side
        self._going_on: OrderedDict[str, Said] = OrderedDict()

    def read(self, source: str, cells: Cells) -> Record:
        """One record of one row's cells."""
        if isinstance(cells.values, str):
            return Bad(source, cells.number, cells.values, cells.length)
        try:
            return self._record(source, cells, cells.values)
        except Unusable as error:
            return Bad(source, cells.number, error.code, cells.length or _length(cells.values))

    def _record(self, source: str, cells: Cells, values: Mapping[str, object]) -> Record:
        columns = self.columns
        group = _word(values, columns.group or columns.conversation)
        whole_one = columns.messages
        said = self._turn(values) if whole_one is None else self._last_of(_present(values, whole_one))
        if said is None:
            return Heard(source, cells.number)
        name = _word(values, columns.id) or cells.name or f"{source}:{cells.number}"
        at = _time(values.get(columns.time)) if columns.time is not None else None
        return Row(source, cells.number, name, at, group, said)

    def _turn(self, values: Mapping[str, object]) -> Said | None:
        """A row that is one turn, after those before it; None for one of the other side."""
        text = _text(_present(values, self.columns.text))
        if self.columns.conversation is None:
            return (("user", text),)
        key = _word(values, self.columns.conversation)
        if key is None:
            raise Unusable("no-conversation")
        role = self.side if self.columns.role is None else values.get(self.columns.role)
        if not isinstance(role, str) or role not in SPEAKERS:
            raise Unusable("unknown-role")
        before = self._going_on.pop(key, ())
        speaker = SPEAKERS[role]
        said = _recent(before) + (((speaker, text),) if speaker else ())
        self._going_on[key] = said
        if len(self._going_on) > _OPEN:
            self._going_on.popitem(last=False)
        return said if speaker == self.side else None

    def _last_of(self, value: object) -> Said:
        """A row that is a conversation, up to the last turn of our side."""
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise Unusable("not-messages") from None
        if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
            raise Unusable("not-messages")
        ours = [at for at, one in enumerate(value) if SPEAKERS.get(str(one.get("role"))) == self.side]
        if not ours:
            raise Unusable("nobody-judged")
        try:
            turns = example_of(value, ours[-1]).turns
        except UsageError:
            raise Unusable("not-messages") from None
        said = tuple((turn.speaker, turn.text) for turn in turns)
        return (*_recent(said[:-1]), (said[-1][0], _text(said[-1][1])))


def _recent(said: Said) -> Said:
    """The last turns that hold so many characters that no model looks further back."""
    length = 0
    for place in range(len(said) - 1, -1, -1):
        length += len(said[place][1])
        if length >= _CONTEXT:
            return said[place:]
    return said


def _present(values: Mapping[str, object], column: str) -> object:
    if column not in values:
        raise Unusable("missing-column")
    return values[column]


def _text(value: object) -> str:
    """A text as a guard takes it. Raises Unusable."""
    if not isinstance(value, str):
        raise Unusable("not-text")
    if len(value) > MOST_TEXT:
        raise Unusable("long-text")
    return whole(value)


def _word(values: Mapping[str, object], column: str | None) -> str | None:
    """An id or group as a word, None where there is none."""
    value = None if column is None else values.get(column)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None or value == "" else whole(str(value))


def _time(value: Any) -> datetime | None:
    """A moment in UTC: of a timestamp, of ISO 8601 (without a zone: UTC), or of a number since 1970. Else None."""
    try:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                value = datetime.fromisoformat(value.strip())
        if isinstance(value, int | float) and not isinstance(value, bool):
            scale = 1 if abs(value) < _SECONDS else 1e3 if abs(value) < _MILLISECONDS else 1e6
            value = datetime.fromtimestamp(value / scale, UTC)
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _length(values: Mapping[str, object]) -> int:
    """Bytes of all texts of a row whose source does not know its length."""
    return sum(len(value.encode(errors="replace")) for value in values.values() if isinstance(value, str))

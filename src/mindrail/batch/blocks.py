"""Where a shard ends: the stream of records cut into blocks, the same way whenever the same inputs are read."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mindrail.batch.bad import Bad
from mindrail.batch.rows import Heard, Record, Row

#: characters that a block holds at most, unless one row has more
_MOST_CHARACTERS = 8 << 20


@dataclass
class Block:
    """The rows of one shard. `first` and `number` count from 1; `context` turns were read but are not judged.

    `done` is how many bytes of the inputs were behind us when it was full.
    """

    number: int
    first: int
    rows: list[Row] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    context: int = 0
    done: int = 0

    @property
    def size(self) -> int:
        """How many rows of the inputs it covers."""
        return len(self.rows) + len(self.bad) + self.context

    def digest(self) -> str:
        """Changes with anything that was read."""
        value = hashlib.sha256()
        for record in (self.first, self.context, *self.rows, *self.bad):
            value.update(repr(record).encode())
        return value.hexdigest()


def blocks(records: Iterable[Record], rows: int) -> Iterator[Block]:
    """Blocks of so many rows, of fewer where they are long. There is always one, if only an empty one."""
    block, characters = Block(1, 1), 0
    for record in records:
        long = sum(len(text) for _, text in record.said) if isinstance(record, Row) else 0
        if block.size and (block.size >= rows or characters + long > _MOST_CHARACTERS):
            yield block
            block, characters = Block(block.number + 1, block.first + block.size), 0
        characters += long
        match record:
            case Row():
                block.rows.append(record)
            case Bad():
                block.bad.append(record)
            case Heard():
                block.context += 1
    yield block

"""Blocks as shards on the disk: each is there as a whole or not at all, and always with the same bytes."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mindrail import files
from mindrail.batch.answers import Answered, Outcome
from mindrail.batch.bad import Bad
from mindrail.batch.blocks import Block
from mindrail.batch.schema import CHANCE, ROWS, About, Shard, columns, pyarrow_
from mindrail.errors import BadFile

#: what a shard says of itself, in the metadata of its file
_ABOUT = b"mindrail"


class Sink:
    """The shards of one scan."""

    def __init__(self, folder: Path, guard: About, *, with_text: bool) -> None:
        self.folder, self.guard, self.with_text = folder, guard, with_text
        self._columns = columns(guard.labels, with_text=with_text)

    def there(self, block: Block) -> bool:
        """Whether its shard is."""
        return self._place(block).is_file()

    def found(self, block: Block) -> tuple[Shard, list[Bad]]:
        """A shard that is there. Raises BadFile where it is broken, or was made of other rows."""
        place = self._place(block)
        arrow, parquet = pyarrow_()
        try:
            about = json.loads(parquet.read_schema(place).metadata[_ABOUT])
        except (arrow.ArrowException, OSError, KeyError, TypeError, ValueError):
            raise BadFile(place, "not a whole shard. Do: remove it and scan with --resume") from None
        if about["digest"] != block.digest():
            problem = "this shard was made of other rows than those that are read now"
            raise BadFile(place, f"{problem}. Do: give the same input, or scan again with --overwrite")
        bad = [Bad(*one) for one in about["bad"]]
        return self._shard(block, bad, files.sha256(place)), bad

    def keep(self, block: Block, answers: Sequence[Answered]) -> tuple[Shard, list[Bad]]:
        """Write its shard. Rows without an answer join its bad ones. Raises OutOfSpace."""
        arrow, parquet = pyarrow_()
        judged = [
            (row, one) for row, one in zip(block.rows, answers, strict=True) if isinstance(one, Outcome)
        ]
        failed = [
            Bad(row.source, row.row, one, len(row.said[-1][1].encode()))
            for row, one in zip(block.rows, answers, strict=True)
            if isinstance(one, str)
        ]
        bad = [*block.bad, *failed]
        about = {"digest": block.digest(), "first": block.first, "context": block.context, "bad": bad}
        schema = self._columns.with_metadata({_ABOUT: json.dumps(about).encode()})
        table = arrow.table(self._cells(judged), schema=schema)
        stream = arrow.BufferOutputStream()
        parquet.write_table(table, stream, compression="zstd", write_page_checksum=True)
        content = stream.getvalue().to_pybytes()
        files.write_bytes(self._place(block), content)
        return self._shard(block, bad, hashlib.sha256(content).hexdigest()), bad

    def _cells(self, judged: Sequence[tuple[Any, Outcome]]) -> dict[str, list[Any]]:
        cells: dict[str, list[Any]] = {
            name: [getattr(row, name) for row, _ in judged] for name in ("id", "source", "row", "at", "group")
        }
        for name in ("decision", "label", "probability", "coverage", "code"):
            cells[name] = [getattr(one, name) for _, one in judged]
        for place, label in enumerate(self.guard.labels):
            cells[f"{CHANCE}{label}"] = [one.chances[place] for _, one in judged]
        cells["guard"] = [self.guard.id] * len(judged)
        if self.with_text:
            cells["text"] = [row.said[-1][1] for row, _ in judged]
        return cells

    def _place(self, block: Block) -> Path:
        return self.folder / ROWS / f"{block.number:06}.parquet"

    def _shard(self, block: Block, bad: Sequence[Bad], sha256: str) -> Shard:
        rows = block.size - block.context - len(bad)
        name = f"{ROWS}/{self._place(block).name}"
        return Shard(name, block.first, rows, len(bad), block.context, sha256)

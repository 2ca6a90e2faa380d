"""Messages to label, from wherever a team has them: sets, tables with or without a card, splits, plain lists."""

from pathlib import Path

from mindrail.data import corpus, table
from mindrail.errors import BadConfig
from mindrail.files import read_jsonl, read_text
from mindrail.records import Example, Turn, jsonl
from mindrail.taxonomy import Taxonomy


def read(name: str, asked: Taxonomy) -> list[Example]:
    """Examples of a set, a card (.yaml), a split's part or messages (.jsonl), a table (.csv, .tsv), lines (.txt)."""
    path, axis = Path(name), asked.axes[0]
    if path.suffix == ".txt":
        lines = read_text(path).splitlines()
        return [Example((Turn("user", line.strip()),), source=path.stem) for line in lines if line.strip()]
    if path.suffix == ".jsonl":
        first = next((row for _, row in read_jsonl(path)), {})
        if "turns" in first:
            return jsonl.read(path)
        return _table(path, chat="messages" in first)
    if path.suffix in (".csv", ".tsv"):
        return _table(path)
    try:
        return corpus.read(name, asked, axis)
    except BadConfig:  # it has no answers to this question
        return corpus.read(name, asked, axis, labelled=False)


def _table(path: Path, *, chat: bool = False) -> list[Example]:
    """A table without a card: its messages, and nothing else."""
    card = table.UserCard(path, text=None if chat else "text", messages="messages" if chat else None)
    return [
        Example(tuple(Turn(who, text) for who, text in row.turns), source=path.stem)
        for row in table.read(card).rows
    ]

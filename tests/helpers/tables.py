"""A user's own table with its card, written and read."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from mindrail import taxonomy
from mindrail.data import table

RISK = taxonomy.load("emotional-risk").axis()
HARM = taxonomy.load("harm-six").axis()

#: Stands in bad rows; no error may repeat it.
SECRET = "xylophone-in-the-garden"

CARD = """
file: {file}
text: text
label: label
axis: emotional-risk
labels: {{fine: safe, unclear: null, urgent: unsafe}}
"""
MANY = """
file: {file}
text: text
label: label
axis: harm-six
labels: {{guns: weapons, pills: [substances], both: [weapons, substances], none: []}}
"""


def read(
    folder: Path, content: bytes | str, suffix: str = ".csv", card: str = CARD, extra: str = ""
) -> table.Table:
    """Write a file and its card, and read it."""
    name = f"mine{suffix}"
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "mine.yaml").write_text(card.format(file=name) + extra)
    own = table.load_card(folder / "mine.yaml")
    return table.read(own, HARM if own.axis == "harm-six" else RISK)


def as_parquet(folder: Path, **columns: Any) -> bytes:
    parquet.write_table(pa.table(columns), folder / "made.parquet")
    return (folder / "made.parquet").read_bytes()


def talk(*turns: tuple[object, object]) -> list[dict[str, object]]:
    return [{"role": role, "content": content} for role, content in turns]

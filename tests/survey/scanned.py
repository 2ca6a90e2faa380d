"""Scans that never were: folders in the form that a scan writes, with everyday messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from helpers.axes import SCALE
from mindrail import files
from mindrail.batch.schema import About, Counts, Given, Manifest, Shard, columns
from mindrail.taxonomy import Axis


@dataclass
class Row:
    """One judged row; the rest follows from `risk`, the probability of the last label."""

    risk: float = 0.01
    id: str = ""
    source: str = "in.jsonl"
    at: datetime | None = None
    group: str | None = None
    text: str = "the soup is ready"
    coverage: float = 1.0
    code: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def cells(self, number: int, axis: Axis) -> dict[str, Any]:
        labels, rest = axis.names, (1 - self.risk) / (len(axis.names) - 1)
        chances = [rest] * (len(labels) - 1) + [self.risk]
        if len(labels) == 3:  # of the tiny guards: review from 0.3, block from 0.6
            chances = [1 - self.risk, 0.0, self.risk]
        decision = "block" if self.risk >= 0.6 else "review" if self.risk >= 0.3 or self.code else "allow"
        label = labels[-1] if self.risk >= 0.3 else labels[0]
        code = self.code or {"allow": "clear", "review": "over-review", "block": "over-block"}[decision]
        return {
            "id": self.id or f"m{number}", "source": self.source, "row": number, "at": self.at, "group": self.group,
            "decision": decision, "label": label, "probability": max(self.risk, 1 - self.risk),
            **{f"p.{name}": value for name, value in zip(labels, chances, strict=True)},
            "coverage": self.coverage, "code": code, "guard": "g", "text": self.text, **self.more,
        }  # fmt: skip


def write(
    folder: Path,
    rows: Sequence[Row],
    *,
    axis: Axis = SCALE,
    guard: str = "0123456789ab",
    with_text: bool = True,
    shard: int = 100,
    bad: Sequence[dict[str, Any]] = (),
    complete: bool = True,
) -> Path:
    """A finished scan of an input that is gone."""
    schema = columns(axis.names, with_text=with_text)
    shards = []
    (folder / "rows").mkdir(parents=True)
    for start in range(0, len(rows), shard):
        some = [row.cells(start + i + 1, axis) for i, row in enumerate(rows[start : start + shard])]
        name = f"rows/{len(shards) + 1:06}.parquet"
        table = pa.table(
            {column: [cells[column] for cells in some] for column in schema.names}, schema=schema
        )
        parquet.write_table(table, folder / name)
        shards.append(Shard(name, start + 1, len(some), 0, 0, files.sha256(folder / name)))
    about = About(guard, "onnx", "tiny", axis.name, axis.names, "no promise: made for a test")
    settings = {"columns": {"text": "text"}, "with_text": with_text, "shard_rows": shard}
    inputs = (Given(str(folder / "gone.jsonl"), "jsonl", 10, "0" * 64),)
    counts = Counts(len(rows), len(bad), 0, len(rows), None)
    files.write_json(
        folder / "manifest.json",
        Manifest(about, settings, inputs, tuple(shards), counts, complete).to_dict(),
    )
    files.write_jsonl(folder / "bad.jsonl", bad)
    return folder


WORDS = (
    "soup",
    "bread",
    "garden",
    "bicycle",
    "letter",
    "window",
    "river",
    "teacher",
    "market",
    "kitchen",
    "train",
)
OTHER = (
    "orbit",
    "nebula",
    "rocket",
    "comet",
    "lunar",
    "galaxy",
    "solar",
    "probe",
    "module",
    "launch",
    "crater",
)


def sentences(size: int, seed: int, words: Sequence[str] = WORDS) -> list[str]:
    """Sentences of eight words each, drawn from a small world; hardly any comes twice."""
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(words, 8)) for _ in range(size)]

"""Small scans: inputs of mild messages, an engine without processes, and what a scan left."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mindrail import plugins
from mindrail.batch.answers import Answered, answer
from mindrail.batch.rows import Said
from mindrail.batch.schema import Manifest, read_rows
from mindrail.guard import Guard
from mindrail.recipes import scan as recipe

#: stands for what nobody may find outside of `--with-text`
MARK = "zebra-7f3a9c-quokka"


class Here:
    """An engine in this very process; `asked` is what it was asked, text by text."""

    def __init__(self, guard: Guard) -> None:
        self.guard, self.asked = guard, list[Said]()

    def submit(self, asked: Sequence[Said]) -> Future[list[Answered]]:
        self.asked += asked
        done: Future[list[Answered]] = Future()
        done.set_result(answer(self.guard, asked))
        return done


def in_this_process(patch: pytest.MonkeyPatch) -> list[Here]:
    """Make scans work here; the engines they start are added to the list."""
    started: list[Here] = []

    @contextmanager
    def start(guard: Path, workers: int | None, address: str | None) -> Iterator[Here]:
        started.append(Here(Guard.load(guard, threads=1)))
        yield started[-1]

    def get(kind: str, name: str) -> Any:
        return SimpleNamespace(start=start) if kind == "engine" else plugins.get(kind, name)

    patch.setattr(recipe, "plugins", SimpleNamespace(get=get))
    return started


def messages(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Rows with an id, a time and a text; every seventh has a storm in it, every third has been said before."""
    words = ["the soup is ready", "we walk in the park", "please come", "a calm day", "now we go"]
    said = [f"{words[i % 5]} {i if i % 3 else ''}{' storm' if i % 7 == 0 else ''}" for i in range(count)]
    return [
        {"id": f"m{i}", "text": text, "sent": 1_700_000_000 + i} for i, text in enumerate(said, start=start)
    ]


def jsonl(place: Path, rows: Sequence[Mapping[str, Any] | str]) -> Path:
    """Objects as lines, and strings as the lines they are; packed if the name says so."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    raw = "".join(f"{line}\n" for line in lines).encode()
    place.write_bytes(gzip.compress(raw, mtime=0) if place.suffix == ".gz" else raw)
    return place


def scanned(out: Path, *inputs: Path, **settings: Any) -> Manifest:
    """Run a scan to its end."""
    steps = recipe.scan(recipe.Scan(tuple(map(str, inputs)), out=out, **settings))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            manifest: Manifest = end.value
            return manifest


def rows(out: Path) -> list[dict[str, Any]]:
    """All judged rows, in order."""
    return [row for table in read_rows(out) for row in table.to_pylist()]


def bad(out: Path) -> list[tuple[int, str]]:
    """(row, code) of all that were not judged."""
    lines = [json.loads(line) for line in (out / "bad.jsonl").read_text().splitlines()]
    assert all(line.keys() == {"source", "row", "code", "length"} for line in lines)
    return [(line["row"], line["code"]) for line in lines]


def content(out: Path) -> dict[str, bytes]:
    """Every file but the manifest, which knows how often the model was asked."""
    return {
        path.name: path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }

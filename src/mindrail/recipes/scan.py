"""`scan`: a guard over all rows of some inputs, into a folder of shards (mindrail.batch, docs/scan.md)."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

from mindrail import config, files, plugins
from mindrail.batch import inputs, repeats
from mindrail.batch.bad import CODES, Bad
from mindrail.batch.blocks import Block, blocks
from mindrail.batch.engines._base import Start
from mindrail.batch.rows import Columns, Reader, Record
from mindrail.batch.schema import BAD, MANIFEST, REPORT, ROWS, About, Counts, Manifest, Shard, read_manifest
from mindrail.batch.scoring import Memory, answered
from mindrail.batch.sink import Sink
from mindrail.errors import BadFile, UsageError
from mindrail.guard import Guard


@dataclass(frozen=True)
class Scan:
    """What to read, and how to go about it. `columns`, `with_text` and `shard_rows` decide what is written."""

    inputs: tuple[str, ...]
    guard: Path
    out: Path
    columns: Columns = field(default_factory=Columns)
    format: str | None = None
    with_text: bool = False
    shard_rows: int = 5000
    strict: bool = False  # the first row that cannot be judged ends the scan
    engine: str = "local"
    address: str | None = None  # of a Ray cluster
    workers: int | None = None  # default: one per core
    remember: int = 1 << 16  # texts whose answers are kept for when they come again; 0: every text is asked
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        if not self.inputs:
            raise ValueError("nothing to scan. Do: name files or folders, or - for standard input")
        if self.shard_rows < 1 or self.remember < 0 or (self.workers is not None and self.workers < 1):
            raise ValueError("shard_rows and workers count from 1, remember from 0")
        if self.resume and self.overwrite:
            raise ValueError("found both resume and overwrite, expected one of them")

    def deciding(self) -> dict[str, Any]:
        """The settings that decide what is written."""
        return {"columns": asdict(self.columns), "with_text": self.with_text, "shard_rows": self.shard_rows}


@dataclass(frozen=True)
class Progress:
    """How far a scan is. `fresh` rows were judged by this run; bytes of the inputs, `size` None where unknown."""

    counts: Counts
    fresh: int
    done: int
    size: int | None


def scan(settings: Scan) -> Generator[Progress, None, Manifest]:
    """Go through all inputs, yielding progress after each shard; the manifest of what lies in `out` then.

    Raises UsageError for an `out` that exists (unless it is to be resumed or overwritten) and for a resume of
    another scan, BadFile for inputs that are not there, that change, or of which no row can be judged, OutOfSpace.
    """
    start: Start = plugins.get("engine", settings.engine).start
    guard = Guard.load(settings.guard)
    side, about = guard.side, _about(guard)
    del guard  # the workers have their own
    given = tuple(one.given() for one in inputs.find(settings.inputs, settings.format))
    manifest = Manifest(about, settings.deciding(), given)
    _allowed(settings, manifest)
    run = _Run(settings, manifest, Reader(settings.columns, side))
    with _locked(settings.out):
        _prepare(settings, manifest)
        with (
            start(settings.guard, settings.workers, settings.address) as engine,
            (settings.out / BAD).open("w", encoding="utf-8") as bad_rows,
        ):
            for block, answers, asked in answered(run.todo(), engine, Memory(settings.remember)):
                shard, bad = run.sink.found(block) if answers is None else run.sink.keep(block, answers)
                _write(bad_rows, bad, settings.out)
                run.add(shard, asked, fresh=answers is not None)
                run.check(block, bad)
                yield run.progress(block)
        return run.finished()


class _Run:
    """What a scan knows while it goes on."""

    def __init__(self, settings: Scan, manifest: Manifest, reader: Reader) -> None:
        self.settings, self.manifest, self.reader = settings, manifest, reader
        self.sink = Sink(settings.out, manifest.guard, with_text=settings.with_text)
        sizes = [given.size for given in manifest.inputs if given.size is not None]
        self.size = sum(sizes) if len(sizes) == len(manifest.inputs) else None
        self.shards: list[Shard] = []
        self.counts, self.fresh = Counts(), 0
        self._behind, self._reading = 0, inputs.Reading(manifest.inputs[0], (), "")

    def todo(self) -> Iterator[tuple[Block, bool]]:
        """All blocks, and whether their shards are there."""
        for block in blocks(self._records(), self.settings.shard_rows):
            block.done = self._behind + self._reading.done
            yield block, self.sink.there(block)

    def _records(self) -> Iterator[Record]:
        """Of all inputs, one after the other."""
        columns = self.settings.columns
        for given in self.manifest.inputs:
            self._behind += self._reading.done
            self._reading = inputs.Reading(given, columns.wanted, columns.text)
            for cells in self._reading:
                yield self.reader.read(given.name, cells)

    def add(self, shard: Shard, asked: int, *, fresh: bool) -> None:
        """Count one more shard."""
        self.shards.append(shard)
        self.fresh += shard.rows if fresh else 0
        known = self.counts
        self.counts = Counts(
            known.rows + shard.rows, known.bad + shard.bad, known.context + shard.context, known.asked + asked
        )

    def check(self, block: Block, bad: list[Bad]) -> None:
        """Raises BadFile for a bad row where none may be, and for a first shard of nothing else."""
        if bad and self.settings.strict:
            place, row, code, length = bad[0]
            raise BadFile(place, f"{code}: {CODES[code]}; {length} bytes", line=row)
        if block.number == 1 and bad and len(bad) + block.context == block.size:
            codes = Counter(one.code for one in bad)
            told = ", ".join(f"{code} in {number} ({CODES[code]})" for code, number in codes.most_common())
            raise BadFile(
                bad[0].source,
                f"none of the first {block.size} rows can be judged: {told}. Do: see whether --text and the other "
                "columns are named as in the input; then scan with --overwrite",
            )

    def progress(self, block: Block) -> Progress:
        """How far it is after that block."""
        return Progress(self.counts, self.fresh, block.done, self.size)

    def finished(self) -> Manifest:
        """Write down that all is there."""
        rows = self.counts.rows
        again = repeats.repeated(self.settings.out, rows) if self.settings.columns.id else None
        counts = replace(self.counts, repeated_ids=again)
        whole = replace(self.manifest, shards=tuple(self.shards), counts=counts, complete=True)
        files.write_json(self.settings.out / MANIFEST, whole.to_dict())
        return whole


def _about(guard: Guard) -> About:
    taxonomy, axis = guard.taxonomy, guard.axis
    return About(guard.id, guard.manifest.kind, taxonomy.id, axis.name, tuple(axis.names), guard.promise)


def _allowed(settings: Scan, manifest: Manifest) -> None:
    """Raises UsageError unless this scan may write to its `out`."""
    out = settings.out
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file, expected a folder to write to")
    here = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if here and not settings.resume and not settings.overwrite:
        raise UsageError(
            f"{out} exists. Do: go on with --resume, begin again with --overwrite, or name another"
        )
    foreign = {
        name
        for name in here
        if name not in (MANIFEST, BAD, ROWS, REPORT) and not name.startswith(f".{MANIFEST}.")
    }
    if foreign:
        raise UsageError(f"{out} holds {len(foreign)} things that are not of a scan. Do: name another folder")
    if settings.resume and MANIFEST in here:
        _same(read_manifest(out), manifest)


def _prepare(settings: Scan, manifest: Manifest) -> None:
    """Leave what can be gone on from, and say what is begun."""
    out = settings.out
    leftovers = [*out.glob(".*"), *(out / ROWS).glob(".*")]  # of a run that was killed while it wrote
    for place in [*leftovers, *((out / ROWS).glob("*.parquet") if settings.overwrite else ())]:
        place.unlink()
    if settings.overwrite:
        shutil.rmtree(out / REPORT, ignore_errors=True)  # it was about other rows
    files.write_json(out / MANIFEST, manifest.to_dict())


def _same(old: Manifest, new: Manifest) -> None:
    """Raises UsageError, which names what differs, where a scan is resumed as another."""
    differs = []
    if old.guard != new.guard:
        differs.append(f"the guard ({old.guard.id}, now {new.guard.id})")
    before, now = config.plain(old.settings), config.plain(new.settings)
    differs += [f"the setting {name}" for name in now if before.get(name) != now[name]]
    if [one.name for one in old.inputs] != [one.name for one in new.inputs]:
        differs.append("the list of inputs")
    else:
        differs += [f"the input {b.name}" for a, b in zip(old.inputs, new.inputs, strict=True) if a != b]
    if differs:
        raise UsageError(
            f"this is not the scan that was begun; it differs in {', '.join(differs)}. "
            "Do: give what was given then, begin again with --overwrite, or name another folder"
        )


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Nobody else writes to the folder; the system forgets the lock with the process."""
    with files.room(out):
        out.mkdir(parents=True, exist_ok=True)
    if find_spec("fcntl") is None:  # not on this system
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        _claim(handle, out)
        yield
    finally:
        os.close(handle)


def _claim(handle: int, out: Path) -> None:
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(
            f"another scan is writing to {out}. Do: wait for it, or name another folder"
        ) from None


def _write(place: TextIO, bad: list[Bad], out: Path) -> None:
    with files.room(out / BAD):
        for one in bad:
            place.write(json.dumps(one._asdict(), ensure_ascii=False) + "\n")
        place.flush()

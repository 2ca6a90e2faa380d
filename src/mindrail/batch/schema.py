"""What a scan leaves behind: `rows/NNNNNN.parquet`, `bad.jsonl` and `manifest.json` (docs/scan.md).

The rows of all shards in the order of their names are the judged rows in the order of the input, each once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindrail import config, files
from mindrail.errors import BadConfig, BadFile, MissingExtra

if TYPE_CHECKING:
    import pyarrow

SCHEMA = 1
MANIFEST, BAD, ROWS = "manifest.json", "bad.jsonl", "rows"
#: where `--report` writes to
REPORT = "report"

#: before the name of a label: the column of its probability
CHANCE = "p."


@dataclass(frozen=True)
class About:
    """The guard that answers: what its column names and decisions mean."""

    id: str
    kind: str
    taxonomy: str
    axis: str
    labels: tuple[str, ...]
    promise: str


@dataclass(frozen=True)
class Given:
    """One input. `size` in bytes and `sha256` are of its content, null for standard input."""

    name: str
    format: str
    size: int | None
    sha256: str | None


@dataclass(frozen=True)
class Shard:
    """One file of rows. `first` counts from 1 over everything that was read, bad rows included.

    `rows` were judged, `bad` were not, `context` are turns that were only read as context of others.
    """

    file: str
    first: int
    rows: int
    bad: int
    context: int
    sha256: str


@dataclass(frozen=True)
class Counts:
    """Sums over all shards; `repeated_ids` are rows whose id an earlier row has, null where ids are made here.

    `asked` is how many texts the model was asked about by the run that finished: the others were the same as one that
    had been asked, or done before.
    """

    rows: int = 0
    bad: int = 0
    context: int = 0
    asked: int = 0
    repeated_ids: int | None = None


@dataclass(frozen=True)
class Manifest:
    """What was scanned with what. Shards and counts are there once the scan is `complete`."""

    guard: About
    settings: Mapping[str, Any]
    inputs: tuple[Given, ...]
    shards: tuple[Shard, ...] = ()
    counts: Counts = field(default_factory=Counts)
    complete: bool = False
    schema: int = SCHEMA

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the schema first."""
        value: dict[str, Any] = config.plain(self)
        return {"schema": value.pop("schema"), "complete": value.pop("complete"), **value}


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a scan. Raises BadFile where there is none, or one of another schema."""
    place = folder / MANIFEST
    value = files.read_json(place)
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise BadFile(place, f"not the manifest of a scan of schema {SCHEMA}. Do: scan again")
    try:
        return config.build(Manifest, value, where=MANIFEST)
    except BadConfig as error:
        raise BadFile(place, str(error)) from None


def read_rows(folder: Path, columns: Sequence[str] | None = None) -> Iterator["pyarrow.Table"]:
    """The shards of a scan in order, one table each. Raises BadFile for one that cannot be read."""
    arrow, parquet = pyarrow_()
    for place in sorted((folder / ROWS).glob("*.parquet")):
        try:
            yield parquet.read_table(place, columns=None if columns is None else list(columns))
        except (arrow.ArrowException, OSError) as error:
            raise BadFile(
                place, f"not a whole shard ({type(error).__name__}). Do: scan with --resume"
            ) from None


def columns(labels: Sequence[str], *, with_text: bool = False) -> "pyarrow.Schema":
    """The columns of a shard, for a guard of these labels."""
    arrow, _ = pyarrow_()
    word, number = arrow.string(), arrow.float64()
    kinds = {
        "id": word,
        "source": word,
        "row": arrow.int64(),
        "at": arrow.timestamp("us", tz="UTC"),
        "group": word,
        "decision": word,
        "label": word,
        "probability": number,
        **{f"{CHANCE}{name}": number for name in labels},
        "coverage": number,
        "code": word,
        "guard": word,
    }
    return arrow.schema(kinds | ({"text": word} if with_text else {}))


def pyarrow_() -> tuple[Any, Any]:
    """(pyarrow, pyarrow.parquet). Raises MissingExtra."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("pyarrow", "scan", "a scan") from None
    return pyarrow, parquet

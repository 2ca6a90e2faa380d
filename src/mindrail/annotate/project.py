"""A project folder: its question, its settings, its people and its items, around one database."""

import hashlib
import hmac
import json
import re
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from mindrail import config, files, taxonomy
from mindrail.annotate.database import Database
from mindrail.annotate.events import Stale
from mindrail.annotate.settings import Settings
from mindrail.errors import UnknownName, UsageError, WrongTaxonomy
from mindrail.records import Example, jsonl
from mindrail.taxonomy import Taxonomy

FILE = "labels.db"

_NAME = re.compile(r"\w[\w .@+-]{0,63}")

Part = Literal["pool", "test"]


@dataclass(frozen=True)
class Item:
    """One example in the queue. `want`: how many people label it; `place`: its turn in the order of asking."""

    example: Example
    part: Part
    want: int
    place: int


@dataclass(frozen=True)
class Annotator:
    """Somebody who labels. A `lead` also adjudicates and sees agreement."""

    name: str
    lead: bool


class Project:
    """An open project. Its taxonomy and settings are those at the time of opening."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(folder / FILE)
        with self.database.reading() as db:
            self.settings: Settings = config.build(Settings, meta(db, "settings"), where="settings")
            self.taxonomy: Taxonomy = taxonomy.from_dict(meta(db, "taxonomy"), where="taxonomy")
            self.secret = bytes.fromhex(meta(db, "secret"))
            self.source: str | None = meta(db, "taxonomy_source")

    @classmethod
    def create(
        cls,
        folder: Path,
        asked: Taxonomy,
        settings: Settings,
        items: Iterable[Item],
        source: str | None = None,
    ) -> "Project":
        """Make the folder. `source` is the taxonomy's own YAML file, watched for changes. Raises BadFile."""
        database = Database.create(folder / FILE)
        with database.writing() as db:
            put(db, "settings", config.plain(settings))
            put(db, "secret", secrets.token_hex(32))
            put(db, "taxonomy_source", source)
            put_taxonomy(db, asked)
            add_items(db, items)
        database.close()
        return cls(folder)

    @cached_property
    def wording(self) -> str:
        """Changes when a question or the meaning of a label changes."""
        return wording(self.taxonomy)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction. Raises Stale where the taxonomy was migrated since the project was opened."""
        with self.database.writing() as db:
            if meta(db, "wording") != self.wording:
                raise Stale("the taxonomy has changed. Do: start the server again, and reload the page")
            yield db

    def check_source(self) -> None:
        """Raise WrongTaxonomy where the taxonomy's YAML file says something else by now."""
        if self.source is None or not Path(self.source).is_file():
            return
        now = taxonomy.load(self.source)
        if wording(now) != self.wording:
            raise WrongTaxonomy(
                f"{self.source} has changed since this project's labels were made ({wording(now)}, expected "
                f"{self.wording}). Do: mindrail annotate migrate {self.folder} --taxonomy {self.source}, or undo "
                "the change"
            )

    def annotators(self) -> list[Annotator]:
        """Everybody, by name."""
        with self.database.reading() as db:
            rows = db.execute("SELECT name, lead FROM annotator ORDER BY name").fetchall()
        return [Annotator(row["name"], bool(row["lead"])) for row in rows]

    def link(self, name: str, *, lead: bool = False) -> str:
        """A new secret for somebody, who is added if new; the one before stops working."""
        secret = secrets.token_urlsafe(24)
        with self.database.writing() as db:
            add_annotator(db, name)
            db.execute(
                "UPDATE annotator SET token = ?, lead = max(lead, ?) WHERE name = ?",
                (_hashed(secret), lead, name),
            )
        return secret

    def who(self, secret: str) -> Annotator | None:
        """Whose secret this is. Takes the same time for every wrong one."""
        given, found = _hashed(secret), None
        with self.database.reading() as db:
            rows = db.execute("SELECT name, lead, token FROM annotator WHERE token IS NOT NULL").fetchall()
        for row in rows:
            if hmac.compare_digest(given.encode(), row["token"].encode()):
                found = Annotator(row["name"], bool(row["lead"]))
        return found

    def annotator(self, name: str) -> Annotator:
        """Raises UnknownName."""
        found = {annotator.name: annotator for annotator in self.annotators()}
        if name not in found:
            raise UnknownName("annotator", name, list(found))
        return found[name]

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def wording(asked: Taxonomy) -> str:
    """The digest of all its axes, with the conditions under which they are asked."""
    axes = [[axis.digest, {k: list(v) for k, v in axis.only_if.items()}] for axis in asked.axes]
    return files.digest(axes)[:16]


def put_taxonomy(db: sqlite3.Connection, asked: Taxonomy) -> None:
    """Make this the question."""
    put(db, "taxonomy", asked.to_dict())
    put(db, "wording", wording(asked))


def add_annotator(db: sqlite3.Connection, name: str) -> None:
    """Add somebody without a link, unless there. Raises UsageError for a name that files could not carry."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            "a name is 1 to 64 letters, digits, spaces or one of . _ @ + -, and begins with a letter or digit"
        )
    db.execute("INSERT OR IGNORE INTO annotator (name) VALUES (?)", (name,))


def add_items(db: sqlite3.Connection, items: Iterable[Item]) -> None:
    """Add items whose ids are new."""
    db.executemany(
        "INSERT OR IGNORE INTO item (id, example, part, want, place) VALUES (?, ?, ?, ?, ?)",
        (
            (i.example.id, json.dumps(jsonl.to_dict(i.example), ensure_ascii=False), i.part, i.want, i.place)
            for i in items
        ),
    )


def items(db: sqlite3.Connection) -> list[Item]:
    """All items in the order of asking."""
    return [item(row) for row in db.execute("SELECT * FROM item ORDER BY place")]


def item(row: Mapping[str, Any] | sqlite3.Row) -> Item:
    """One row of the table."""
    return Item(jsonl.from_dict(json.loads(row["example"])), row["part"], row["want"], row["place"])


def reorder(db: sqlite3.Connection, order: Sequence[str]) -> None:
    """Ask items in this order; `order` names every item once."""
    db.executemany("UPDATE item SET place = ? WHERE id = ?", ((n, name) for n, name in enumerate(order)))


def meta(db: sqlite3.Connection, key: str, default: Any = None) -> Any:
    """A value of the table `meta`, or `default`."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return default if row is None else json.loads(row["value"])


def put(db: sqlite3.Connection, key: str, value: Any) -> None:
    """Set one."""
    db.execute(
        "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, json.dumps(value, ensure_ascii=False))
    )


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

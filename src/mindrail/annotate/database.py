"""One SQLite file that survives `kill -9` and power loss: WAL, a sync at every commit, one writer at a time."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.resources import files
from pathlib import Path

from mindrail.errors import BadFile, OutOfSpace, Refused, Stopped

#: "mrAN": tells our files from other SQLite files
APPLICATION = 0x6D72414E
VERSION = 1
#: seconds a writer waits for the others
PATIENCE = 20.0

_NO_ROOM = {"SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"}
_NOT_OURS = {"SQLITE_NOTADB", "SQLITE_CORRUPT"}


class Busy(Stopped):
    """Somebody else writes for longer than we wait. Nothing was written; asking again is safe."""


class Database:
    """Connections to one file, one for each thread. Raises what `speaking` raises."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise BadFile(path, "no project is here. Do: mindrail annotate init")
        self.path = path
        self._own = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        with self.reading() as db:
            _check(db, path)

    @classmethod
    def create(cls, path: Path) -> "Database":
        """Make a new file that only its owner may read. Raises BadFile where one is already."""
        if path.exists():
            raise BadFile(path, "a project is here already. Do: choose another folder")
        with speaking(path):
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except OSError as error:
                raise OutOfSpace(
                    f"cannot write {path}: {error.strerror}. Do: choose another folder"
                ) from None
            db = _connect(path)
            schema = (files("mindrail.annotate") / "schema.sql").read_text()
            stamp = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};"
            db.executescript(f"BEGIN IMMEDIATE; {stamp} {schema} COMMIT;")
            db.close()
        return cls(path)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A snapshot: everything read inside belongs together."""
        with speaking(self.path), _transaction(self._connection(), "BEGIN") as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. When the block has ended without an error, the disk has it."""
        with speaking(self.path), _transaction(self._connection(), "BEGIN IMMEDIATE") as db:
            yield db

    def settle(self) -> None:
        """Empty the write-ahead log into the file, so that nothing deleted is left in it. Raises Busy."""
        with speaking(self.path):
            (waited, *_) = self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if waited:
            raise Busy(
                f"what was deleted still stands in the log of {self.path}, which others are reading. "
                "Do: end the server; whoever closes the project last empties the log"
            )

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for db in self._all:
                db.close()
            self._all.clear()
        self._own = threading.local()

    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._own, "db", None)
        if db is None:
            db = self._own.db = _connect(self.path)
            with self._lock:
                self._all.append(db)
        return db


@contextmanager
def speaking(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours: OutOfSpace, Busy, BadFile. None of them quotes a row."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "")
        primary = "_".join(name.split("_")[:2])
        if primary in _NO_ROOM or primary == "SQLITE_IOERR":
            raise OutOfSpace(
                f"cannot write {path} ({name}): is the disk full or write-protected? What was acknowledged "
                "before is safe. Do: free some space and try again"
            ) from None
        if primary in ("SQLITE_BUSY", "SQLITE_LOCKED"):
            raise Busy(
                f"others have written for more than {PATIENCE:.0f} s ({path}). Do: try again"
            ) from None
        if primary in _NOT_OURS:
            raise BadFile(path, f"not a whole SQLite file ({name}). Do: restore a back-up") from None
        raise


def intact(path: Path) -> None:
    """Read every page of a file that nobody writes to. Raises BadFile, Refused."""
    with speaking(path), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        _check(db, path)
        found = [row[0] for row in db.execute("PRAGMA integrity_check")]
        if found != ["ok"] or db.execute("PRAGMA foreign_key_check").fetchone():
            raise BadFile(path, f"the file is damaged in {len(found)} places. Do: take another back-up")


def copy(database: Database, target: Path) -> None:
    """A consistent copy while others go on writing, checked before it takes its name. Raises OutOfSpace."""
    with database.reading() as db:
        _copied(db, target)


def restore(source: Path, target: Path) -> None:
    """A back-up as a project's file. Raises BadFile where one is already, or where the back-up is damaged."""
    if target.exists():
        raise BadFile(target, "a project is here already. Do: choose another folder")
    if not source.is_file():
        raise BadFile(source, "no back-up is here")
    intact(source)
    with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as db:
        _copied(db, target)


def _copied(db: sqlite3.Connection, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    with speaking(target):
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.unlink(missing_ok=True)
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with closing(sqlite3.connect(part)) as out:
                db.backup(out)
                out.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
            intact(part)
            handle = os.open(part, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
            part.replace(target)
        except OSError as error:
            raise OutOfSpace(f"cannot write {target}: {error.strerror}. Do: choose another place") from None
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")  # NORMAL may lose the last commits when power fails
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA secure_delete = ON")
    return db


def _check(db: sqlite3.Connection, path: Path) -> None:
    """Refuse files that are not ours, or newer than we are."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise BadFile(path, "a SQLite file, but not a mindrail annotation project")
    if version > VERSION:
        raise Refused(
            f"{path} is of version {version}, this mindrail reads up to {VERSION}. Do: upgrade mindrail"
        )


@contextmanager
def _transaction(db: sqlite3.Connection, begin: str) -> Iterator[sqlite3.Connection]:
    db.execute(begin)
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise

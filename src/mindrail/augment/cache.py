"""Wordings made before, by what they were made from: the same text, method, number and seed are asked for once.

One SQLite file per method and settings under the cache folder, readable by its owner alone: it holds texts.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from mindrail import files
from mindrail.augment._base import Made, Method, Wanted
from mindrail.data.fetch import cache
from mindrail.errors import BadFile
from mindrail.records import Turn

#: failures that say nothing about the text: another time may be luckier
PASSING = frozenset({"down", "budget", "timeout"})


class Cache:
    """Wordings by one method."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, method: Method) -> "Cache":
        """The file of this method with these settings."""
        return cls(cache() / "views" / f"{files.digest(method.identity())[:32]}.sqlite")

    def find(self, wanted: Sequence[Wanted]) -> dict[int, Made]:
        """What is known already, by position."""
        if not self.path.is_file():
            return {}
        found = {}
        with self._open() as base:
            for place, one in enumerate(wanted):
                row = base.execute("select made from wordings where key = ?", (key(one),)).fetchone()
                if row is not None:
                    found[place] = _from_json(row[0])
        return found

    def keep(self, wanted: Wanted, made: Made) -> None:
        """Remember what came of it, but for a failure that says nothing about the text. Takes some milliseconds."""
        if made.reason not in PASSING:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._open() as base, base:
                base.execute("insert or replace into wordings values (?, ?)", (key(wanted), _to_json(made)))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.touch(mode=0o600)
            with closing(sqlite3.connect(self.path, timeout=60)) as base:
                base.execute("create table if not exists wordings (key text primary key, made text)")
                yield base
        except sqlite3.DatabaseError as error:
            raise BadFile(
                self.path, f"the cache cannot be used ({type(error).__name__}). Do: delete it"
            ) from None


def key(wanted: Wanted) -> str:
    """Changes with anything the wording is made from, beside the method."""
    said = [[turn.speaker, turn.text] for turn in wanted.example.turns]
    return files.digest([said, wanted.example.focus, wanted.number, wanted.seed])


def _to_json(made: Made) -> str:
    turns = None if made.turns is None else [[turn.speaker, turn.text] for turn in made.turns]
    return json.dumps([turns, made.reason])


def _from_json(text: str) -> Made:
    turns, reason = json.loads(text)
    return Made(None if turns is None else tuple(Turn(*turn) for turn in turns), reason)

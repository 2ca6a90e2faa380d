"""Rows that could not be judged: where they are and why, never what they say."""

from collections.abc import Mapping
from typing import NamedTuple

#: What can be wrong with a row, in words for the person who has to look at it.
CODES: Mapping[str, str] = {
    "a-table": "a table among text files; name it as an input of its own",
    "cut-off": "the compressed file ends here, before its end",
    "guard-failed": "the guard's model failed on it",
    "key-twice": "one JSON object with the same key twice",
    "large-group": "a Parquet row group that unpacks to more than 1 GiB",
    "long-row": "a row of more than 8 MiB",
    "long-text": "a message of more than a million characters",
    "missing-column": "no such column",
    "no-conversation": "a turn without the id of its conversation",
    "nobody-judged": "a conversation without a turn of the side that the guard judges",
    "not-a-file": "a link, pipe or device, or a file that cannot be opened",
    "not-a-row": "not a row of a table: a quote is open or misplaced",
    "not-an-object": "JSON, but not an object",
    "not-json": "not JSON; as the last row: cut off",
    "not-messages": "not a list of messages with role and content",
    "not-parquet": "not a whole Parquet file from here on",
    "not-text": "something other than text, or nothing",
    "not-utf8": "bytes that are not UTF-8",
    "ragged": "more or fewer cells than the header",
    "unknown-role": "a role other than user, assistant, system, developer or tool",
    "worker-died": "every process that tried to read it died",
}


class Bad(NamedTuple):
    """One row that was not judged. `length` in bytes of what was found, 0 where unknown."""

    source: str
    row: int
    code: str
    length: int


class Unusable(Exception):
    """Why the row at hand cannot be judged; raised and caught while inputs are read."""

    def __init__(self, code: str) -> None:
        assert code in CODES
        super().__init__(code)
        self.code = code

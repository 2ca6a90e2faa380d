"""One line per decision, without the text: enough to show later that it was made so, and to make it again.

A line names the text by an HMAC-SHA256 with a key of this installation (`audit.key`, made at first use), since
the plain hash of a short message can be guessed. `mindrail replay` takes texts that somebody has kept elsewhere,
finds their lines by that hash, and decides again (serve/replay.py). Lines with `part` are of a reply that was stopped
while it was written; the text they name is what had come by then.
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mindrail import files
from mindrail.errors import BadFile, OutOfSpace
from mindrail.guard import Answer
from mindrail.records import Example

KEY, LOG = "audit.key", "audit.jsonl"
_KEY_BYTES = 32


class Audit:
    """Appends to `audit.jsonl` in a folder; at `most` bytes the file is put aside under the time and a new one begun.

    Each line is handed to the system before its answer is sent, so a crash of this process loses none; it
    reaches the disk within moments (`fsync` when a file is put aside and at the end). Raises OutOfSpace.
    """

    def __init__(self, folder: Path, most: int = 64 * 1024 * 1024) -> None:
        self.folder, self._most = folder, most
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._key = _key(folder)
            self._file = self._open()
        except OSError as error:
            raise OutOfSpace(f"the audit cannot be kept in {folder}: {error.strerror}") from None

    def write(self, lines: list[Mapping[str, Any]]) -> None:
        """Append lines. Raises OSError."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        text = "".join(json.dumps({"at": now, **line}, allow_nan=False) + "\n" for line in lines)
        raw = text.encode()
        if self._size and self._size + len(raw) > self._most:
            self._turn()
        if os.write(self._file, raw) != len(raw):
            raise OSError("only part of a line could be written")
        self._size += len(raw)

    def line(
        self, request: str, key: str, route: str, example: Example, answer: Answer, **more: Any
    ) -> dict[str, Any]:
        """What is written of one decision; `more` is what else decided."""
        told = answer.to_dict()
        return {
            "request": request,
            "key": key,
            "route": route,
            "text": text_hash(self._key, example),
            "characters": len(example.text),
            **told,
            **more,
        }

    def close(self) -> None:
        """Bring everything to the disk."""
        with contextlib.suppress(OSError):
            os.fsync(self._file)
        os.close(self._file)

    def _open(self) -> int:
        file = os.open(self.folder / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._size = os.fstat(file).st_size
        return file

    def _turn(self) -> None:
        """Put the file aside and begin a new one."""
        os.fsync(self._file)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        (self.folder / LOG).rename(self.folder / f"audit-{stamp}.jsonl")
        old, self._file = self._file, self._open()
        os.close(old)


def text_hash(key: bytes, example: Example) -> str:
    """The name of a text, with the conversation before it: 32 hex digits."""
    said = [[turn.speaker, turn.text] for turn in example.turns[: example.focus + 1]]
    raw = json.dumps(said, ensure_ascii=True, separators=(",", ":")).encode()
    return hmac.new(key, raw, hashlib.sha256).hexdigest()[:32]


def read_key(folder: Path) -> bytes:
    """The key of an audit. Raises BadFile."""
    text = files.read_text(folder / KEY).strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise BadFile(folder / KEY, f"expected {2 * _KEY_BYTES} hex digits")
    return key


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    """All lines, oldest first. Raises BadFile, also where there is no audit."""
    aside = sorted(folder.glob("audit-*.jsonl"))
    for path in (*aside, folder / LOG):
        for _, line in files.read_jsonl(path):
            yield line


def _key(folder: Path) -> bytes:
    """The key, made where there is none."""
    try:
        file = os.open(folder / KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_key(folder)
    with os.fdopen(file, "w") as made:
        made.write(secrets.token_hex(_KEY_BYTES) + "\n")
        made.flush()
        os.fsync(made.fileno())
    return read_key(folder)

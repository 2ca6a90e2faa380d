"""Who asks: keys from a file or the environment, compared in constant time, rotated without a restart.

One key a line, `NAME KEY [admin]`; KEY may be `sha256:` and the hex digest of the key, so that the file tells
nobody the key. Lines that begin with # are comments. The name goes into metrics and audit, the key nowhere.
"""

import hashlib
import hmac
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from mindrail import files
from mindrail.errors import BadFile
from mindrail.serve.refusals import INVALID_KEY, WRONG_SCOPE
from mindrail.web.problems import Problem

VARIABLE = "MINDRAIL_KEYS"
SHORTEST = 16
#: who asks where no key is needed
ANYONE = "anyone"

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_CHALLENGE = {"www-authenticate": 'Bearer realm="mindrail"'}
#: seconds after which the file is looked at again
_FRESH = 1.0


@dataclass(frozen=True, repr=False)
class Key:
    """One key, by the sha256 of its bytes."""

    name: str
    digest: bytes
    admin: bool = False


class Keys:
    """The keys that are valid now."""

    def __init__(self, keys: Sequence[Key], path: Path | None = None) -> None:
        self._keys, self._path = tuple(keys), path
        self._stamp = _stamp(path)
        self._looked = time.monotonic()

    @classmethod
    def load(cls, path: Path | None = None) -> "Keys | None":
        """From the file, else from MINDRAIL_KEYS; None where there are none. Raises BadFile, naming lines only."""
        if path is not None:
            return cls(parse(files.read_text(path), path), path)
        text = os.environ.get(VARIABLE, "")
        return cls(parse(text, VARIABLE)) if text.strip() else None

    def who(self, request: Request, *, admin: bool = False, parameter: str | None = None) -> Key:
        """Whose key a request carries: in `Authorization: Bearer`, in `x-api-key`, or in the query `parameter`.

        Raises Problem: 401 for none, several, or one that is not valid, all alike; 403 where an admin's is needed.
        """
        self._refresh()
        headers = request.headers
        given = [*headers.getlist("authorization"), *headers.getlist("x-api-key")]
        if parameter:
            given += request.query_params.getlist(parameter)
        digest = hashlib.sha256(_bare(given[0]).encode("utf-8", "surrogateescape")).digest() if given else b""
        found = None
        for key in self._keys:  # all of them, so that time says nothing
            if hmac.compare_digest(key.digest, digest):
                found = key
        if found is None or len(given) != 1:
            raise Problem(INVALID_KEY, headers=_CHALLENGE)
        if admin and not found.admin:
            raise Problem(WRONG_SCOPE)
        return found

    def _refresh(self) -> None:
        """Read the file again when it has changed; a broken one changes nothing."""
        now = time.monotonic()
        if self._path is None or now - self._looked < _FRESH:
            return
        self._looked = now
        if (stamp := _stamp(self._path)) != self._stamp:
            try:
                self._keys, self._stamp = tuple(parse(files.read_text(self._path), self._path)), stamp
            except (BadFile, OSError):
                return


def parse(text: str, place: Path | str) -> list[Key]:
    """Keys from lines. Raises BadFile with the line's number, never with its content."""
    keys: list[Key] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) not in (2, 3) or words[2:] not in ([], ["admin"]) or not _NAME.fullmatch(words[0]):
            raise BadFile(place, "expected NAME KEY, or NAME KEY admin", line=number)
        coded = _DIGEST.fullmatch(words[1])
        if coded is None and len(words[1]) < SHORTEST:
            raise BadFile(place, f"a key needs at least {SHORTEST} characters", line=number)
        digest = bytes.fromhex(coded[1]) if coded else hashlib.sha256(words[1].encode()).digest()
        if words[0] in {key.name for key in keys} | {ANYONE}:
            raise BadFile(place, "this name is taken", line=number)
        keys.append(Key(words[0], digest, len(words) == 3))
    if not keys:
        raise BadFile(place, "found no key, expected one per line")
    return keys


def _bare(given: str) -> str:
    """A key without the word Bearer."""
    scheme, space, rest = given.partition(" ")
    return rest.strip() if space and scheme.lower() == "bearer" else given


def _stamp(path: Path | None) -> tuple[int, int] | None:
    try:
        status = path.stat() if path else None
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size) if status else None

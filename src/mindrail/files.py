"""Files that are either the old ones or the new ones, never half of each."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from mindrail.errors import BadFile, OutOfSpace

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def room(path: Path) -> Iterator[None]:
    """Turn 'disk full' and 'not writable' into one error that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise OutOfSpace(
                f"cannot write {path}: {error.strerror}; what was there before is intact. "
                "Do: free some space or choose another folder"
            ) from error
        raise


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically: temporary neighbour, fsync, rename, fsync of the folder."""
    with room(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_bytes(path, text.encode())


def json_bytes(value: Any) -> bytes:
    """JSON as all our files hold it: UTF-8, keys in the order given, NaN refused."""
    return (json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically."""
    write_bytes(path, json_bytes(value))


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object per line, atomically."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows))


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Fill a temporary folder; on success it takes the place of `path`, on failure nothing changes."""
    with room(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        old = temporary.with_name(temporary.name + ".old")
        try:
            yield temporary
            for file in sorted(temporary.rglob("*")):
                _sync(file)
            _sync(temporary)
            if path.exists():
                path.rename(old)
            temporary.rename(path)
            path.chmod(0o755)
            _sync(path.parent)
        except BaseException:
            if old.exists() and not path.exists():
                old.rename(path)
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        shutil.rmtree(old, ignore_errors=True)


def sha256(path: Path) -> str:
    """The hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any) -> str:
    """The hex sha256 of a JSON value, independent of key order."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_text(path: Path) -> str:
    """Read a UTF-8 file (a byte-order mark is dropped); refuse anything else by name."""
    if not path.is_file():
        found = "nothing there" if not path.exists() else "not a regular file"
        raise BadFile(path, f"cannot read: {found}; expected a file")
    return decode(path.read_bytes(), path)


def decode(raw: bytes, path: Path | str) -> str:
    """UTF-8 bytes as text (a byte-order mark is dropped); `path` is what a refusal names."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise BadFile(path, "this is UTF-16; expected UTF-8. Do: save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadFile(path, f"byte {error.start} is not UTF-8. Do: save it as UTF-8", line=line) from None


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise BadFile(path, f"not JSON: {error.msg}", line=error.lineno) from None


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object) for each non-blank line; refuse a line that is not one JSON object."""
    # split on \n alone: U+2028 and friends are legal inside JSON strings
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadFile(path, f"not JSON: {error.msg}; is the file cut off?", line=number) from None
        if not isinstance(value, dict):
            raise BadFile(path, f"found {type(value).__name__}, expected an object", line=number)
        yield number, value


def safe_relative(name: str) -> bool:
    """Whether a file name from a manifest stays inside its folder on every system."""
    path = PurePosixPath(name)
    return bool(
        name
        and not path.is_absolute()
        and ".." not in path.parts
        and "\\" not in name
        and ":" not in name
        and "\x00" not in name
        and str(path) == name
    )

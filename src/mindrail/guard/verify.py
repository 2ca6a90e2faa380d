"""Whether a folder is the guard that its manifest describes, before any parser touches a byte.

The very bytes that were hashed are handed on to be parsed, so nothing can be exchanged in between.
"""

import hashlib
import os
import stat
from pathlib import Path

from mindrail.errors import BrokenGuard
from mindrail.guard.manifest import LARGEST_MANIFEST, NAME, Entry, Manifest, parse

# where a system has them: never follow a link, never wait for a pipe
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def verify(folder: Path, *, thorough: bool = False) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest, and the content of every runtime file.

    Raises BrokenGuard with file and rule. Always checked: names, sizes, hashes of runtime files, and that
    nothing else lies in the folder. With `thorough` also the hashes of all other files that are present.
    """
    manifest = parse(_read(folder, NAME, LARGEST_MANIFEST))
    present = _listing(folder, manifest)
    content: dict[str, bytes] = {}
    for name, entry in manifest.files.items():
        if entry.role == "runtime":
            content[name] = _checked(folder, name, entry)
        elif thorough and name in present:
            _checked(folder, name, entry)
    return manifest, content


def document(folder: Path, manifest: Manifest, name: str, most: int = 1024**2) -> str | None:
    """A document of a verified folder, as text; None where it is missing, larger than `most` or was changed."""
    entry = manifest.files.get(name)
    if entry is None or entry.role != "document" or entry.size > most:
        return None
    try:
        return _checked(folder, name, entry).decode()
    except (BrokenGuard, UnicodeDecodeError):
        return None


def _listing(folder: Path, manifest: Manifest) -> set[str]:
    """The names in the folder. Refuses whatever the manifest does not list, and all but regular files."""
    present = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name != NAME and entry.name not in manifest.files:
                raise BrokenGuard("the manifest does not list it. Do: remove it", file=entry.name)
            if not entry.is_file(follow_symlinks=False):
                raise BrokenGuard("expected a regular file, found a link or a folder", file=entry.name)
            present.add(entry.name)
    return present


def _checked(folder: Path, name: str, entry: Entry) -> bytes:
    """A file's content if it is what the manifest says."""
    content = _read(folder, name, entry.size)
    if len(content) != entry.size:
        raise BrokenGuard(f"found {len(content)} bytes, expected {entry.size}", file=name)
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise BrokenGuard("its sha256 is not the one in the manifest", file=name)
    return content


def _read(folder: Path, name: str, most: int) -> bytes:
    """The bytes of a regular file of at most that size; a larger one is refused unread."""
    try:
        handle = os.open(folder / name, os.O_RDONLY | _CAREFULLY)
    except OSError as error:
        raise BrokenGuard(f"cannot be opened: {error.strerror}", file=folder / name) from None
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise BrokenGuard("expected a regular file", file=name)
        if about.st_size > most:
            raise BrokenGuard(f"found {about.st_size} bytes, expected at most {most}", file=name)
        return file.read(most + 1)

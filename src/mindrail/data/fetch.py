"""Files of a set: from the cache, a local mirror or their pinned public address. Always checked."""

import gzip
import hashlib
import os
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from mindrail import files
from mindrail.data.card import Card, Source
from mindrail.errors import BadFile, Unreachable

#: Seconds a silent source is waited for. A slow one that keeps sending is not cut off.
PATIENCE = 5.0


def cache() -> Path:
    """Where fetched files are kept: $MINDRAIL_CACHE, else the user's cache folder."""
    place = os.environ.get("MINDRAIL_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(place) if place else Path(base) / "mindrail"


def mirror() -> Path | None:
    """The local mirror named by $MINDRAIL_DATA, laid out as NAME/FILE or NAME/FILE.gz; None if unset."""
    place = os.environ.get("MINDRAIL_DATA")
    if not place:
        return None
    if not Path(place).is_dir():
        raise Unreachable(f"MINDRAIL_DATA names {place}, which is not a folder. Do: correct or unset it")
    return Path(place)


def fetch(name: str, card: Card) -> Path:
    """Bring every file of a set into the cache and return its folder there.

    Raises BadFile where bytes differ from the card (nothing is kept), Unreachable where there is neither
    mirror nor network, OutOfSpace.
    """
    folder = cache() / "sets" / name
    for source in card.files:
        place = folder / source.stored
        if not (place.is_file() and files.sha256(place) == source.sha256):
            files.write_bytes(place, _checked(source, *_bring(name, card, source)))
    return folder


def _bring(name: str, card: Card, source: Source) -> tuple[bytes, str]:
    """The bytes, and where they came from."""
    near = mirror()
    if near is not None:
        plain = near / name / source.stored
        if plain.is_file():
            return plain.read_bytes(), str(plain)
        packed = plain.with_name(plain.name + ".gz")
        if packed.is_file():
            try:
                return gzip.decompress(packed.read_bytes()), str(packed)
            except (OSError, EOFError) as error:
                raise BadFile(packed, f"not a whole gzip file: {error}") from None
    return _download(name, card.url(source)), card.url(source)


def _checked(source: Source, raw: bytes, origin: str) -> bytes:
    found = hashlib.sha256(raw).hexdigest()
    if found != source.sha256:
        raise BadFile(
            origin,
            f"sha256 {found[:12]}… with {len(raw)} bytes, expected {source.sha256[:12]}… with "
            f"{source.bytes}; nothing was kept. Do: fetch again, or check the mirror",
        )
    return raw


def _download(name: str, url: str) -> bytes:
    """Fetch over https; silence longer than PATIENCE anywhere, name look-up included, is Unreachable."""
    alive = [time.monotonic()]
    result: list[bytes | Exception] = []

    def work() -> None:
        try:
            request = urllib.request.Request(url, headers={"User-Agent": "mindrail"})  # noqa: S310, https only
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                parts = []
                while part := answer.read(1 << 16):
                    parts.append(part)
                    alive[0] = time.monotonic()
            result.append(b"".join(parts))
        except Exception as error:
            result.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while thread.is_alive() and time.monotonic() - alive[0] < PATIENCE:
        thread.join(0.05)
    if result and isinstance(result[0], bytes):
        return result[0]
    why = "no answer within seconds"
    if result:
        why = f"HTTP {result[0].code}" if isinstance(result[0], urllib.error.HTTPError) else str(result[0])
    raise Unreachable(
        f"set '{name}' cannot be fetched from its public address ({why}). "
        "Do: connect to the network, or point MINDRAIL_DATA at a mirror"
    )

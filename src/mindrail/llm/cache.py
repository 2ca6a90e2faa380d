"""Replies on disk: the same request is paid for once."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from mindrail import config, files
from mindrail.data.fetch import cache
from mindrail.errors import MindrailError
from mindrail.llm.chat import Chat, Failure, Reply, Request


def default_folder() -> Path:
    """Where replies are kept: `llm` under the cache folder. Delete it to forget them."""
    return cache() / "llm"


@dataclass(frozen=True)
class Cached:
    """A chat that remembers its replies by the model's name and everything in the request.

    One file for each reply, readable by its owner only, written whole or not at all, so that several processes may
    share the folder. It holds the reply; of the request it holds a digest. A file that was damaged is passed over and
    written anew. Failures are not kept. A request that occurs twice is asked once.
    """

    chat: Chat
    folder: Path = field(default_factory=default_folder)

    @property
    def name(self) -> str:
        """The chat's own."""
        return self.chat.name

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply | Failure]]:
        """First what is kept, then the rest as it arrives; each reply is on disk before it is handed out."""
        missing: dict[str, list[int]] = {}
        for position, request in enumerate(requests):
            key = self.key(request)
            kept = None if key in missing else self._read(key)
            if kept is None:
                missing.setdefault(key, []).append(position)
            else:
                yield position, kept
        keys = list(missing)
        if not keys:
            return
        for at, answer in self.chat.ask([requests[missing[key][0]] for key in keys]):
            again = answer
            if isinstance(answer, Reply):
                self._write(keys[at], answer)
                again = replace(answer, cached=True)
            first, *others = missing[keys[at]]
            yield first, answer
            yield from ((position, again) for position in others)

    def key(self, request: Request) -> str:
        """A digest of the model's name and the request."""
        return _digest({"model": self.name, "request": asdict(request)})

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

    def _read(self, key: str) -> Reply | None:
        try:
            kept = json.loads(self._path(key).read_bytes())
            if kept["sha256"] != _digest(kept["reply"]):
                return None
            return config.build(Reply, kept["reply"] | {"cached": True})
        except (OSError, ValueError, TypeError, KeyError, RecursionError, MindrailError):
            return None

    def _write(self, key: str, reply: Reply) -> None:
        plain = asdict(replace(reply, cached=False))
        files.write_bytes(self._path(key), json.dumps({"reply": plain, "sha256": _digest(plain)}).encode())


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()

"""The process behind `mindrail serve`."""

import ctypes
import gc
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from mindrail import machine
from mindrail.serve import privacy
from mindrail.serve.app import app
from mindrail.serve.audit import Audit
from mindrail.serve.keys import Keys
from mindrail.serve.service import Service
from mindrail.serve.settings import Settings
from mindrail.serve.shelf import Shelf
from mindrail.web.listening import is_loopback, listen
from mindrail.web.origins import LOOPBACK
from mindrail.web.running import run

#: seconds that a worker may keep the interpreter from the event loop (Python's own choice is ten times that)
_SWITCH = 0.0005


def serve(
    guards: Sequence[str],
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    hosts: Sequence[str] = (),
    keys: Path | None = None,
    audit: Path | None = None,
    crosswalks: Sequence[Path] = (),
    settings: Settings | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Open the guards, prove that they score as when they were made, and serve until SIGTERM.

    `hosts` are further names under which this server is reached (a Host check, against DNS rebinding); behind
    keys and on an address of the network any name is answered unless some are given. Raises MindrailError.
    """
    settings = settings or Settings()
    privacy.harden()
    known = Keys.load(keys)
    listener = listen(host, port, network=known is not None)
    shelf = Shelf.load(guards, crosswalks)
    _give_back()
    kept = Audit(audit, settings.audit_bytes) if audit else None
    service = Service(shelf, settings, settings.threads or machine.cores(), known, kept)
    sys.setswitchinterval(_SWITCH)
    names = (*LOOPBACK, host, *hosts) if is_loopback(host) or hosts else ("*",)
    try:
        run(
            app(service, names),
            listener,
            limits=settings.limits,
            on_drain=service.drain,
            lame_duck=settings.lame_duck,
            drain=settings.drain,
            announce=announce,
        )
    finally:
        service.desk.close()
        if kept is not None:
            kept.close()


def _give_back() -> None:
    """What opening a guard needed and serving does not, back to the system (glibc keeps it otherwise): 13 MB."""
    gc.collect()
    gc.freeze()
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)

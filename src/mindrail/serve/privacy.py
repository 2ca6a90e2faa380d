"""What keeps texts inside this process: no core files, no readable files, no exception texts on stderr.

Of all that libraries might log, nothing is printed: asyncio quotes exceptions, and exceptions quote messages. What
this package logs is made from templates (`mindrail.web.envelope`).
"""

import ctypes
import logging
import os
import sys
import threading
from types import TracebackType
from typing import Any

#: Linux: whether the process may be dumped or looked into by others of the same user
_PR_SET_DUMPABLE = 4


def harden() -> None:
    """Called once, before a guard is opened."""
    os.umask(0o077)
    _no_core_files()
    _only_our_log()
    sys.excepthook = _quiet
    threading.excepthook = lambda given: _quiet(
        given.exc_type, given.exc_value or given.exc_type(), given.exc_traceback
    )
    sys.unraisablehook = lambda given: _quiet(
        given.exc_type, given.exc_value or given.exc_type(), given.exc_traceback
    )


def _no_core_files() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):  # not on this system, or forbidden to lower it
        pass
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _only_our_log() -> None:
    """What `mindrail` logs goes to stderr, in lines that never hold an exception; the rest nowhere."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line("%(levelname)s %(name)s %(message)s"))
    logging.getLogger("mindrail").addHandler(handler)
    logging.getLogger("mindrail").propagate = False
    logging.lastResort = None  # what prints warnings of loggers without a handler


class _Line(logging.Formatter):
    """One line a record."""

    def formatException(self, ei: Any) -> str:  # noqa: N802, the name is the library's
        """Type alone."""
        return f"({ei[0].__qualname__})" if ei[0] else ""


def _quiet(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Type and places alone: the text of an exception can quote a message."""
    places = []
    while trace is not None:
        places.append(f"  {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
        trace = trace.tb_next
    print("\n".join([f"unexpected {kind.__qualname__}", *places]), file=sys.stderr, flush=True)  # noqa: T201

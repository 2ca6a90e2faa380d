"""What keeps texts inside this process: no core files, no readable files, no exception texts on stderr."""

import ctypes
import os
import sys
import threading
from types import TracebackType

#: Linux: whether the process may be dumped or looked into by others of the same user
_PR_SET_DUMPABLE = 4


def harden() -> None:
    """Called once, before a guard is opened."""
    os.umask(0o077)
    _no_core_files()
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


def _quiet(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Type and places alone: the text of an exception can quote a message."""
    places = []
    while trace is not None:
        places.append(f"  {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
        trace = trace.tb_next
    print("\n".join([f"unexpected {kind.__qualname__}", *places]), file=sys.stderr, flush=True)  # noqa: T201

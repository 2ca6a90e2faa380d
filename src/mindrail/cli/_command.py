"""What a command is: how it is asked, and what it answers."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

#: the exit code where some of what was asked is done, and the rest is not
PARTIAL = 6


@dataclass(frozen=True)
class Result:
    """`data` is printed with --json, `text` without; `exit_code` is what the process ends with."""

    data: object
    text: str
    exit_code: int = 0


@dataclass(frozen=True)
class Command:
    """One file of this folder: what it is for, its options, and the function that does it."""

    help: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Result]

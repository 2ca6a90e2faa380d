"""Every error a user can meet, and the exit code the command line gives it.

MindrailError
├── UsageError             2   the request cannot be understood
│   ├── UnknownName            no algorithm, set, family … of that name
│   ├── BadConfig              a recipe or setting is wrong
│   └── MissingExtra           an optional part is not installed
├── DataError              3   the data cannot be used
│   ├── BadFile                a file cannot be read; names path, line and field
│   ├── BadSplit               empty, one class only, too few of something
│   └── LeakFound              the same text on two sides of a split
├── Refused                4   an artefact is not what it claims to be
│   ├── BrokenGuard            integrity, version or format
│   └── WrongTaxonomy          labelled under another wording
└── Stopped                5   no progress is possible
    ├── Unreachable            a source does not answer
    └── OutOfSpace             the disk is full or not writable

Each message says what was found, what was expected and what to do. Never the text of a message.
"""

from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar


class MindrailError(Exception):
    """The root. `exit_code` is what the command line ends with, `code` what scripts match on."""

    exit_code: ClassVar[int] = 2

    @property
    def code(self) -> str:
        """The error's name in kebab case: `BadFile` is `bad-file`."""
        name = type(self).__name__
        return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


class UsageError(MindrailError):
    """The request cannot be understood."""

    exit_code = 2


class UnknownName(UsageError):
    """No thing of that kind has that name."""

    def __init__(self, kind: str, name: str, known: list[str] | tuple[str, ...]) -> None:
        close = get_close_matches(name, known, n=1, cutoff=0.6)
        hint = f"; did you mean '{close[0]}'?" if close else "."
        super().__init__(f"unknown {kind} '{name}'{hint} Known: {', '.join(sorted(known)) or 'none'}")
        self.kind, self.name = kind, name


class BadConfig(UsageError):
    """A recipe or setting is wrong."""


class MissingExtra(UsageError):
    """An optional part is not installed."""

    def __init__(self, package: str, extra: str, why: str) -> None:
        super().__init__(
            f"{why} needs '{package}', which is not installed. Do: pip install 'mindrail[{extra}]'"
        )
        self.package, self.extra = package, extra


class DataError(MindrailError):
    """The data cannot be used."""

    exit_code = 3


class BadFile(DataError):
    """A file cannot be read as what it should be. Names the place, never the content."""

    def __init__(
        self, path: Path | str, problem: str, *, line: int | None = None, field: str | None = None
    ) -> None:
        place = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(f"{problem} ({place}{f', {field}' if field else ''})")
        self.path, self.line, self.field = Path(path), line, field


class BadSplit(DataError):
    """A split is empty, holds one class only, or has too few of something."""


class LeakFound(DataError):
    """The same text stands on two sides of a split."""


class Refused(MindrailError):
    """An artefact is not what it claims to be."""

    exit_code = 4


class BrokenGuard(Refused):
    """A guard folder fails an integrity, version or format rule. Names file and rule."""

    def __init__(self, rule: str, *, file: Path | str | None = None) -> None:
        super().__init__(f"guard refused: {rule}{f' ({file})' if file is not None else ''}")
        self.rule, self.file = rule, file


class WrongTaxonomy(Refused):
    """Labels or scores were made under another wording of the taxonomy."""


class Stopped(MindrailError):
    """No progress is possible."""

    exit_code = 5


class Unreachable(Stopped):
    """A source does not answer, or there is neither network nor mirror."""


class OutOfSpace(Stopped):
    """The disk is full or the place is not writable."""

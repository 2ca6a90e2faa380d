"""Annotation projects small enough for a test, and a real server around one."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mindrail import taxonomy
from mindrail.annotate.project import Item, Project
from mindrail.annotate.settings import Settings
from mindrail.records import Example
from mindrail.taxonomy import Taxonomy

RISK = taxonomy.load("emotional-risk")
REPLY = taxonomy.load("dialogue-safety")
KINDS = taxonomy.load("harm-six")


def examples(size: int) -> list[Example]:
    """Mild messages, every third with what was said before it."""
    return [
        Example.of(f"Message number {n} about the garden.", context="How was your day?" if n % 3 == 0 else ())
        for n in range(size)
    ]


def project(
    folder: Path,
    size: int = 12,
    *,
    want: int = 1,
    asked: Taxonomy = RISK,
    people: Sequence[str] = ("ana", "ben"),
    lead: str | None = None,
    **settings: Any,
) -> Project:
    """A project whose items all want as many labels."""
    items = [Item(example, "pool", want, place) for place, example in enumerate(examples(size))]
    made = Project.create(folder, asked, Settings(**settings), items)
    for name in people:
        made.link(name, lead=name == lead)
    return made


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[str]:
    """`mindrail annotate` in a process of its own, on a free port unless told otherwise; ends by SIGKILL."""
    words = [sys.executable, "-m", "mindrail", "annotate", str(folder), "--port", str(port)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    told = process.stderr.readline()
    threading.Thread(target=process.stderr.read, daemon=True).start()
    try:
        yield told.split("the page is at ")[1].split(";")[0]
    finally:
        process.kill()
        process.wait()

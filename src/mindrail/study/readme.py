"""The part of a study's README that is written from its results: tables between two marks."""

from collections.abc import Sequence
from pathlib import Path

from mindrail import files

START, END = "<!-- results -->", "<!-- /results -->"


def into(path: Path, written: str) -> None:
    """Replace what stands between the marks; a README without them, or none at all, is left alone."""
    if not path.is_file():
        return
    text = files.read_text(path)
    head, start, rest = text.partition(START)
    _, end, tail = rest.partition(END)
    if start and end:
        files.write_text(path, f"{head}{START}\n\n{written}\n{END}{tail}")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table and an empty one behind it; none where there are no rows."""
    if not rows:
        return []
    lines = [" | ".join(cells) for cells in (head, ["---"] * len(head), *rows)]
    return [*(f"| {line} |" for line in lines), ""]

"""`mindrail scan`: a guard over all the messages there are, into a folder that can be gone on with."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mindrail import plugins
from mindrail.cli import _progress, _scan_report
from mindrail.cli._command import PARTIAL, Command, Result

if TYPE_CHECKING:
    from mindrail.batch.schema import Manifest
    from mindrail.recipes.scan import Progress, Scan

#: options of the same name as a field of `Columns`
_COLUMNS = {
    "text": "the message (default: text)",
    "messages": "a whole conversation, a list of {role, content}; its last turn is judged",
    "conversation": "which conversation a row is a turn of; rows before it are its context",
    "role": "who speaks the turn (user, assistant, …)",
    "id": "the row's id",
    "time": "when it was said",
    "group": "the person or conversation",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `scan`."""
    known = ", ".join(name for name in plugins.names("source") if name != "folder")
    parser.add_argument(
        "input", nargs="*", help=f"files ({known}; also .gz), folders of text files, or - for standard input"
    )
    parser.add_argument("--guard", type=Path, metavar="DIR", help="the guard folder")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write to")
    parser.add_argument("--resume", action="store_true", help="go on with what --out holds")
    parser.add_argument("--overwrite", action="store_true", help="begin again in --out")
    for name, what in _COLUMNS.items():
        parser.add_argument(f"--{name}", metavar="COLUMN", help=f"column of {what}")
    parser.add_argument("--format", help="of inputs whose suffix does not tell; standard input: jsonl")
    parser.add_argument("--with-text", action="store_true", help="write the judged text beside the answer")
    parser.add_argument("--strict", action="store_true", help="stop at the first row that cannot be judged")
    parser.add_argument("--shard-rows", type=int, metavar="N", help="rows of a shard (default: 5000)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one per core)")
    parser.add_argument(
        "--remember", type=int, metavar="N", help="texts known again (default: 65536; 0: none)"
    )
    parser.add_argument("--engine", help=f"where the guard works: {', '.join(plugins.names('engine'))}")
    parser.add_argument("--address", help="of the Ray cluster (default: one is started here)")
    _scan_report.configure(parser)


def run(options: argparse.Namespace) -> Result:
    """Scan, or report on a scan; ends with 6 where rows could not be judged."""
    if _scan_report.wanted(options):
        return _scan_report.run(options)
    from mindrail.recipes.scan import scan

    settings = _settings(options)
    bar = _Bar()
    manifest = _progress.exhaust(scan(settings), bar.show)
    bar.close()
    return Result(
        manifest.to_dict() | {"shards": len(manifest.shards)},
        _told(settings, manifest),
        PARTIAL if manifest.counts.bad else 0,
    )


def _settings(options: argparse.Namespace) -> "Scan":
    from mindrail import config
    from mindrail.recipes.scan import Scan

    named = {name: value for name in _COLUMNS if (value := getattr(options, name)) is not None}
    others = ("guard", "out", "format", "shard_rows", "workers", "remember", "engine", "address")
    values = {name: value for name in others if (value := getattr(options, name)) is not None}
    flags = {name: getattr(options, name) for name in ("with_text", "strict", "resume", "overwrite")}
    return config.build(Scan, {"inputs": options.input, "columns": named, **values, **flags}, where="scan")


class _Bar:
    """Rows, rate and time left; what an earlier run has done counts for neither rate nor time."""

    def __init__(self) -> None:
        self.pace = _progress.Pace()
        self.began, self.skipped, self.line = self.pace.began, 0, ""

    def show(self, now: "Progress") -> None:
        """Say so, if it is time to."""
        if not now.fresh:
            self.began, self.skipped = time.monotonic(), now.done
        spent = max(time.monotonic() - self.began, 1e-9)
        self.line = f"scan: {now.counts.rows} rows, {now.counts.bad} bad, {now.fresh / spent:.0f} rows/s"
        if now.size:
            left = spent / max(1, now.done - self.skipped) * (now.size - now.done)
            self.line += f", {now.done / now.size:.0%} of {now.size} bytes, {left:.0f} s left"
        self.pace.say(self.line, over=False)

    def close(self) -> None:
        """Say how it ended."""
        self.pace.say(self.line, over=True)


def _told(settings: "Scan", manifest: "Manifest") -> str:
    counts = manifest.counts
    lines = [f"{counts.rows} rows judged in {len(manifest.shards)} shards by guard {manifest.guard.id}"]
    if counts.context:
        lines.append(f"{counts.context} turns of the other side read as context")
    if counts.bad:
        lines.append(f"{counts.bad} rows could not be judged: {settings.out / 'bad.jsonl'}")
    if counts.repeated_ids:
        lines.append(
            f"{counts.repeated_ids} rows have an id that an earlier row has; source and row name them"
        )
    return "\n".join([*lines, f"folder {settings.out}"])


COMMAND = Command("a guard over all the messages there are; resumable", configure, run)

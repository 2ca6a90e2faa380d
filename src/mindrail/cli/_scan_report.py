"""`mindrail scan --report`: what a finished scan found, and what to label next."""

import argparse
from pathlib import Path

from mindrail import config
from mindrail.cli._command import Result
from mindrail.errors import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of a report."""
    group = parser.add_argument_group("report on a finished scan (docs/scan-report.md)")
    group.add_argument("--report", type=Path, metavar="OUT", help="the scan's folder; nothing is scanned")
    group.add_argument(
        "--reference", type=Path, metavar="SPLIT", help="folder made by prepare: the training data"
    )
    group.add_argument(
        "--queue", nargs=2, metavar=("N", "FILE"), help="write N messages for mindrail annotate to label"
    )


def wanted(options: argparse.Namespace) -> bool:
    """Whether a report is asked for. Raises UsageError where a scan and a report are asked for at once."""
    if options.report is None:
        if options.reference or options.queue:
            raise UsageError("--reference and --queue go with --report OUT")
        return False
    if options.input or options.out:
        raise UsageError(
            "--report is about a scan that is finished. Do: scan first, then --report with its folder"
        )
    return True


def run(options: argparse.Namespace) -> Result:
    """Write the report, and the queue if one is wanted."""
    from mindrail.batch.schema import REPORT
    from mindrail.recipes.survey import Report, survey
    from mindrail.survey.tables import full

    size, place = _queue(options)
    found = survey(Report(options.report, options.guard, options.reference, place, size))
    stopped = found.corrections[0]
    lines = [f"{found.rows} messages, stopped {full(stopped.alarms.share)}"]
    if stopped.true.share:
        lines.append(f"without the guard's known errors: {full(stopped.true.share)}")
    lines += found.notes
    if place:
        lines.append(f"queue {place}, and which rows it stands for in {place.name}.manifest.json")
    return Result(
        config.plain(found), "\n".join([*lines, f"report {options.report / REPORT / 'report.html'}"])
    )


def _queue(options: argparse.Namespace) -> tuple[int, Path | None]:
    if options.queue is None:
        return 0, None
    size, place = options.queue
    if not size.isdecimal() or int(size) < 1:
        raise UsageError("--queue takes how many messages, 1 or more, and a file")
    return int(size), Path(place)

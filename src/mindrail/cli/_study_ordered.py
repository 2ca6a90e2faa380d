"""`mindrail study` for a plan with steps of its own: ordered labels, and predictions that others released."""

import argparse
import time
from pathlib import Path

from mindrail import config
from mindrail.cli import _progress
from mindrail.cli._command import PARTIAL, Result
from mindrail.study import dialogue_safety, dialogue_summary
from mindrail.study.ordered import Job, OrderedPlan


def fits(plan: Path) -> bool:
    """Whether the plan says that it has these steps."""
    read = config.read_yaml(plan)
    return isinstance(read, dict) and read.get("steps") == "dialogue-safety"


def run(folder: Path, options: argparse.Namespace) -> Result:
    """Run what has no result yet, one job after the other, and sum up."""
    plan, results = config.load(OrderedPlan, folder / "plan.yaml"), folder / "results"
    wanted = [
        job for job in plan.jobs() if (options.only or "") in job.name and not (options.small and job.dear)
    ]
    began = time.monotonic()
    for job in [] if options.summary or options.list else _left(wanted, results):
        if options.minutes is not None and time.monotonic() - began >= 60 * options.minutes:
            break
        _progress.show(dialogue_safety.run(plan, job, options.work / plan.name, results), job.name)
        _progress.say(f"done {job.name}")
    left = _left(wanted, results)
    if options.list:
        lines = [f"{'-' if job in left else 'done'}\t{job.name}" for job in wanted]
        data = [{"name": job.name, "done": job not in left} for job in wanted]
        return Result(data, "\n".join([*lines, f"{len(wanted) - len(left)} of {len(wanted)} jobs are done"]))
    found = dialogue_summary.write(plan, folder, options.released)
    return Result(found, dialogue_summary.as_text(found), exit_code=PARTIAL if left else 0)


def _left(wanted: list[Job], results: Path) -> list[Job]:
    return [job for job in wanted if not (results / f"{job.name}.json").is_file()]

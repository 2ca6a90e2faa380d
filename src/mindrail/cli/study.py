"""`mindrail study`: run a plan's cells and turn them into numbers. Started again, it goes on where it stopped."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from mindrail import machine
from mindrail.cli import _progress, _study_ordered
from mindrail.cli._command import PARTIAL, Command, Result
from mindrail.errors import BadConfig, BadFile
from mindrail.study import cell as cells
from mindrail.study import own_models, runner, size_summary, spread, summary
from mindrail.study import plan as plans
from mindrail.study.plan import Cell, Plan
from mindrail.study.runner import Finished


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", help="a folder with a plan.yaml, or the name of one under studies")
    parser.add_argument("--small", action="store_true", help="the short plan")
    parser.add_argument("--list", action="store_true", help="say which cells are done and which are not")
    parser.add_argument("--summary", action="store_true", help="only turn the finished cells into numbers")
    parser.add_argument("--only", help="run the cells whose name contains this")
    parser.add_argument("--jobs", type=int, help="cells at once (default: one per core)")
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="where cells run: here, or on a Ray cluster",
    )
    parser.add_argument("--address", help="the Ray cluster to run on (default: one of this machine's cores)")
    parser.add_argument("--minutes", type=float, help="start no cell after so many minutes")
    parser.add_argument(
        "--work", type=Path, default=Path("out/study"), help="folder for splits, views and runs"
    )
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        help="a language model of yours beside the plan's own: folder, id, or NAME@URL of a server",
    )
    parser.add_argument(
        "--four-bit", action="store_true", help="read --model in four bits; needs a CUDA device"
    )
    parser.add_argument(
        "--released",
        type=Path,
        help="a checkout of the authors' repository, for a study that counts predictions they released",
    )
    parser.add_argument("--cell", help=argparse.SUPPRESS)  # one cell in this process


def _run(options: argparse.Namespace) -> Result:
    folder = _folder(options.study)
    if _study_ordered.fits(folder / "plan.yaml"):
        if options.engine != "local":
            raise BadConfig(
                "the steps of this study build on one another, so they run here. Do: --engine local"
            )
        return _study_ordered.run(folder, options)
    plan, results = plans.load(folder / "plan.yaml"), folder / "cells"
    own = [word for model in options.model for word in ("--model", model)]
    if options.four_bit:
        own.append("--four-bit")
    plan = own_models.beside(plan, options.model, four_bit=options.four_bit)
    wanted = plan.cells(small=options.small)
    if options.cell is not None:
        return _one(plan, options.cell, options.work, results)
    everything = wanted
    if options.only:
        wanted = [cell for cell in everything if options.only in cell.name]
    if not options.summary and not options.list:
        for over in _started(wanted, folder, own, options):
            how = "done" if over.code == 0 else f"FAILED with exit code {over.code}, see {over.log}"
            _progress.say(f"{over.done} of {over.of}: {over.cell.name}: {how} ({over.seconds:.0f} s)")
    left = runner.pending(wanted, results)
    if options.list or len(left) == len(wanted):
        lines = [f"{'-' if cell in left else 'done'}\t{cell.key}\t{cell.name}" for cell in wanted]
        return Result(
            [{"key": cell.key, "name": cell.name, "done": cell not in left} for cell in wanted],
            "\n".join([*lines, f"{len(wanted) - len(left)} of {len(wanted)} cells are done"]),
            exit_code=PARTIAL if left and not options.list else 0,
        )
    told = summary if plan.compares == "labels" else size_summary
    found = told.write(plan, everything, results, folder)  # also of what was done before
    unfinished = len(runner.pending(everything, results))
    return Result(found, told.as_text(found, unfinished), exit_code=PARTIAL if left else 0)


def _started(
    wanted: Sequence[Cell], folder: Path, own: Sequence[str], options: argparse.Namespace
) -> Iterator[Finished]:
    """The cells without a result, started where the user wants them."""
    work, jobs, minutes = options.work, options.jobs, options.minutes
    if options.engine == "ray":
        return spread.run(wanted, folder, own, work, jobs=jobs, minutes=minutes, address=options.address)
    if options.address is not None:
        raise BadConfig("found an address, but cells run on this machine. Do: --engine ray")
    command = ["study", str(folder), "--work", str(work), *own, "--cell"]
    return runner.run(wanted, command, folder / "cells", work, jobs=jobs or machine.cores(), minutes=minutes)


def _one(plan: Plan, key: str, work: Path, results: Path) -> Result:
    known = {cell.key: cell for small in (False, True) for cell in plan.cells(small=small)}
    if key not in known:
        raise BadConfig(f"plan '{plan.name}' has no cell '{key}'. Do: look at --list")
    _progress.show(cells.run(known[key], work, results), known[key].name)
    return Result({"key": key}, f"done {known[key].name}")


def _folder(name: str) -> Path:
    for place in (Path(name), Path("studies") / name):
        if (place / "plan.yaml").is_file():
            return place
    raise BadFile(Path(name), "no plan.yaml is here, nor in a folder of this name under studies")


COMMAND = Command("run a study's plan, cell by cell; resumable", _configure, _run)

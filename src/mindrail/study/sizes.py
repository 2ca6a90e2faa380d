"""One cell of a study of sizes: rows judged and costs measured in a fresh process; the result holds no text."""

import tempfile
from pathlib import Path
from typing import Any

from mindrail import config, machine
from mindrail.recipes.run import Run
from mindrail.recipes.split import PARTS, Split
from mindrail.study import rows, scoring
from mindrail.study.plan import Cell, Judging


def measured(cell: Cell, split: Split, run: Run) -> dict[str, Any]:
    """Everything that is kept of a cell: what was said about each row of each set, and what that cost."""
    wanted = cell.judging or Judging()
    axis = split.axis
    asked = {"test": rows.question(split.part("test"), axis)} | {
        name: rows.outside(name, asks, split.taxonomy, axis) for name, asks in wanted.outside.items()
    }
    limits = [wanted.rows, *[wanted.outside_rows] * len(wanted.outside)]
    sets = [one.examples[:limit] for one, limit in zip(asked.values(), limits, strict=True)]
    with tempfile.TemporaryDirectory(dir=run.folder) as place:
        scores, costs = scoring.score(run.folder, sets, Path(place))
    judged = {
        name: rows.packed(rows.judged(question, said, axis))
        for (name, question), said in zip(asked.items(), scores, strict=True)
    }
    return {
        "schema": 1,
        "cell": config.plain(cell),
        "sets": judged,
        "costs": config.plain(costs),
        "rows": {name: split.about["rows"][name] for name in PARTS},
        "answers": split.about["answers"]["labelled"],
        "near_duplicates": split.about["leaks_allowed"],
        "seconds": run.about["seconds"],
        "resolved": run.about["settings"]["settings"],
        "machine": machine.describe(),
    }

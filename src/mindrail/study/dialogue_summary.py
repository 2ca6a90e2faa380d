"""What the study of dialogue safety found: the released predictions again, and our own models, side by side."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mindrail import config, files, metrics
from mindrail.arrays import Int, ndarray
from mindrail.data.sets import dialogue_safety as released
from mindrail.errors import Unreachable
from mindrail.study import dialogue_safety as study
from mindrail.study import published
from mindrail.study.dialogue_safety import Judged
from mindrail.study.ordered import OrderedPlan
from mindrail.study.picks import COMPARED, Rows, pairs, table

#: the test whose rows the released predictions are about
OWN = "chinese"


def write(plan: OrderedPlan, folder: Path, repository: Path | None = None) -> dict[str, Any]:
    """Sum up what is finished into `folder/summary.json` and return it; `repository` as in `released`."""
    results = folder / "results"
    done = [job for job in plan.jobs() if (results / f"{job.name}.json").is_file()]
    tests = {name: study.judged(plan, test) for name, test in plan.tests.items()}
    summary = {
        "study": plan.name,
        "finished": len(done),
        "jobs": len(plan.jobs()),
        "released": _released(tests[OWN], folder, repository, plan.rounds),
        "tests": _tests(plan, tests, results),
        "masked": {
            job.model: _masked(said["masked"])
            for job in done
            for said in [files.read_json(results / f"{job.name}.json")["judged"].get(OWN, {})]
            if "masked" in said and plan.tasks[job.task].sets
        },
    }
    files.write_json(folder / "summary.json", rounded(summary))
    return summary


def _released(rows: Judged, folder: Path, repository: Path | None, rounds: int) -> dict[str, Any] | None:
    """The printed table beside the released predictions; None where these are not at hand."""
    try:
        said = released.released(repository)
    except Unreachable:
        return None
    expected = config.load(published.Expected, folder / "expected.yaml")
    return published.beside(Rows(rows.axis, rows.truth, rows.groups, rounds), said, expected)


def _tests(plan: OrderedPlan, tests: Mapping[str, Judged], results: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    walked = study.load(plan, results, tests, walked=True)
    for name, models in study.load(plan, results, tests).items():
        judged = tests[name]
        rows = Rows(judged.axis, judged.truth, judged.groups, plan.rounds)
        found[name] = {
            "rows": len(judged.examples),
            "contexts": len(set(judged.groups)),
            "labels": dict(zip(judged.axis.names, judged.truth.sum(axis=0).tolist(), strict=True)),
            "models": table(rows, models),
            "node_by_node_minus_flat": pairs(rows, models, study.twins(models)),
            "walking": {m: _walking(judged, runs, models[m]) for m, runs in walked[name].items()},
        }
    for job in plan.jobs():
        if (results / f"{job.name}.json").is_file():
            for name, said in files.read_json(results / f"{job.name}.json")["judged"].items():
                own = found[name]["models"][job.model]
                own.setdefault("stop_auroc", []).append(said["stop_auroc"])
                own.setdefault("said", []).append(said["said"])
    return found


def _walking(
    judged: Judged, walked: Mapping[str, Int[ndarray, " n"]], picked: Mapping[str, Int[ndarray, " n"]]
) -> dict[str, float]:
    """Ending at the first node that says yes, in place of the likeliest label: how often it differs, and the gain."""
    size = len(judged.axis.names)
    apart = [float((walked[seed] != picked[seed]).mean()) for seed in walked]
    gains = {}
    for name in ("accuracy", "macro-f1"):
        by_walking, likeliest = (
            [_of(name, judged.truth, np.eye(size, dtype=bool)[numbers]) for numbers in side.values()]
            for side in (walked, picked)
        )
        gains[name] = float(np.mean(by_walking) - np.mean(likeliest))
    return {"differs": float(np.mean(apart))} | gains


def _of(metric: str, truth: ndarray, picked: ndarray) -> float:
    return metrics.get(metric).compute(truth, picked.astype(float), picked)


def _masked(found: Mapping[str, list[str]]) -> dict[str, Any]:
    """How many rows hide a label behind the one that won, which pairs, and the ids."""
    hidden = Counter((won, name) for won, *also in found.values() for name in also)
    pairs = [{"won": won, "behind": name, "rows": count} for (won, name), count in hidden.most_common()]
    return {"rows": len(found), "pairs": pairs, "ids": sorted(found)}


def rounded(value: Any) -> Any:
    """The same with five digits, and None for what is not a number."""
    if isinstance(value, Mapping):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 5)
    return value


def as_text(summary: Mapping[str, Any]) -> str:
    """What a terminal shows."""
    lines = []
    told = summary["released"]
    if told is None:
        lines.append(
            "the authors' predictions are not at hand: give a checkout of their repository as --released"
        )
    else:
        lines.append(published.sentence(told))
        for model, log in told["checkpoints"].items():
            gain = 100 * log["gain"]
            lines.append(
                f"{model}: choosing the epoch on the test set is worth {gain:+.2f} points of accuracy"
            )
    for name, test in summary["tests"].items():
        lines += ["", f"{name}: {test['rows']} rows, {test['contexts']} contexts"]
        lines.append(f"{'model':32} {'accuracy':>22} {'macro F1':>22} {'recall of stopping':>22}  AUROC")
        for model, row in test["models"].items():
            told_numbers = " ".join(f"{_points(row[number]):>22}" for number in COMPARED)
            lines.append(f"{model:32} {told_numbers}  {np.mean(row['stop_auroc']):.3f}")
        for pair in test["node_by_node_minus_flat"]:
            low, high = (100 * end for end in pair["interval"])
            lines.append(
                f"  {pair['a']} minus flat: {pair['number']} {100 * pair['difference']:+.1f} "
                f"({low:+.1f} to {high:+.1f}), p {pair['p']:.3f}"
            )
    lines += ["", f"{summary['finished']} of {summary['jobs']} jobs are done"]
    return "\n".join(lines)


def _points(line: Mapping[str, Any]) -> str:
    low, high = (100 * end for end in line["interval"])
    return f"{100 * line['mean']:.1f} ({low:.1f} to {high:.1f})"

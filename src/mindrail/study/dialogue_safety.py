"""The study of dialogue safety: the authors' released predictions again, and our own models on what is public.

Each job of the plan leaves one small file in `results`; the summary is made of these and of the released
predictions, so it needs no model. Started again, it goes on where it stopped.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mindrail import config, files, machine, taxonomy
from mindrail.arrays import Float, Int, ndarray
from mindrail.data import corpus
from mindrail.errors import BadFile
from mindrail.evaluate.nodes import nodes
from mindrail.metrics import get
from mindrail.recipes.crossvalidate import crossvalidate
from mindrail.recipes.prepare import prepare
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split
from mindrail.recipes.train import train
from mindrail.records import Example
from mindrail.records.targets import targets_of
from mindrail.study.cell import packed_numbers, unpacked_numbers
from mindrail.study.ordered import Job, OrderedPlan, Test
from mindrail.taxonomy import Axis, Taxonomy, tree
from mindrail.train.progress import Stepped


@dataclass(frozen=True)
class Judged:
    """The rows of one test, in the order of their set."""

    axis: Axis
    examples: Sequence[Example]

    @property
    def truth(self) -> ndarray:
        """Labels [n, k]."""
        return np.asarray(targets_of(self.axis, self.examples).values)

    @property
    def groups(self) -> list[str | None]:
        """Which rows share a context."""
        return [example.group for example in self.examples]

    @property
    def digest(self) -> str:
        """Changes with the rows and with their order."""
        return files.digest([example.id for example in self.examples])[:16]


def judged(plan: OrderedPlan, test: Test) -> Judged:
    """Read the rows of a test."""
    kinds, axis = _asked(plan)
    everyone = [example for example in corpus.read(test.set, kinds, axis) if axis.name in example.answers]
    rows = [one for one in everyone if test.split is None or one.tags.get("split") == test.split]
    if test.new_contexts:
        seen = {one.group for one in everyone if one.tags.get("split") != test.split}
        rows = [one for one in rows if one.group not in seen]
    return Judged(axis, rows)


def run(plan: OrderedPlan, job: Job, work: Path, results: Path) -> Iterator[Stepped]:
    """Run one job, unless its result lies in `results`. `work` holds what is not finished; it may be deleted."""
    place = results / f"{job.name}.json"
    if place.is_file():
        return
    task, folder = plan.tasks[job.task], work / job.name
    if task.sets:
        made = yield from crossvalidate(plan.crossvalidate(job), folder)
        said = {name: (Judged(made.axis, made.examples), made.predictions.scores) for name in task.judged}
        seconds = sum(files.read_json(own)["seconds"] for own in folder.glob("fold-*/run/run.json"))
    else:
        split = _split(plan, job, work)
        yield from train(split, plan.train(job), folder)
        trained = Run.load(folder)
        scorer, tests = trained.scorer(), {name: judged(plan, plan.tests[name]) for name in task.judged}
        said = {name: (rows, scorer.score(rows.examples).astype(np.float64)) for name, rows in tests.items()}
        seconds = trained.about["seconds"]
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    about = {"job": config.plain(job), "train": config.plain(plan.train(job)), "task": config.plain(task)}
    found = {name: _said(rows, scores, job, plan.rounds) for name, (rows, scores) in said.items()}
    origin = {"seconds": round(seconds, 1), "machine": machine.describe(), "versions": machine.versions()}
    files.write_json(place, {"schema": 1, **about, "judged": found, **origin})


def _said(rows: Judged, scores: Float[ndarray, "n k"], job: Job, rounds: int) -> dict[str, Any]:
    """What is kept of one model on one test: label numbers and a few measures of its scores, and no text."""
    axis, probabilities = rows.axis, rows.axis.probabilities(scores)
    picked, walked = probabilities.argmax(axis=1), tree.walk(scores)
    whole = axis.events[-1]
    chance, harmful = whole.of(probabilities), whole.of(rows.truth)
    kept = {
        "rows": rows.digest,
        "picked": packed_numbers(picked.tolist()),
        "walked": packed_numbers(walked.tolist()),
        "stop_auroc": round(get("auroc").compute(harmful, chance, chance >= 0.5), 5),
        "said": dict(zip(axis.names, np.bincount(picked, minlength=len(axis.names)).tolist(), strict=True)),
        "nodes": config.plain(nodes(axis, rows.truth, [probabilities], rows.groups, rounds=rounds)),
    }
    return kept | ({"masked": masked(rows, scores, picked)} if job.ordered == "nodes" else {})


def masked(rows: Judged, scores: Float[ndarray, "n k"], picked: Int[ndarray, " n"]) -> dict[str, list[str]]:
    """By id: labels behind the one that was picked whose own node would have said yes, had it been asked.

    A node has only learned from rows that came to it, so this is what the model would say, not what is true.
    """
    yes, names = tree.conditionals(scores) >= 0.5, rows.axis.names
    found = {}
    for example, row, own in zip(rows.examples, yes, picked.tolist(), strict=True):
        also = [names[i] for i in range(own + 1, yes.shape[1]) if row[i]]
        if also:
            found[example.id] = [names[own], *also]
    return found


def load(
    plan: OrderedPlan, results: Path, tests: Mapping[str, Judged], *, walked: bool = False
) -> dict[str, dict[str, dict[str, ndarray]]]:
    """The finished jobs by test, model and seed: the number of the label picked for each row.

    Raises BadFile for a result about other rows than those of its test.
    """
    found: dict[str, dict[str, dict[str, ndarray]]] = {name: {} for name in plan.tests}
    for job in plan.jobs():
        place = results / f"{job.name}.json"
        if place.is_file():
            for test, said in files.read_json(place)["judged"].items():
                if said["rows"] != tests[test].digest:
                    raise BadFile(
                        place, f"about other rows than test '{test}' has. Do: delete it, run the job again"
                    )
                numbers = np.array(unpacked_numbers(said["walked" if walked else "picked"]))
                found[test].setdefault(job.model, {})[str(job.seed)] = numbers
    return {test: models for test, models in found.items() if models}


def twins(models: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Pairs of models that differ in how they learn the order alone: node by node first, flat second."""
    pairs = [(name, name.removesuffix("nodes") + "flat") for name in models if name.endswith(" nodes")]
    return [(ours, flat) for ours, flat in pairs if flat in models]


def _asked(plan: OrderedPlan) -> tuple[Taxonomy, Axis]:
    kinds = taxonomy.load(plan.taxonomy)
    return kinds, kinds.axis()


def _split(plan: OrderedPlan, job: Job, work: Path) -> Split:
    settings = plan.prepare(job)
    place = work / f"split-{files.digest(config.plain(settings))[:16]}"
    return Split.load(place) if (place / "split.json").is_file() else prepare(settings, place)

"""Learning from unlabelled texts, watched, and held against learning from the labels alone."""

import shutil
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mindrail import config, plugins
from mindrail.arrays import Float, ndarray
from mindrail.errors import BadSplit
from mindrail.evaluate import steering
from mindrail.recipes.run import Run, Verdict
from mindrail.runtime.scorer import Scorer
from mindrail.train import environment
from mindrail.train.collapse import Watch
from mindrail.train.progress import Stepped

if TYPE_CHECKING:
    from mindrail.models import Family, Job

History = list[dict[str, Any]]
Keep = Literal["better", "semi-supervised"]


def helps(algorithm: str) -> bool:
    """Whether an algorithm learns from unlabelled texts at all."""
    learns_from: str = plugins.get("algorithm", algorithm).ALGORITHM.learns_from
    return learns_from != "labels"


def refuse_without(job: "Job") -> None:
    """Raise BadSplit where there is nothing unlabelled to learn from, or a label that nobody has shown."""
    if not job.unlabelled:
        raise BadSplit(
            f"'{job.algorithm}' learns from unlabelled texts, and this split has none. Do: prepare with fewer "
            "labels or with sets under unlabelled, or train with the algorithm 'supervised'"
        )
    seen = [bool(column.any()) for column in job.targets().values.T]
    unseen = [name for name, there in zip(job.axis.names, seen, strict=True) if not there]
    if unseen:
        raise BadSplit(
            f"no labelled example is '{unseen[0]}', so '{job.algorithm}' could only guess what that is "
            f"({len(unseen)} of {len(seen)} labels are missing). Do: label some of each, or sample them balanced"
        )


def learn(
    job: "Job", family: "Family", own: Any, folder: Path, twin: "Run", *, keep: Keep
) -> Generator[Stepped, None, tuple[History, dict[str, Any]]]:
    """Train into `folder/model`, and put the twin's model there where that is the better one.

    Returns the history and what `run.json` says about it.
    """
    twin_scores = _scores(twin.scorer(), job, own)
    judge = steering.judge(job.axis, job.dev)
    reference = judge(twin_scores)
    watch = Watch(job.targets().values.mean(axis=0).tolist(), reference)
    history: History = []
    stopped = None
    for stepped in family.train(job, own, folder / "model"):
        looked = {} if stepped.dev is None else {"dev": stepped.dev}
        history.append({"step": stepped.step} | stepped.report | looked)
        if stepped.fresh:
            yield stepped
        stopped = watch.see(stepped)
        if stopped and keep == "better":
            break
    name, rows = steering.metric(job.axis).name, len(job.dev)
    if stopped and keep == "better":
        verdict = Verdict(name, reference, None, None, None, None, rows, "supervised", stopped)
    else:
        scorer: Scorer = family.scorer(job.axis, folder / "model")
        scores = _scores(scorer, job, own)
        found = steering.difference(job.axis, job.dev, scores, twin_scores)
        value = found.difference.value
        worse = value < 0 and keep == "better"
        verdict = Verdict(
            name,
            reference,
            judge(scores),
            value,
            (found.difference.low, found.difference.high),
            found.p,
            rows,
            "supervised" if worse else "semi-supervised",
            "it is the better one on the dev part" if keep == "better" else "as asked",
            stopped or watch.afterwards(),
        )
    if verdict.kept == "supervised" and environment.main():
        _put_aside(folder)
        shutil.copytree(twin.folder / "model", folder / "model")
    return history, {"semisupervision": config.plain(verdict)}


def _scores(scorer: Scorer, job: "Job", own: Any) -> Float[ndarray, "n k"]:
    """Scores of the dev part, in the arithmetic of training."""
    from mindrail.train.devices import Devices

    with Devices(getattr(own, "precision", "auto")).arithmetic():
        return scorer.score(job.dev)


def _put_aside(folder: Path) -> None:
    """Keep what was learned, for whoever wants to look at it."""
    aside = folder / "not-kept"
    if (folder / "model").is_dir():
        shutil.rmtree(aside, ignore_errors=True)
        (folder / "model").rename(aside)

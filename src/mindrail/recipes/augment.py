"""`augment`: other wordings of the texts of a split, checked, with how they were made. Resumable."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mindrail import config, files, machine, plugins, seeds
from mindrail.augment import report
from mindrail.augment._base import Method
from mindrail.augment.checks import Checks, chosen
from mindrail.augment.judge import Judge
from mindrail.augment.measure import measure
from mindrail.augment.methods._asked import Asked
from mindrail.augment.preview import Preview, preview
from mindrail.augment.store import Outcome, Store
from mindrail.augment.work import Work
from mindrail.calibrate.policy import Calibration
from mindrail.errors import BadConfig, BadFile, BadSplit, WrongTaxonomy
from mindrail.recipes import calibrate
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split
from mindrail.records import Example, views
from mindrail.records.views import ABOUT, VIEWS
from mindrail.taxonomy import Axis
from mindrail.train.progress import Stepped

REJECTED = "rejected.jsonl"
PARTS = ("labelled", "unlabelled")


@dataclass(frozen=True)
class Augment:
    """What is made, of what, and what it has to pass. `settings` are those of the method.

    `views` are wanted per text; `limit` takes that many texts, a sample that only grows with it; `probe` is how
    many texts the report's test of style rests on.
    """

    method: str = "edit"
    settings: Mapping[str, Any] = field(default_factory=dict)
    views: int = 2
    parts: tuple[str, ...] = ("unlabelled",)
    checks: Checks = field(default_factory=Checks)
    judge: Path | None = None  # a guard's folder, or a run's
    limit: int | None = None
    cache: bool = True
    probe: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.views < 1:
            raise ValueError(f"found {self.views} views, expected 1 or more")
        for part in self.parts:
            if part not in PARTS:
                raise ValueError(
                    f"part '{part}' is never augmented; expected {' or '.join(PARTS)}: dev and test judge what was "
                    "learned, so they stay as people wrote them"
                )


def augment(split: Split, settings: Augment, folder: Path) -> Iterator[Stepped]:
    """Make views into `folder`, yielding progress in views; afterwards `Views.load(folder)` has them.

    A folder that holds them already is left as it is, one that holds others is refused. Raises Unreachable or
    OverBudget where a language model gives up half way: what was made stays, and the same call goes on there.
    """
    method = method_of(settings)
    judge = None if settings.judge is None else open_judge(settings.judge, split.axis)
    job = _job(split, settings, method, judge)
    if (folder / ABOUT).is_file():
        if files.read_json(folder / ABOUT)["job"] != job:
            raise BadConfig(f"{folder} holds other views. Do: choose another folder, or delete this one")
        return
    examples = texts(split, settings)
    store = Store(folder, job)
    began = time.monotonic()
    work = Work(settings.method, method, chosen(settings.checks, method.skips, judge), settings.cache)
    yield from work.run(examples, settings.views, settings.seed, store)
    outcomes = {outcome.of: outcome for outcome in store.outcomes()}
    ordered = [outcomes[example.id] for example in examples]
    spent = config.plain(method.spent) if isinstance(method, Asked) else None
    _finish(split, settings, job, judge, examples, ordered, folder, time.monotonic() - began, spent)
    store.clear()


def method_of(settings: Augment) -> Method:
    """The method with its settings. Raises UnknownName or BadConfig."""
    found = plugins.get("augmentation", settings.method).METHOD
    if settings.method == "reappraise":
        raise BadConfig("'reappraise' makes a labelled set and no views. Do: mindrail augment reappraise")
    method: Method = config.build(found, settings.settings, where=f"settings of '{settings.method}'")
    return method


def show(split: Split, settings: Augment) -> Preview:
    """What a language model would be asked. Raises BadConfig for a method that asks none."""
    method = method_of(settings)
    if not isinstance(method, Asked):
        raise BadConfig(f"'{settings.method}' asks no language model, so there is no prompt to show")
    return preview(method, texts(split, settings), settings.views)


def texts(split: Split, settings: Augment) -> list[Example]:
    """The texts that are reworded: of these parts, each text once, in an order that only the seed decides."""
    found = {example.id: example for part in settings.parts for example in split.part(part)}
    if not found:
        raise BadSplit(f"there is no text in {' and '.join(settings.parts)} of {split.folder}")
    drawn = sorted(found.values(), key=lambda one: seeds.derive(settings.seed, "augment", one.id))
    return drawn[: settings.limit]


def open_judge(folder: Path, axis: Axis) -> Judge:
    """A guard or a run as a judge. Raises BadFile where the folder is neither, WrongTaxonomy for another question."""
    if (folder / "manifest.json").is_file():
        from mindrail.guard import Guard

        guard = Guard.load(folder)
        if guard.axis.digest != axis.digest:
            raise WrongTaxonomy(
                f"the guard in {folder} answers '{guard.axis.name}' ({guard.axis.digest}), expected '{axis.name}' "
                f"({axis.digest}). Do: choose a judge of the same question"
            )
        return Judge(
            guard.scorer,
            guard.calibration,
            f"guard {guard.id}",
            guard.id,
            guard.manifest.made_from.get("split", ""),
        )
    if not (folder / "run.json").is_file():
        raise BadFile(folder, "neither a guard nor a finished run. Do: choose the folder of one as --judge")
    run = Run.load(folder, axis=axis)
    calibration: Calibration | None = None
    if (folder / calibrate.FILE).is_file():
        calibration = calibrate.load(folder, axis)
    return Judge(run.scorer(), calibration, run.name, run.about["identity"][:16], run.about["split"])


def _job(split: Split, settings: Augment, method: Method, judge: Judge | None) -> dict[str, Any]:
    """Everything the views depend on."""
    told: dict[str, Any] = config.plain(replace(settings, judge=None))
    for name in ("settings", "cache", "judge"):
        told.pop(name)
    return {
        **told,
        "identity": method.identity(),
        "judge": judge.identity if judge else None,
        "split": split.digest,
        "axis": split.axis.digest,
    }


def _finish(
    split: Split,
    settings: Augment,
    job: Mapping[str, Any],
    judge: Judge | None,
    examples: Sequence[Example],
    outcomes: Sequence[Outcome],
    folder: Path,
    seconds: float,
    spent: Mapping[str, int] | None,
) -> None:
    """Everything in its place; `augment.json` last, because it says that the folder is finished."""
    views.write(folder / VIEWS, (view for outcome in outcomes for view in outcome.views))
    rejected = [config.plain(one) for outcome in outcomes for one in outcome.rejected]
    files.write_jsonl(folder / REJECTED, rejected)
    found = measure(
        settings.method,
        examples,
        outcomes,
        split.axis,
        settings.views,
        probe=settings.probe,
        judge=judge.name if judge else "",
        judge_knows=judge is not None and judge.split == split.digest,
        identity=job["identity"],
        made_from={"split": split.digest, "parts": " and ".join(settings.parts), "seed": settings.seed}
        | {"licences": split.about["licences"]},
    )
    report.write(found, folder)
    about = {
        "job": job,
        "method": settings.method,
        "split": split.digest,
        "counts": report.headline(found),
        "licences": split.about["licences"],
        "licence_note": "views are derived from these texts, and by a model under the model's terms too",
        "files": {name: files.sha256(folder / name) for name in (VIEWS, REJECTED)},
        "since_last_start": {"seconds": round(seconds, 1), "asked": spent},
        "machine": machine.describe(),
    }
    files.write_json(folder / ABOUT, about)

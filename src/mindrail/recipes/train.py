"""`train`: a split and a family to a run folder. Interrupted runs go on where they stopped."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindrail import config, files, machine, plugins
from mindrail.errors import BadConfig
from mindrail.evaluate import steering
from mindrail.recipes import unlabelled
from mindrail.recipes.run import Run
from mindrail.recipes.split import PARTS, Split
from mindrail.recipes.unlabelled import History, Keep
from mindrail.records import Example
from mindrail.records.views import Views
from mindrail.train import environment
from mindrail.train.progress import Stepped

if TYPE_CHECKING:
    from mindrail.models import Job
    from mindrail.prompts.preview import Preview


@dataclass(frozen=True)
class Train:
    """What learns, and how. `settings` are those of the family, `algorithm_settings` those of the algorithm."""

    family: str = "encoder"
    settings: Mapping[str, Any] = field(default_factory=dict)
    algorithm: str = "supervised"
    algorithm_settings: Mapping[str, Any] = field(default_factory=dict)
    class_weights: str | Mapping[str, float] = "balanced"  # or none, or a weight per label
    #: after learning from unlabelled texts: keep the better of it and its supervised twin on dev, or it anyway
    keep: Keep = "better"
    seed: int = 0


def train(
    split: Split,
    settings: Train,
    folder: Path,
    *,
    views: Sequence[Views] = (),
    twin: Run | None = None,
) -> Iterator[Stepped]:
    """Train into `folder`, yielding progress; afterwards `Run.load(folder)` has the result.

    An algorithm that learns from unlabelled texts is held against its supervised twin: the same labels and
    settings without them, trained first (in `folder/twin`) unless a finished `twin` is given. `run.json` says
    what was gained on the dev part. Where the run collapses, or ends below the twin, the twin's model is kept.

    A folder that holds the same run already is left as it is; one that holds another run is refused.
    """
    environment.prepare()
    family = plugins.get("family", settings.family).FAMILY
    if family.algorithms is not None and settings.algorithm not in family.algorithms:
        raise BadConfig(
            f"family '{settings.family}' learns by {', '.join(family.algorithms)}, not '{settings.algorithm}'. "
            "Do: choose one of these, or the family 'encoder'"
        )
    own = config.build(family.Config, dict(settings.settings), where=f"settings of '{settings.family}'")
    resolved = config.plain(settings) | {"settings": config.plain(own)}
    identity = files.digest([resolved, split.digest, split.axis.digest, [made.digest for made in views]])
    if (folder / "run.json").is_file():
        if files.read_json(folder / "run.json")["identity"] != identity:
            raise BadConfig(f"{folder} holds another run. Do: choose another folder, or delete this one")
        return
    job = _job(split, settings, views, folder / "checkpoints", identity)
    about = {
        "identity": identity,
        "taxonomy": split.about["taxonomy"],
        "axis": split.axis.name,
        "settings": resolved,
        "split": split.digest,
        "views": [made.digest for made in views],
        "licences": split.about["licences"],
        "rows": len(job.labelled),
        "unlabelled": len(job.unlabelled),
    }
    began = time.monotonic()
    if not unlabelled.helps(settings.algorithm):
        history = yield from _steps(family.train(job, own, folder / "model"))
        told: dict[str, Any] = {}
    else:
        unlabelled.refuse_without(job)
        if twin is None:
            alone = replace(settings, algorithm="supervised", algorithm_settings={})
            yield from train(split, alone, folder / "twin")
            twin = Run.load(folder / "twin", axis=split.axis)
        _refuse_other(twin, split, resolved)
        history, told = yield from unlabelled.learn(job, family, own, folder, twin, keep=settings.keep)
    if environment.main():
        files.write_jsonl(folder / "history.jsonl", history)
        seconds = round(time.monotonic() - began, 1)
        files.write_json(
            folder / "run.json", about | told | {"seconds": seconds, "machine": machine.describe()}
        )
    environment.together()


def show(split: Split, settings: Train, *, show_text: bool = False) -> "Preview":
    """What a language model would be asked about the dev and test parts.

    Raises BadConfig for a family that asks none.
    """
    from mindrail.models._base import Shows

    environment.prepare()
    family = plugins.get("family", settings.family).FAMILY
    if not isinstance(family, Shows):
        raise BadConfig(f"family '{settings.family}' asks no language model, so there is no prompt to show")
    own = config.build(family.Config, dict(settings.settings), where=f"settings of '{settings.family}'")
    job = _job(split, settings, (), Path(), "")
    return family.preview(job, own, [*split.part("dev"), *split.part("test")], show_text=show_text)


def _job(split: Split, settings: Train, views: Sequence[Views], place: Path, identity: str) -> "Job":
    """What is to be learned. Refuses before anything heavy is loaded."""
    from mindrail.models import Job

    several = unlabelled.helps(settings.algorithm)
    dev = split.part("dev") if several else ()
    job = Job(
        split.axis,
        split.part("labelled"),
        split.part("unlabelled"),
        _wordings(split, views) if several else {},
        steering.judge(split.axis, dev) if several else None,
        dev,
        settings.algorithm,
        settings.algorithm_settings,
        settings.class_weights,
        settings.seed,
        place,
        identity,
        split.taxonomy.asks,
        split.taxonomy.judges,
    )
    job.targets()
    return job


def _wordings(split: Split, views: Sequence[Views]) -> dict[str, list[Example]]:
    """Other wordings of the unlabelled texts, of all folders together."""
    if not views:
        return {}
    wanted = set[str]().union(*(made.of for made in views))
    parts = {name: [one for one in split.part(name) if one.id in wanted] for name in PARTS}
    known = [made.by_id([*chain.from_iterable(parts.values())]) for made in views]
    return {
        example.id: [view.example(example) for of in known for view in of[example.id]]
        for example in parts["unlabelled"]
    }


def _steps(work: Iterator[Stepped]) -> Generator[Stepped, None, History]:
    history: History = []
    for stepped in work:
        history.append({"step": stepped.step} | stepped.report)
        if stepped.fresh:
            yield stepped
    return history


def _refuse_other(twin: Run, split: Split, resolved: Mapping[str, Any]) -> None:
    """Raise BadConfig unless the twin learned the same labels by supervision, with the same settings."""
    expected = {**resolved, "algorithm": "supervised", "algorithm_settings": {}, "split": split.digest}
    found = {**twin.about["settings"], "split": twin.about["split"]}
    other = [name for name in expected if name != "keep" and found.get(name) != expected[name]]
    if other:
        raise BadConfig(
            f"the twin in {twin.folder} has another {' and '.join(other)}, expected this run's labels and settings, "
            "learned by 'supervised'. Do: train it with the same settings, or leave it to this run"
        )

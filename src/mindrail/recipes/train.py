"""`train`: a split and a family to a run folder. Interrupted runs go on where they stopped."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindrail import config, files, machine, plugins
from mindrail.errors import BadConfig, BadFile, WrongTaxonomy
from mindrail.recipes.prepare import Split
from mindrail.runtime.scorer import Scorer
from mindrail.taxonomy import Axis, from_dict
from mindrail.train import environment
from mindrail.train.progress import Stepped

if TYPE_CHECKING:
    from mindrail.models import Family


@dataclass(frozen=True)
class Train:
    """What learns, and how. `settings` are those of the family, `algorithm_settings` those of the algorithm."""

    family: str = "encoder"
    settings: Mapping[str, Any] = field(default_factory=dict)
    algorithm: str = "supervised"
    algorithm_settings: Mapping[str, Any] = field(default_factory=dict)
    class_weights: str | Mapping[str, float] = "balanced"  # or none, or a weight per label
    seed: int = 0


@dataclass(frozen=True)
class Run:
    """A finished run, read back from its folder."""

    folder: Path
    axis: Axis
    about: dict[str, Any]

    @classmethod
    def load(cls, folder: Path, *, axis: Axis | None = None) -> "Run":
        """Read `run.json`; with `axis`, refuse a run that learned another wording."""
        if not (folder / "run.json").is_file():
            raise BadFile(folder, "no finished run is here. Do: mindrail train, with this folder as --out")
        about = files.read_json(folder / "run.json")
        own = from_dict(about["taxonomy"], where="run.json").axis(about["axis"])
        if axis is not None and own.digest != axis.digest:
            raise WrongTaxonomy(
                f"the run in {folder} answers '{own.name}' ({own.digest}), expected '{axis.name}' ({axis.digest}). "
                "Do: train again with the present taxonomy"
            )
        return cls(folder, own, about)

    def scorer(self) -> Scorer:
        """The trained model, scoring as it was trained (with torch for encoders)."""
        environment.prepare()
        return self.family.scorer(self.axis, self.folder / "model")

    @property
    def family(self) -> "Family":
        """The family that made it."""
        family: Family = plugins.get("family", self.about["settings"]["family"]).FAMILY
        return family

    @property
    def name(self) -> str:
        """What reports call it."""
        settings = self.about["settings"]
        return f"{settings['family']}, {settings['algorithm']}, seed {settings['seed']}"


def train(split: Split, settings: Train, folder: Path) -> Iterator[Stepped]:
    """Train into `folder`, yielding progress; afterwards `Run.load(folder)` has the result.

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
    identity = files.digest([resolved, split.digest, split.axis.digest])
    if (folder / "run.json").is_file():
        if files.read_json(folder / "run.json")["identity"] != identity:
            raise BadConfig(f"{folder} holds another run. Do: choose another folder, or delete this one")
        return
    from mindrail.models import Job

    job = Job(
        split.axis,
        split.part("labelled"),
        split.part("unlabelled"),
        settings.algorithm,
        settings.algorithm_settings,
        settings.class_weights,
        settings.seed,
        folder / "checkpoints",
        identity,
    )
    job.targets()  # refuses before anything heavy is loaded
    began = time.monotonic()
    history = []
    for stepped in family.train(job, own, folder / "model"):
        history.append({"step": stepped.step} | stepped.report)
        yield stepped
    files.write_jsonl(folder / "history.jsonl", history)
    about = {
        "identity": identity,
        "taxonomy": split.about["taxonomy"],
        "axis": split.axis.name,
        "settings": resolved,
        "split": split.digest,
        "licences": split.about["licences"],
        "rows": len(job.labelled),
        "seconds": round(time.monotonic() - began, 1),
        "machine": machine.describe(),
    }
    files.write_json(folder / "run.json", about)

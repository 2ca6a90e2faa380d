"""A finished run: what was learned, from what, and what came of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mindrail import config, files, plugins
from mindrail.errors import BadFile, WrongTaxonomy
from mindrail.runtime.scorer import Scorer
from mindrail.taxonomy import Axis, from_dict
from mindrail.train import environment

if TYPE_CHECKING:
    from mindrail.models import Family


@dataclass(frozen=True)
class Verdict:
    """What the unlabelled texts brought on the dev part. `gain` is None where the run was ended before."""

    metric: str
    twin: float
    dev: float | None
    gain: float | None
    interval: tuple[float, float] | None
    p: float | None
    rows: int
    kept: Literal["semi-supervised", "supervised"]
    why: str
    note: str | None = None

    def __str__(self) -> str:
        if self.gain is None or self.interval is None:
            return f"semi-supervision was stopped: {self.why}. The supervised model is kept"
        low, high = (100 * bound for bound in self.interval)
        said = (
            f"semi-supervision gained {100 * self.gain:+.1f} ({low:+.1f} to {high:+.1f}) points of {self.metric} "
            f"over supervised on the same labels ({self.rows} dev texts); the {self.kept} model is kept"
        )
        return f"{said}\nnote: {self.note}" if self.note else said


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

    @property
    def verdict(self) -> Verdict | None:
        """What unlabelled texts brought, where the run learned from them."""
        told = self.about.get("semisupervision")
        return None if told is None else config.build(Verdict, told)

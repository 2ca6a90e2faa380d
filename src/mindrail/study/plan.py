"""A study's plan: which cells are to be run, and under which key each one's result is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from itertools import product
from pathlib import Path
from typing import Any, Literal

from mindrail import config, files
from mindrail.errors import UnknownName
from mindrail.recipes.augment import Augment
from mindrail.recipes.prepare import Prepare

#: Trained on the labels alone, so without views.
SUPERVISED = "supervised"


@dataclass(frozen=True)
class Task:
    """Data to learn from, and sets that the result is judged on besides its own test part."""

    data: Mapping[str, Any]  # settings of prepare; labels and seed come from the cell
    transfer: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)  # of the family, on top of the plan's
    #: where sizes are compared: outside sets, and the label that each asks for ("each": all; "any": whichever)
    outside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A family with settings, under the name that people compare it by."""

    family: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    rows: int | None = None  # of the test part that are judged; None: all
    outside_rows: int | None = None  # of each outside set, where fewer than the plan's
    stands_for: str | None = None  # the language model in its name and settings, which a user may exchange


@dataclass(frozen=True)
class Judging:
    """What is measured of one cell where sizes are compared: which rows, which sets, and what they cost."""

    rows: int | None = None
    outside: Mapping[str, str] = field(default_factory=dict)
    outside_rows: int | None = None


@dataclass(frozen=True)
class More:
    """More labelled examples of some labels: each has `times` wordings, itself among them.

    Without a `method` it stands there `times` times; with one, other wordings are made by `augment`.
    """

    labels: tuple[str, ...]
    times: int
    method: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.times < 2:
            raise ValueError(f"found {self.times} times, expected 2 or more")


@dataclass(frozen=True)
class Block:
    """A grid of cells: every combination of the lists. `arm` names what is special about it."""

    task: tuple[str, ...]
    seeds: tuple[int, ...]
    labels: tuple[int | str, ...] = (200,)  # "all" for every label there is
    algorithm: tuple[str, ...] = (SUPERVISED,)
    views: tuple[str, ...] = ("none",)
    family: tuple[str, ...] = ("encoder",)
    model: tuple[str, ...] = ()  # models of the plan, in place of families
    arm: str = "main"
    data: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    algorithm_settings: Mapping[str, Any] = field(default_factory=dict)
    adapt: Mapping[str, Any] | None = None  # settings of adapt: the encoder reads the pool first
    class_weights: str = "balanced"  # or none
    more: More | None = None
    rows: int | None = None  # in place of the model's


@dataclass(frozen=True)
class Cell:
    """One training run and what it is judged on, with everything resolved that the result depends on."""

    task: str
    labels: int | str
    algorithm: str
    views: str
    seed: int
    arm: str
    family: str
    data: Mapping[str, Any]
    augment: Mapping[str, Any] | None
    settings: Mapping[str, Any]
    algorithm_settings: Mapping[str, Any]
    transfer: tuple[str, ...]
    adapt: Mapping[str, Any] | None = None
    model: str = ""
    class_weights: str = "balanced"
    more: More | None = None
    judging: Judging | None = None

    @property
    def key(self) -> str:
        """The same for the same work, whatever the plan calls it; what is not asked for leaves no trace."""
        usual = {one.name: one.default for one in fields(self) if one.default is not MISSING}
        asked = (one.name for one in fields(self) if getattr(self, one.name) != usual.get(one.name, MISSING))
        plain, called = config.plain(self), ("arm", "views", "model")
        return files.digest({name: plain[name] for name in asked if name not in called})[:16]

    @property
    def name(self) -> str:
        """What people call it."""
        head, arm = self._said
        return f"{head}, seed {self.seed}{arm}"

    @property
    def group(self) -> str:
        """What people call it and its sisters with other seeds."""
        return "".join(self._said)

    @property
    def _said(self) -> tuple[str, str]:
        views = "" if self.views == "none" else f", {self.views}"
        family = "" if self.family == "encoder" else self.family
        algorithm = "" if self.model and self.supervised else self.algorithm
        how = f"{self.model or family} {algorithm}".strip()
        return f"{self.task} {self.labels}: {how}{views}", "" if self.arm == "main" else f" ({self.arm})"

    @property
    def supervised(self) -> bool:
        """Whether it learns from the labels alone."""
        return self.algorithm == SUPERVISED

    @property
    def twin(self) -> "Cell":
        """The cell that learns from the same labels by supervision."""
        return replace(self, algorithm=SUPERVISED, views="none", augment=None, algorithm_settings={})

    def prepare(self) -> Prepare:
        """How its data are prepared."""
        labels = None if self.labels == "all" else self.labels
        return config.build(
            Prepare, {**self.data, "labels": labels, "seed": self.seed}, where=f"data of '{self.task}'"
        )


@dataclass(frozen=True)
class Plan:
    """A plan file. Blocks are run in their order; `small` says which arms a short plan is made of.

    A plan of `sizes` judges every cell row by row in a fresh process and measures what that costs. Its `gains` name
    two groups of cells each, the better one first; `honest` are sources that hold every label.
    """

    name: str
    tasks: Mapping[str, Task]
    blocks: tuple[Block, ...]
    compares: Literal["labels", "sizes"] = "labels"
    models: Mapping[str, Model] = field(default_factory=dict)
    outside_rows: int | None = None  # of each outside set that are judged; None: all
    honest: tuple[str, ...] = ()
    gains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    views: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of each family
    algorithm_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of each algorithm
    small: tuple[Block, ...] = ()

    def cells(self, *, small: bool = False) -> list[Cell]:
        """All cells in order, each once. Raises UnknownName for a task or views that the plan does not define."""
        found: dict[str, Cell] = {}
        for block in self.small if small else self.blocks:
            for cell in self._cells(block):
                found.setdefault(cell.key, cell)
        return list(found.values())

    def _cells(self, block: Block) -> Sequence[Cell]:
        models = block.model or block.family
        grid = product(block.task, models, block.labels, block.algorithm, block.views, block.seeds)
        return [self._cell(block, *point) for point in grid]

    def _cell(
        self, block: Block, task: str, name: str, labels: int | str, algorithm: str, views: str, seed: int
    ) -> Cell:
        if task not in self.tasks:
            raise UnknownName("task", task, [*self.tasks])
        if views not in ("none", *self.views):
            raise UnknownName("views", views, ["none", *self.views])
        if algorithm == SUPERVISED:
            views = "none"
        if block.model and name not in self.models:
            raise UnknownName("model", name, [*self.models])
        about, model = self.tasks[task], self.models[name] if block.model else Model(name)
        rows = block.rows or model.rows
        limit = model.outside_rows or self.outside_rows
        judging = Judging(rows, about.outside, limit) if self.compares == "sizes" else None
        augment = None if views == "none" else config.plain(config.build(Augment, dict(self.views[views])))
        return Cell(
            task,
            labels,
            algorithm,
            views,
            seed,
            block.arm,
            model.family,
            {**about.data, **block.data},
            augment,
            {**self.settings.get(model.family, {}), **model.settings, **about.settings, **block.settings},
            {**self.algorithm_settings.get(algorithm, {}), **block.algorithm_settings},
            about.transfer,
            block.adapt,
            name if block.model else "",
            block.class_weights,
            block.more,
            judging,
        )


def load(path: Path) -> Plan:
    """Read a plan file. Raises BadConfig for unknown keys, UnknownName for unknown tasks or views."""
    plan = config.load(Plan, path)
    plan.cells()
    plan.cells(small=True)
    return plan

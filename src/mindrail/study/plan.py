"""A study's plan: which cells are to be run, and under which key each one's result is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True)
class Block:
    """A grid of cells: every combination of the lists. `arm` names what is special about it."""

    task: tuple[str, ...]
    seeds: tuple[int, ...]
    labels: tuple[int | str, ...] = (200,)  # "all" for every label there is
    algorithm: tuple[str, ...] = (SUPERVISED,)
    views: tuple[str, ...] = ("none",)
    family: tuple[str, ...] = ("encoder",)
    arm: str = "main"
    data: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    algorithm_settings: Mapping[str, Any] = field(default_factory=dict)
    adapt: Mapping[str, Any] | None = None  # settings of adapt: the encoder reads the pool first


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

    @property
    def key(self) -> str:
        """The same for the same work, whatever the plan calls it."""
        work = {k: v for k, v in config.plain(self).items() if k not in ("arm", "views")}
        if self.adapt is None:
            del work["adapt"]
        return files.digest(work)[:16]

    @property
    def name(self) -> str:
        """What people call it."""
        views = "" if self.views == "none" else f", {self.views}"
        arm = "" if self.arm == "main" else f" ({self.arm})"
        family = "" if self.family == "encoder" else f"{self.family} "
        return f"{self.task} {self.labels}: {family}{self.algorithm}{views}, seed {self.seed}{arm}"

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
    """A plan file. Blocks are run in their order; `small` says which arms a short plan is made of."""

    name: str
    tasks: Mapping[str, Task]
    blocks: tuple[Block, ...]
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
        grid = product(block.task, block.family, block.labels, block.algorithm, block.views, block.seeds)
        return [self._cell(block, *point) for point in grid]

    def _cell(
        self, block: Block, task: str, family: str, labels: int | str, algorithm: str, views: str, seed: int
    ) -> Cell:
        if task not in self.tasks:
            raise UnknownName("task", task, [*self.tasks])
        if views not in ("none", *self.views):
            raise UnknownName("views", views, ["none", *self.views])
        if algorithm == SUPERVISED:
            views = "none"
        about = self.tasks[task]
        augment = None if views == "none" else config.plain(config.build(Augment, dict(self.views[views])))
        return Cell(
            task,
            labels,
            algorithm,
            views,
            seed,
            block.arm,
            family,
            {**about.data, **block.data},
            augment,
            {**self.settings.get(family, {}), **about.settings, **block.settings},
            {**self.algorithm_settings.get(algorithm, {}), **block.algorithm_settings},
            about.transfer,
            block.adapt,
        )


def load(path: Path) -> Plan:
    """Read a plan file. Raises BadConfig for unknown keys, UnknownName for unknown tasks or views."""
    plan = config.load(Plan, path)
    plan.cells()
    plan.cells(small=True)
    return plan

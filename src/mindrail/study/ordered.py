"""The plan of a study on ordered labels: who learns from what, flat or node by node, and what it is judged on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from mindrail import config
from mindrail.errors import UnknownName
from mindrail.recipes.crossvalidate import CrossValidate
from mindrail.recipes.prepare import Prepare
from mindrail.recipes.train import Train
from mindrail.taxonomy.tree import Ordered


@dataclass(frozen=True)
class Learner:
    """A family with settings; `dear` marks one that takes hours: left out unless asked for."""

    family: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    dear: bool = False


@dataclass(frozen=True)
class Task:
    """What is learned from: sets that are cross-validated, or data that `prepare` divides."""

    judged: tuple[str, ...]  # tests of the plan; a cross-validation judges its own rows, so only that one
    sets: tuple[str, ...] = ()
    folds: int = 5
    data: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # on top of a learner's own
    class_weights: str | Mapping[str, float] | None = None  # in place of the plan's

    def __post_init__(self) -> None:
        if bool(self.sets) == bool(self.data):
            raise ValueError("give either sets to cross-validate, or data to prepare")


@dataclass(frozen=True)
class Test:
    """Rows that models are judged on: those of a set, or of one split of it, or those whose context is new there."""

    set: str
    split: str | None = None
    new_contexts: bool = False


@dataclass(frozen=True)
class Block:
    """A grid of jobs."""

    task: tuple[str, ...]
    learner: tuple[str, ...]
    ordered: tuple[Ordered, ...] = ("flat",)
    seeds: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Job:
    """One model, or the models of one cross-validation."""

    task: str
    learner: str
    ordered: Ordered
    seed: int
    dear: bool

    @property
    def model(self) -> str:
        """The same for every seed."""
        return f"{self.task} {self.learner} {self.ordered}"

    @property
    def name(self) -> str:
        """The name of its result."""
        return f"{self.model} {self.seed}".replace(" ", "-")


@dataclass(frozen=True)
class OrderedPlan:
    """A plan file. `class_weights` are those of the study's loss, by label."""

    name: str
    steps: str
    taxonomy: str
    class_weights: str | Mapping[str, float]
    tests: Mapping[str, Test]
    learners: Mapping[str, Learner]
    tasks: Mapping[str, Task]
    blocks: tuple[Block, ...]
    rounds: int = 1000  # of every resampling

    def jobs(self) -> list[Job]:
        """All of them in order, each once. Raises UnknownName for what the plan does not define."""
        grids = (product(block.task, block.learner, block.ordered, block.seeds) for block in self.blocks)
        found = [self._job(*point) for grid in grids for point in grid]
        return list({job.name: job for job in found}.values())

    def _job(self, task: str, learner: str, ordered: Ordered, seed: int) -> Job:
        for kind, name, known in (("task", task, self.tasks), ("learner", learner, self.learners)):
            if name not in known:
                raise UnknownName(kind, name, [*known])
        for name in self.tasks[task].judged:
            if name not in self.tests:
                raise UnknownName("test", name, [*self.tests])
        return Job(task, learner, ordered, seed, self.learners[learner].dear)

    def train(self, job: Job) -> Train:
        """How the job learns."""
        about, task = self.learners[job.learner], self.tasks[job.task]
        settings = {**about.settings, **task.settings.get(job.learner, {})}
        if job.ordered == "nodes":
            settings["ordered"] = "nodes"
        weights = self.class_weights if task.class_weights is None else task.class_weights
        return Train(about.family, settings, class_weights=weights, seed=job.seed)

    def crossvalidate(self, job: Job) -> CrossValidate:
        """The cross-validation of a task that has sets."""
        task = self.tasks[job.task]
        return CrossValidate(self.taxonomy, task.sets, folds=task.folds, train=self.train(job))

    def prepare(self, job: Job) -> Prepare:
        """The split of a task that has data."""
        data = {"taxonomy": self.taxonomy, **self.tasks[job.task].data}
        return replace(config.build(Prepare, data, where=f"data of '{job.task}'"), seed=job.seed)

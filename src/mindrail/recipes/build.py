"""`build`: the whole loop from one recipe file. Every step that is done already is not done again."""

import shutil
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from mindrail import config, files
from mindrail.calibrate.settings import Settings
from mindrail.errors import Unreachable
from mindrail.evaluate.results import Evaluation
from mindrail.guard.guard import Answer, Guard
from mindrail.recipes import calibrate, evaluate
from mindrail.recipes import cascade as cascading
from mindrail.recipes import export as exporting
from mindrail.recipes.cascade import Stages
from mindrail.recipes.export import Export
from mindrail.recipes.predict import predict_part
from mindrail.recipes.prepare import Prepare, prepare
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split
from mindrail.recipes.train import Train, train
from mindrail.train.progress import Stepped


@dataclass(frozen=True)
class Build:
    """A recipe file. `check` is the message that the finished guard is tried on."""

    name: str
    data: Prepare
    train: Train = field(default_factory=Train)
    calibrate: Settings = field(default_factory=Settings)
    export: Export = field(default_factory=Export)
    #: cheap stages before the model under `train`; None: that model alone
    cascade: Stages | None = None
    check: str = "I miss my grandmother so much that I talk to her picture. It helps a little."
    #: the recipe to follow where the sets cannot be reached, relative to this one
    without_data: str | None = None
    #: said out loud at the end
    caution: str = ""


@dataclass(frozen=True)
class Built:
    """What came out, and where it lies."""

    recipe: Build
    evaluation: Evaluation
    guard: Guard
    checked: Answer
    report: Path
    guard_folder: Path
    parity: str


def load(path: Path) -> Build:
    """Read a recipe; unknown keys are refused with the closest match."""
    return config.load(Build, path)


def build(path: Path, out: Path) -> Generator[str | Stepped, None, Built]:
    """Follow the recipe at `path` into the folder `out/NAME`, yielding lines and training steps.

    Where a set cannot be reached and the recipe names another for that case, follows that one instead.
    """
    recipe = load(path)
    try:
        split = _prepared(recipe, out / recipe.name)
    except Unreachable as error:
        if recipe.without_data is None:
            raise
        yield f"{error}\nNo public data, so this goes on with '{recipe.without_data}': our own starter messages."
        return (yield from build(path.parent / recipe.without_data, out))
    folder = out / recipe.name
    rows = split.about["rows"]
    yield (
        f"prepared: {rows['labelled']} labelled, {rows['unlabelled']} unlabelled, {rows['dev']} dev, "
        f"{rows['test']} test ({split.folder})"
    )
    yield from train(split, recipe.train, folder / "run")
    run = Run.load(folder / "run", axis=split.axis)
    yield f"trained: {run.name} in {run.about['seconds']:.0f} s ({run.folder})"
    calibration = calibrate.calibrate(split, predict_part(run, split, "dev"), recipe.calibrate)
    calibrate.save(calibration, run.folder)
    yield f"calibrated: {promise_of(calibration.promise, calibration.no_promise)}"
    variants = folder / "variants"
    shutil.rmtree(variants, ignore_errors=True)
    chosen = exporting.choose(run, split, calibration, recipe.calibrate, recipe.export, variants)
    told = "\n".join(f"  {tried['says']}" for tried in chosen.parity.get("tried", []))
    yield f"chose what ships: {chosen.name}" + (f"\n{told}" if told else "")
    if recipe.cascade is not None:
        chosen = yield from cascading.put_before(
            chosen, split, recipe.calibrate, recipe.cascade, variants / "cascade"
        )
        yield f"cascade: {cascading.sentence(chosen.parity['stages'])}"
        yield promise_of(chosen.calibration.promise, chosen.calibration.no_promise)
    evaluation = evaluate.evaluate_scorer(
        chosen.as_read(recipe.export.reading),
        chosen.calibration,
        split,
        folder / "report",
        name=f"{recipe.name}: {run.name}, {chosen.name}",
        made_by=run.about["identity"],
    )
    yield f"evaluated: {folder / 'report' / 'report.html'}"
    stages = cascading.section(chosen.parity)
    guard = exporting.export(run, split, chosen, evaluation, recipe.export, folder / "guard", stages=stages)
    shutil.rmtree(variants, ignore_errors=True)
    yield f"exported: guard {guard.id} ({folder / 'guard'})"
    return Built(
        recipe,
        evaluation,
        guard,
        guard(recipe.check),
        folder / "report" / "report.html",
        folder / "guard",
        chosen.name,
    )


def promise_of(promise: object, why_not: str) -> str:
    """The promise's sentence, or why there is none."""
    return f"promise: {promise}" if promise is not None else f"no promise: {why_not}"


def _prepared(recipe: Build, folder: Path) -> Split:
    """The split of this recipe, made unless it lies there already."""
    place = folder / "split"
    if (place / "split.json").is_file():
        if files.read_json(place / "split.json")["settings"] == config.plain(recipe.data):
            return Split.load(place)
        shutil.rmtree(place)
    return prepare(recipe.data, place)

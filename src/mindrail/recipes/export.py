"""`export`: a calibrated run to a guard folder. Eight bits ship only if they decide like the original."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mindrail import config, files, machine
from mindrail.arrays import Float, ndarray
from mindrail.calibrate.policy import Calibration
from mindrail.calibrate.settings import Settings
from mindrail.data import corpus
from mindrail.errors import BadConfig, BrokenGuard, MissingExtra
from mindrail.evaluate import card
from mindrail.evaluate.results import Evaluation
from mindrail.guard.guard import Guard, as_read
from mindrail.guard.writer import write_guard
from mindrail.recipes import calibrate as calibrating
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split
from mindrail.records import Example, Predictions, Provenance
from mindrail.records.targets import targets_of
from mindrail.runtime import load as runtime
from mindrail.runtime.load import NEEDED, Kind
from mindrail.runtime.local import LocalScorer
from mindrail.runtime.onnx import Feed, OnnxScorer
from mindrail.text.normalise import Reading

#: What hubs call the embedded encoder.
MINILM = "sentence-transformers/all-MiniLM-L6-v2"

#: Raw scores of the exported float model may differ from the trained one by this much.
FAITHFUL = 1e-3

#: How many texts tell which channels are loud.
LOUDNESS = 250


@dataclass(frozen=True)
class Export:
    """What ships. `texts` is how many the gate looks at."""

    int8: bool = True  # try eight bits, ship them if they pass
    texts: int = 2000  # dev rows, and unlabelled ones up to this many
    transformers: bool = True  # add the files that let plain transformers load the guard
    reading: Reading = field(default_factory=Reading)  # how it reads what is not written plainly


@dataclass(frozen=True)
class Candidate:
    """A folder of runtime files with its scorer and, once fitted, its calibration."""

    name: str
    folder: Path
    scorer: LocalScorer
    calibration: Calibration
    parity: dict[str, Any]
    kind: Kind = "onnx"

    def as_read(self, reading: Reading) -> LocalScorer:
        """The scorer as the guard will use it."""
        return as_read(self.scorer, self.calibration, reading)

    @property
    def files(self) -> list[str]:
        """The names of its runtime files."""
        return (
            sorted(path.name for path in self.folder.iterdir())
            if self.kind == "cascade"
            else [*NEEDED[self.kind]]
        )


def choose(
    run: Run, split: Split, calibration: Calibration, goals: Settings, settings: Export, place: Path
) -> Candidate:
    """Make the runtime files in `place` and return the variant that ships, calibrated on its own scores.

    Raises BrokenGuard if the exported float model does not say what the trained one says, BadConfig for a family
    that has no runtime without torch.
    """
    kind = run.family.runtime
    if kind is None:
        raise BadConfig(
            f"family '{run.about['settings']['family']}' runs with torch only, so no guard can be made of it. "
            "Do: if it judges well, let it label the unlabelled texts and train an encoder on them; an adapter on a "
            "language model can also be taken elsewhere with mindrail merge"
        )
    if kind != "onnx":
        scorer = runtime.from_folder(kind, run.folder / "model", run.axis, machine.cores())
        told = {"shipped": "as trained"}
        return Candidate("as trained", run.folder / "model", scorer, calibration, told, kind)
    dev, texts = _texts(split, settings.texts if settings.int8 else 0)
    original, scores = _float(run, texts, len(dev), calibration, place / "float")
    if not settings.int8:
        return original
    return _smaller(original, scores, run, split, goals, dev, texts, place)


def export(
    run: Run,
    split: Split,
    chosen: Candidate,
    evaluation: Evaluation,
    settings: Export,
    folder: Path,
    *,
    stages: str = "",
) -> Guard:
    """Write the guard folder and load it back, golden sentences checked. `stages` is added to the card."""
    sets = {name: corpus.card(name) for name in run.about["licences"] if name in corpus.names()}
    named = run.about["settings"]["settings"].get("model")
    base = MINILM if named == "minilm" else named
    about = card.card(evaluation, split.taxonomy, sets=sets, parity=chosen.parity, base_model=base)
    documents = {
        "evaluation.json": files.json_bytes(config.plain(evaluation)),
        "parity.json": files.json_bytes(chosen.parity),
    }
    write_guard(
        folder,
        kind=chosen.kind,
        taxonomy=split.taxonomy,
        axis=split.axis,
        calibration=chosen.calibration,
        runtime_files={name: chosen.folder / name for name in chosen.files},
        card=about + stages,
        other_files=_transformers(run) if chosen.kind == "onnx" and settings.transformers else {},
        documents=documents,
        made_from=_made_from(run, split),
        reading=settings.reading,
    )
    return Guard.load(folder, self_test=True)


def _float(
    run: Run, texts: Sequence[Example], dev: int, calibration: Calibration, place: Path
) -> tuple[Candidate, Float[ndarray, "n k"]]:
    """The trained encoder as float ONNX with its scores of all texts, held against torch on the dev rows."""
    try:
        from mindrail.export import onnx
    except ImportError as error:
        raise MissingExtra(error.name or "onnx", "train", "exporting an encoder") from None
    from mindrail.models._network import Network

    place.mkdir(parents=True)
    settings = files.read_json(run.folder / "model" / "reach.json")
    onnx.export(Network.load(run.folder / "model", settings["pooling"]), place / "model.onnx")
    _copy_reading(run.folder / "model", place)
    scorer = runtime.from_folder("onnx", place, run.axis, machine.cores())
    trained = Predictions.load(run.folder / "predictions" / "dev", axis=run.axis).scores
    scores = scorer.score(texts).astype(np.float64)
    apart = float(np.abs(scores[:dev] - trained).max())
    if not apart <= FAITHFUL:
        raise BrokenGuard(f"the exported model's scores differ from the trained one's by {apart:.2g}")
    parity = {"shipped": "float32", "float32": {"largest_difference_from_torch": apart, "texts": dev}}
    return Candidate("float32", place, scorer, calibration, parity), scores


def _smaller(
    original: Candidate,
    scores: Float[ndarray, "n k"],
    run: Run,
    split: Split,
    goals: Settings,
    dev: Sequence[Example],
    texts: Sequence[Example],
    place: Path,
) -> Candidate:
    """The first 8-bit variant that passes the gate, or the original; every try is told."""
    from mindrail.export import int8, loudness, parity

    targets = targets_of(run.axis, dev)
    groups = [example.group for example in dev]
    leading = _predictions(run, split, dev, scores[: len(dev)])
    told: list[dict[str, Any]] = []
    chosen = original
    loud = loudness.measure(original.folder / "model.onnx", _windows(original.scorer, texts))
    for recipe in int8.RECIPES:
        folder = place / recipe.name.replace(" ", "-").replace(",", "")
        folder.mkdir(parents=True)
        int8.quantise(original.folder / "model.onnx", folder / "model.onnx", recipe, loud)
        _copy_reading(original.folder, folder)
        scorer = runtime.from_folder("onnx", folder, run.axis, machine.cores())
        own = scorer.score(texts).astype(np.float64)
        mine = _predictions(run, split, dev, own[: len(dev)])
        fitted = calibrating.calibrate(split, mine, goals, leader=(original.calibration, leading))
        seen = parity.compare(
            recipe.name,
            run.axis,
            parity.Side(scores, original.calibration),
            parity.Side(own, fitted),
            slice(0, len(dev)),
            targets,
            groups,
        )
        megabytes = round((folder / "model.onnx").stat().st_size / 1e6, 1)
        told.append(
            config.plain(seen) | {"passed": seen.passed, "says": seen.sentence(), "megabytes": megabytes}
        )
        if seen.passed:
            chosen = Candidate(recipe.name, folder, scorer, fitted, {})
            break
    report = original.parity | {"shipped": chosen.name, "tried": told}
    return replace(chosen, parity=report)


def _windows(scorer: LocalScorer, texts: Sequence[Example]) -> Iterator[Feed]:
    """What a model is fed for some of the texts, evenly drawn."""
    assert isinstance(scorer, OnnxScorer)
    for example in texts[:: max(1, len(texts) // LOUDNESS)]:
        yield from scorer.feeds(example)


def _copy_reading(source: Path, target: Path) -> None:
    """The files that say how a model reads, beside another form of the model."""
    for name in ("tokenizer.json", "reach.json"):
        (target / name).write_bytes((source / name).read_bytes())


def _texts(split: Split, most: int) -> tuple[Sequence[Example], list[Example]]:
    """The dev rows, and all texts the gate looks at: the dev rows first, then unlabelled ones."""
    dev = split.part("dev")
    return dev, [*dev, *split.part("unlabelled")[: max(0, most - len(dev))]]


def _predictions(
    run: Run, split: Split, dev: Sequence[Example], scores: Float[ndarray, "n k"]
) -> Predictions:
    origin = Provenance(run.about["identity"], split.hash_of("dev"), machine.versions())
    return Predictions(run.axis, tuple(example.id for example in dev), scores, origin)


def _transformers(run: Run) -> Mapping[str, Path]:
    """What plain transformers needs beside the tokenizer; nothing where it would miss heads or a layer of ours."""
    ours = run.about["settings"]["settings"].get("ordered") == "nodes"
    if ours or (run.folder / "model" / "heads.safetensors").is_file():
        return {}
    names = ("config.json", "model.safetensors", "tokenizer_config.json", "special_tokens_map.json")
    return {name: run.folder / "model" / name for name in names if (run.folder / "model" / name).is_file()}


def _made_from(run: Run, split: Split) -> dict[str, str]:
    return {"run": run.about["identity"][:16], "split": split.digest, "axis": split.axis.digest}

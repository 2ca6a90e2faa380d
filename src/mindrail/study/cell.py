"""One cell of a study: prepare, reword, train, score and measure; the result is a small JSON without any text."""

import shutil
import zlib
from base64 import b64decode, b64encode
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from mindrail import config, files, machine, plugins
from mindrail.arrays import Float, ndarray
from mindrail.data import corpus
from mindrail.evaluate import steering
from mindrail.recipes.augment import Augment, augment
from mindrail.recipes.prepare import prepare
from mindrail.recipes.run import Run
from mindrail.recipes.split import PARTS, Split
from mindrail.recipes.train import Train, train
from mindrail.records import Example
from mindrail.records.views import Views
from mindrail.study import more, sizes
from mindrail.study.alone import alone
from mindrail.study.plan import Cell, More
from mindrail.taxonomy import Axis
from mindrail.train.progress import Stepped


def run(cell: Cell, work: Path, results: Path) -> Iterator[Stepped]:
    """Run one cell, unless its result lies in `results` already; the twin it is compared with is run before it.

    `work` holds splits, views and supervised runs, which other cells use again; it may be deleted at any time.
    """
    twin_of_others = cell.supervised and cell.judging is None
    with alone(work, cell.key):
        if (results / f"{cell.key}.json").is_file() and not twin_of_others:
            return
        split, folder = _split(cell, work), place_of(cell, work)
        if cell.more is not None:
            split = yield from _more(split, cell.more, work)
        views, twin = [], None
        if not cell.supervised:
            own = cell.twin
            yield from run(own, work, results)
            twin = Run.load(place_of(own, work), axis=split.axis)
            views = [] if cell.augment is None else [(yield from _views(cell, work))]
        own_settings = dict(cell.settings)
        if cell.adapt is not None:
            own_settings["model"] = str((yield from _adapted(cell, work)))
        settings = Train(
            cell.family,
            own_settings,
            cell.algorithm,
            cell.algorithm_settings,
            cell.class_weights,
            keep="semi-supervised",  # the study wants to know how bad it can get
            seed=cell.seed,
        )
        yield from train(split, settings, folder, views=views, twin=twin)
        if not (results / f"{cell.key}.json").is_file():
            measure = measured if cell.judging is None else sizes.measured
            files.write_json(results / f"{cell.key}.json", measure(cell, split, Run.load(folder)))
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        if not twin_of_others:
            shutil.rmtree(folder)


def measured(cell: Cell, split: Split, run: Run) -> dict[str, Any]:
    """Everything that is kept of a cell: measures per set, what was decided about each row, how training went."""
    scorer, axis = run.scorer(), split.axis
    sets = {name: split.part(name) for name in ("dev", "test")}
    sets |= {name: corpus.read(name, split.taxonomy, axis) for name in cell.transfer}
    sets["test"] = [example for example in sets["test"] if axis.name in example.answers]
    with _arithmetic(cell):
        judged = {name: _judged(axis, examples, scorer.score(examples)) for name, examples in sets.items()}
    seen = {example.group for part in ("labelled", "unlabelled", "dev") for example in split.part(part)}
    clean = [example.group is None or example.group not in seen for example in sets["test"]]
    judged["test"]["clean"] = None if all(clean) else packed(np.array(clean))
    told = run.about.get("semisupervision")
    return {
        "schema": 1,
        "cell": config.plain(cell),
        "sets": judged,
        "rows": {name: split.about["rows"][name] for name in PARTS},
        "semisupervision": None
        if told is None
        else {k: told[k] for k in ("dev", "twin", "gain", "p", "note")},
        "course": _course(run.folder),
        "seconds": run.about["seconds"],
        "resolved": _resolved(cell, run),
        "machine": machine.describe(),
    }


def _resolved(cell: Cell, run: Run) -> dict[str, Any]:
    """What was trained with, defaults included; an adapted encoder by its folder's name, wherever that lies."""
    settings, algorithm = (run.about["settings"][name] for name in ("settings", "algorithm_settings"))
    adapted = {} if cell.adapt is None else {"model": Path(settings["model"]).parent.name}
    return {"settings": settings | adapted, "algorithm_settings": algorithm}


def _arithmetic(cell: Cell) -> AbstractContextManager[object]:
    """That of training: the study asks how good a recipe is, and the last digits of a score do not matter to that."""
    if cell.family != "encoder":
        return nullcontext()
    from mindrail.train.devices import Devices

    return Devices(cell.settings.get("precision", "auto")).arithmetic()


def _judged(axis: Axis, examples: Sequence[Example], scores: Float[ndarray, "n k"]) -> dict[str, Any]:
    """Measures of one set; and what was true, what was decided and which rows belong together, for paired tests."""
    known = [axis.name in example.answers for example in examples]
    examples = [example for example, there in zip(examples, known, strict=True) if there]
    scores = scores[known]
    found = steering.measures(axis, examples, scores)
    numbers: dict[str | None, int] = {}
    groups = [numbers.setdefault(example.group or example.id, len(numbers)) for example in examples]
    return {
        "ids": files.digest([example.id for example in examples])[:16],
        # nothing flagged has no precision, and JSON no NaN
        "measures": {name: None if isnan(value) else round(value, 5) for name, value in found.items()},
        "truth": packed(steering.truth(axis, examples)),
        "picks": packed(steering.picks(axis, scores)),
        "groups": None if len(numbers) == len(examples) else packed_numbers(groups),
    }


def packed(bits: ndarray) -> dict[str, Any]:
    """Bits as hexadecimal digits, with their shape."""
    return {"shape": list(bits.shape), "bits": np.packbits(bits).tobytes().hex()}


def unpacked(kept: Mapping[str, Any]) -> ndarray:
    """The reverse."""
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(kept["bits"]), dtype=np.uint8))
    return bits[: int(np.prod(kept["shape"]))].astype(bool).reshape(kept["shape"])


def packed_numbers(numbers: Sequence[int]) -> str:
    """Whole numbers below 65,536 in few characters: two bytes each, deflated, in base 64."""
    return b64encode(zlib.compress(np.array(numbers, dtype="<u2").tobytes(), 9)).decode()


def unpacked_numbers(kept: str) -> list[int]:
    """The reverse."""
    found: list[int] = np.frombuffer(zlib.decompress(b64decode(kept)), dtype="<u2").tolist()
    return found


def _course(folder: Path) -> dict[str, Any]:
    """How training went, in tenths: the share of pseudo-labels that counted, and the likeliest label's share."""
    rows = [row for _, row in files.read_jsonl(folder / "history.jsonl")]
    tenths = [part for part in np.array_split(np.arange(len(rows)), 10) if len(part)]

    def mean(name: str, part: ndarray) -> float | None:
        values = [rows[i][name] for i in part if name in rows[i]]
        return round(float(np.mean(values)), 4) if values else None

    names = [
        name for name in (rows[-1] if rows else ()) if name in ("sure", "dev") or name.startswith("share/")
    ]
    return {"steps": len(rows)} | {name: [mean(name, part) for part in tenths] for name in names}


def place_of(cell: Cell, work: Path) -> Path:
    """Where a cell is trained: another folder after an update of mindrail that has other settings of the family."""
    family = plugins.get("family", cell.family).FAMILY
    settings = config.plain(config.build(family.Config, dict(cell.settings)))
    return work / f"run-{files.digest([cell.key, settings])[:16]}"


def _split(cell: Cell, work: Path) -> Split:
    settings = cell.prepare()
    place = work / f"split-{files.digest(config.plain(settings))[:16]}"
    with alone(work, place.name):
        return Split.load(place) if (place / "split.json").is_file() else prepare(settings, place)


def _pool(cell: Cell, work: Path) -> Split:
    """The split that stands for all that can be learned from: the same for every seed and budget from 200 on."""
    labels = min(200, _split(cell, work).about["rows"]["labelled"])
    return _split(replace(cell, labels=labels, seed=0), work)


def _more(split: Split, wanted: More, work: Path) -> Generator[Stepped, None, Split]:
    """The split with more labelled examples: made once for all models."""
    place = work / f"more-{files.digest([split.digest, config.plain(wanted)])[:16]}"
    with alone(work, place.name):
        if not (place / "split" / "split.json").is_file():
            yield from more.add(split, wanted, place)
    return Split.load(place / "split")


def _views(cell: Cell, work: Path) -> Generator[Stepped, None, Views]:
    """Views of the whole pool, whichever of it is labelled in this cell: made once for all seeds and budgets."""
    settings = config.build(Augment, {**(cell.augment or {}), "parts": ["labelled", "unlabelled"]})
    pool = _pool(cell, work)
    place = work / f"views-{files.digest([pool.digest, config.plain(settings)])[:16]}"
    with alone(work, place.name):
        yield from augment(pool, settings, place)
    return Views.load(place)


def _adapted(cell: Cell, work: Path) -> Generator[Stepped, None, Path]:
    """An encoder that has read the whole pool: made once for all seeds and budgets."""
    from mindrail.models._masked import Adapt  # loads torch
    from mindrail.recipes.adapt import adapt

    settings = config.build(Adapt, dict(cell.adapt or {}))
    pool = _pool(cell, work)
    place = work / f"adapted-{files.digest([pool.digest, config.plain(settings)])[:16]}"
    with alone(work, place.name):
        yield from adapt(pool, settings, place)
    return place / "model"

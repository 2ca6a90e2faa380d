"""A cascade from a recipe: stages taught by the last one, one folder, one promise, and what each stage costs."""

import json
import shutil
from pathlib import Path

import pytest

from helpers.splits import examples
from helpers.splits import split as invented
from mindrail import Guard, config, files
from mindrail.calibrate.settings import Settings
from mindrail.errors import BadConfig, BadSplit
from mindrail.recipes import calibrate, cascade
from mindrail.recipes.cascade import Stages, put_before
from mindrail.recipes.evaluate import evaluate_scorer
from mindrail.recipes.export import Candidate, Export, choose, export
from mindrail.recipes.predict import predict_part
from mindrail.recipes.run import Run
from mindrail.recipes.split import Split
from mindrail.recipes.train import Train, train
from mindrail.records import jsonl
from mindrail.text.normalise import Reading

WORDS = Train(family="linear", settings={"words": [1, 1], "characters": [2, 2]})
GOALS = Settings(recall=0.8)


def prepared(folder: Path, unlabelled: int) -> Split:
    """Invented messages, the bad ones with a word of their own."""
    made = invented(folder, unlabelled=unlabelled, labelled=60)
    about = files.read_json(folder / "split.json")
    for part, start in (("labelled", 1000), ("dev", 2000), ("test", 3000)):
        rows = [
            *examples(made.axis, 60, start, answered=True),
            *[
                e
                for e in examples(made.axis, 120, start + 500, answered=True, extra="angrily")
                if "harmful" in e.answers.values()
            ],
        ]
        kept = [e for e in rows if ("angrily" in e.text) == ("harmful" in e.answers.values())]
        jsonl.write(folder / f"{part}.jsonl", kept)
        about["rows"][part] = len(kept)
        about["files"][f"{part}.jsonl"] = files.sha256(folder / f"{part}.jsonl")
    files.write_json(folder / "split.json", about)
    return Split.load(folder)


@pytest.fixture
def last(tmp_path: Path) -> tuple[Split, Run, Candidate]:
    split = prepared(tmp_path / "split", 240)
    list(train(split, Train(family="linear"), tmp_path / "run"))
    run = Run.load(tmp_path / "run", axis=split.axis)
    fitted = calibrate.calibrate(split, predict_part(run, split, "dev"), GOALS)
    return split, run, choose(run, split, fitted, GOALS, Export(), tmp_path / "variants")


def whole(split: Split, chosen: Candidate, place: Path, stages: Stages) -> Candidate:
    """The end of `put_before`."""
    work = put_before(chosen, split, GOALS, stages, place)
    while True:
        try:
            next(work)
        except StopIteration as ended:
            made: Candidate = ended.value
            return made


def test_a_cascade_is_built_exported_and_told(last: tuple[Split, Run, Candidate], tmp_path: Path) -> None:
    split, run, chosen = last
    made = whole(split, chosen, tmp_path / "cascade", Stages((WORDS,), (-1.0, 0.0, 1.0)))
    assert made.kind == "cascade" and made.calibration.promise is not None
    assert made.calibration.promise.confidence == GOALS.confidence
    stages = made.parity["stages"]
    assert [stage["kind"] for stage in stages] == ["linear", "linear"]
    assert stages[0]["asked"] == 1.0 and 0.0 <= stages[1]["asked"] < 1.0
    assert "linear reads 100.0%" in cascade.sentence(stages)
    reading = Reading()
    evaluation = evaluate_scorer(
        made.as_read(reading), made.calibration, split, tmp_path / "report", name="tiny", made_by="m" * 16
    )
    guard = export(
        run, split, made, evaluation, Export(), tmp_path / "guard", stages=cascade.section(made.parity)
    )
    assert guard.manifest.kind == "cascade" and Guard.load(tmp_path / "guard", self_test=True).id == guard.id
    assert "## Stages" in (tmp_path / "guard" / "README.md").read_text()
    assert json.loads((tmp_path / "guard" / "parity.json").read_text())["lift"] == made.parity["lift"]
    bad = [e for e in split.part("test") if "harmful" in e.answers.values()]
    assert sum(answer.decision != "allow" for answer in guard.many(bad)) >= 0.8 * len(bad)


def test_two_cheap_stages_may_stand_before_the_last(
    last: tuple[Split, Run, Candidate], tmp_path: Path
) -> None:
    split, _, chosen = last
    made = whole(split, chosen, tmp_path / "cascade", Stages((WORDS, Train(family="linear")), (0.0,)))
    assert sorted(made.files)[0] == "1.linear.json" and len(made.parity["stages"]) == 3


def test_too_few_unlabelled_texts_are_refused(last: tuple[Split, Run, Candidate], tmp_path: Path) -> None:
    split, _, chosen = last
    shutil.copytree(split.folder, tmp_path / "few")
    jsonl.write(tmp_path / "few" / "unlabelled.jsonl", split.part("unlabelled")[:60])
    with pytest.raises(BadSplit, match="60 unlabelled"):
        whole(Split.load(tmp_path / "few"), chosen, tmp_path / "cascade", Stages((WORDS,)))


def test_an_early_stage_has_to_be_cheap(last: tuple[Split, Run, Candidate], tmp_path: Path) -> None:
    split, _, chosen = last
    with pytest.raises(BadConfig, match="cheap"):
        whole(split, chosen, tmp_path / "cascade", Stages((Train(family="encoder"),)))


def test_stages_are_part_of_a_recipe() -> None:
    made = config.build(Stages, {"before": [{"family": "static"}], "lifts": [0, 1]})
    assert made.before[0].family == "static" and made.lifts == (0.0, 1.0)
    with pytest.raises(BadConfig):
        config.build(Stages, {"before": []})

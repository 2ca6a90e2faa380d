"""Jobs of a study on ordered labels: what they leave behind, what is summed up of it, and no text among it."""

import json
from pathlib import Path

import numpy as np
import pytest

from mindrail import config, taxonomy
from mindrail.cli import main
from mindrail.errors import BadFile, UnknownName, Unreachable
from mindrail.records import Example
from mindrail.study import dialogue_safety as study
from mindrail.study.cell import unpacked_numbers
from mindrail.study.dialogue_safety import Judged
from mindrail.study.ordered import Block, OrderedPlan

#: stands in every text; must never stand anywhere else
CANARY = "zqcanary"
AXIS = taxonomy.load("dialogue-safety").axis()
LABELS = ("nonsense", "linguistic_neglect", "safe_response")
WORDS = ("soup soup soup", "what a nice hat", "that sounds hard")


def planned(folder: Path) -> Path:
    for name, start in (("mine", 0), ("theirs", 100)):
        rows = ["reply,before,verdict,part"]
        rows += [
            f"{CANARY} {WORDS[i % 3]} {i},{CANARY} a hard day {i},{LABELS[i % 3]},{'test' if i % 4 == 0 else 'train'}"
            for i in range(start, start + 60)
        ]
        (folder / f"{name}.csv").write_text("\n".join(rows))
        card = {
            "file": f"{name}.csv",
            "context": "before",
            "response": "reply",
            "label": "verdict",
            "split": "part",
        }
        card |= {"axis": "dialogue-safety", "labels": {label: label for label in LABELS}}
        (folder / f"{name}.yaml").write_text(json.dumps(card))  # JSON is YAML
    (folder / "plan.yaml").write_text(f"""
name: tiny
steps: dialogue-safety
taxonomy: dialogue-safety
class_weights: {{nonsense: 2}}
rounds: 20
tests:
  chinese: {{set: "{folder}/mine.yaml"}}
  english: {{set: "{folder}/theirs.yaml", split: test}}
learners:
  linear: {{family: linear}}
  encoder: {{family: encoder, dear: true}}
tasks:
  chinese: {{sets: ["{folder}/mine.yaml"], folds: 3, judged: [chinese]}}
  english:
    data:
      train: ["{folder}/theirs.yaml"]
      train_split: train
      test: ["{folder}/theirs.yaml"]
      test_split: test
      dev_size: 9
      labels: null
      allow_leaks: [train/dev, train/test, dev/test]
    judged: [english, chinese]
blocks:
  - {{task: [chinese, english], learner: [linear], ordered: [flat, nodes]}}
  - {{task: [chinese], learner: [encoder]}}
""")
    return folder


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four jobs of five: the dear one is left out."""
    folder = planned(tmp_path_factory.mktemp("tiny"))
    run(folder, "--small", "--work", folder / "work")
    return folder


@pytest.fixture(autouse=True, scope="module")
def _without_predictions():
    def absent(_: Path | None) -> None:
        raise Unreachable("none here")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mindrail.data.sets.dialogue_safety.released", absent)
        yield


def run(*arguments: object, code: int = 0) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["study", *(str(argument) for argument in arguments)])
    assert ended.value.code == code


def test_every_job_leaves_labels_and_numbers_and_no_text(done: Path) -> None:
    results = {place.stem: json.loads(place.read_text()) for place in (done / "results").iterdir()}
    assert sorted(results) == [f"{a}-linear-{b}-0" for a in ("chinese", "english") for b in ("flat", "nodes")]
    assert not any(
        CANARY in place.read_text() for place in [*(done / "results").iterdir(), done / "summary.json"]
    )
    said = results["chinese-linear-flat-0"]["judged"]["chinese"]
    assert len(unpacked_numbers(said["picked"])) == sum(said["said"].values()) == 60
    assert said["nodes"][0]["label"] == "nonsense" and said["nodes"][0]["reached"] == 60
    assert results["english-linear-nodes-0"]["train"]["settings"]["ordered"] == "nodes"
    assert results["english-linear-nodes-0"]["train"]["class_weights"] == {"nonsense": 2.0}
    assert set(results["english-linear-flat-0"]["judged"]) == {"english", "chinese"}


def test_the_summary_compares_node_by_node_with_flat(done: Path) -> None:
    summary = json.loads((done / "summary.json").read_text())
    assert (summary["finished"], summary["jobs"], summary["released"]) == (4, 5, None)
    own = summary["tests"]["chinese"]
    assert own["rows"] == 60 and own["labels"]["linguistic_neglect"] == 20
    assert {(p["a"], p["b"]) for p in own["node_by_node_minus_flat"]} == {
        (f"{task} linear nodes", f"{task} linear flat") for task in ("chinese", "english")
    }
    assert own["models"]["chinese linear flat"]["accuracy"]["mean"] > 0.9  # the words give it away
    assert set(summary["masked"]) == {"chinese linear nodes"}


def test_what_is_done_is_not_done_again(done: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(study, "train", lambda *_: pytest.fail("a job was run again"))
    monkeypatch.setattr(study, "crossvalidate", lambda *_: pytest.fail("a job was run again"))
    run(done, "--small", "--work", done / "work")
    assert "4 of 5 jobs are done" in capsys.readouterr().out
    run(done, "--list")
    assert "-\tchinese-encoder-flat-0" in capsys.readouterr().out
    run(done, "--summary", code=6)


def test_a_result_about_other_rows_is_refused(done: Path, tmp_path: Path) -> None:
    plan = config.load(OrderedPlan, done / "plan.yaml")
    own = (done / "results" / "chinese-linear-flat-0.json").read_text()
    tests = {name: study.judged(plan, test) for name, test in plan.tests.items()}
    (tmp_path / "chinese-linear-flat-0.json").write_text(own)
    assert set(study.load(plan, tmp_path, tests)["chinese"]) == {"chinese linear flat"}
    fewer = {"chinese": Judged(AXIS, tests["chinese"].examples[1:])}
    with pytest.raises(BadFile, match="about other rows than test 'chinese' has"):
        study.load(plan, tmp_path, fewer)


def test_labels_behind_the_winner_by_hand() -> None:
    # nonsense wins with 0.6; behind it, mimicry would say no with 0.1 / 0.4, neglect yes with 0.2 / 0.3
    chances = np.array(
        [[0.6, 0.1, 0.2, 0.02, 0.02, 0.02, 0.01, 0.03], [0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.9]]
    )
    rows = Judged(AXIS, [Example.of("one", id="a"), Example.of("two", id="b")])
    found = study.masked(rows, np.log(chances + 1e-12), chances.argmax(axis=1))
    assert found == {"a": ["nonsense", "linguistic_neglect"]}


def test_a_plan_that_names_what_is_not_there_is_refused(done: Path) -> None:
    plan = config.load(OrderedPlan, done / "plan.yaml")
    bad = config.build(
        OrderedPlan, {**config.plain(plan), "blocks": [config.plain(Block(("chinese",), ("linnear",)))]}
    )
    with pytest.raises(UnknownName, match="did you mean 'linear'"):
        bad.jobs()


def test_the_committed_plan_holds() -> None:
    folder = Path(__file__).parents[2] / "studies" / "dialogue-safety"
    plan = config.load(OrderedPlan, folder / "plan.yaml")
    jobs = {job.name: job for job in plan.jobs()}
    assert plan.crossvalidate(jobs["chinese-linear-nodes-0"]).train.class_weights["safe_response"] == 0.5
    assert plan.prepare(jobs["english-encoder-flat-0"]).labels is None
    assert plan.train(jobs["english-encoder-flat-0"]).class_weights == "balanced"
    assert study.twins({job.model: job for job in jobs.values()})

"""Learning from unlabelled texts is watched, resumed, and held against learning from the labels alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from helpers import splits, tiny
from helpers.axes import SCALE
from mindrail import Guard, config, files, machine
from mindrail.calibrate.settings import Settings as Goals
from mindrail.errors import BadConfig, BadFile, BadSplit
from mindrail.evaluate import steering
from mindrail.models._network import HEADS
from mindrail.recipes import calibrate, evaluate, unlabelled
from mindrail.recipes import export as exporting
from mindrail.recipes.augment import Augment, augment
from mindrail.recipes.predict import predict_part
from mindrail.recipes.run import Run, Verdict
from mindrail.recipes.split import Split
from mindrail.recipes.train import Train, train
from mindrail.records.views import Views
from mindrail.train import collapse
from mindrail.train.progress import Stepped

#: 8 labelled texts, 2 a step, 2 passes: 8 steps
STEPS = 8
OWN = {
    "window": 24,
    "overlap": 4,
    "context": 6,
    "batch": 4,
    "epochs": 2,
    "batch_with_unlabelled": 2,
    "epochs_with_unlabelled": 2,
    "unlabelled": 2,
    "learning_rate": 1e-3,
    "precision": "float32",
    "save_every": 2,
    "judge_every": 3,
}
#: so low that every guess counts
SURE = {"threshold": 0.5}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "cores", lambda: 1)
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny.encoder(tmp_path_factory.mktemp("bert")))


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return splits.split(tmp_path_factory.mktemp("split"), unlabelled=12, labelled=8)


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory, split: Split) -> list[Views]:
    return [reworded(split, tmp_path_factory.mktemp("views") / "edit")]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory, split: Split, model: str) -> Run:
    folder = tmp_path_factory.mktemp("twin") / "run"
    return trained(split, settings(model, "supervised"), folder)


def reworded(split: Split, folder: Path, method: str = "edit") -> Views:
    list(augment(split, Augment(method=method, views=1, cache=False, probe=10), folder))
    return Views.load(folder)


def settings(model: str, algorithm: str = "fixmatch", **changes: Any) -> Train:
    """Settings of a run; those that `Train` does not know are the family's."""
    own = {name: changes.pop(name) for name in list(changes) if name not in Train.__dataclass_fields__}
    told = {"algorithm_settings": SURE} if algorithm == "fixmatch" else {}
    return Train("encoder", OWN | {"model": model} | own, algorithm, **(told | changes))


def trained(split: Split, of: Train, folder: Path, **more: Any) -> Run:
    for _ in train(split, of, folder, **more):
        pass
    return Run.load(folder)


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: files.sha256(path) for path in folder.iterdir()}


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.folder / "model" / "model.safetensors")


def verdict_of(run: Run) -> Verdict:
    return config.build(Verdict, run.about["semisupervision"])


def history(run: Run) -> list[dict[str, Any]]:
    return [row for _, row in files.read_jsonl(run.folder / "history.jsonl")]


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, split: Split, model: str, twin: Run, views: list[Views]
) -> Run:
    """A run that was never interrupted, whatever came of it."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    return trained(split, settings(model, keep="semi-supervised"), folder, views=views, twin=twin)


def test_a_run_says_what_the_unlabelled_texts_brought(split: Split, twin: Run, whole: Run) -> None:
    verdict = verdict_of(whole)
    assert verdict.interval is not None and verdict.gain is not None
    dev = split.part("dev")
    judge = steering.judge(split.axis, dev)
    own, alone = (run.scorer().score(dev) for run in (whole, twin))
    assert (verdict.metric, verdict.rows, verdict.kept) == ("f1", len(dev), "semi-supervised")
    assert verdict.dev == pytest.approx(judge(own)) and verdict.twin == pytest.approx(judge(alone))
    assert verdict.gain == pytest.approx(verdict.dev - verdict.twin)
    assert verdict.interval[0] <= verdict.gain <= verdict.interval[1]
    assert verdict.p is not None and 0 < verdict.p <= 1
    assert "points of f1 over supervised" in str(verdict) and "semi-supervised model is kept" in str(verdict)
    assert whole.about["unlabelled"] == 12 and len(whole.about["views"]) == 1
    assert verdict.why == "as asked"


def test_the_verdict_is_read_back_from_the_folder(whole: Run) -> None:
    assert whole.verdict == verdict_of(whole)


def test_the_history_has_every_step_and_every_look_at_dev(whole: Run) -> None:
    rows = history(whole)
    assert [row["step"] for row in rows] == list(range(1, STEPS + 1))
    assert [row["step"] for row in rows if "dev" in row] == [3, 6, STEPS]
    assert all(
        row["sure"] == 1 and {"supervised", "unlabeled", "share/0", "share/1"} <= set(row) for row in rows
    )
    assert rows[-1]["dev"] == pytest.approx(whole.about["semisupervision"]["dev"])


def test_without_a_twin_one_is_trained_first(tmp_path: Path, split: Split, model: str, twin: Run) -> None:
    run = trained(split, settings(model, keep="semi-supervised"), tmp_path / "run")
    assert hashes(tmp_path / "run" / "twin" / "model") == hashes(twin.folder / "model")
    assert run.about["views"] == []
    assert list(train(split, settings(model, keep="semi-supervised"), tmp_path / "run")) == []


def test_a_given_twin_is_used_and_no_other_trained(whole: Run) -> None:
    assert not (whole.folder / "twin").exists()


@pytest.mark.parametrize("other", ["split", "seed", "algorithm"])
def test_a_twin_of_something_else_is_refused(
    tmp_path: Path, split: Split, model: str, twin: Run, whole: Run, other: str
) -> None:
    wanted = settings(model)
    if other == "split":
        split = splits.split(tmp_path / "split", unlabelled=10, labelled=8)
    elif other == "seed":
        wanted = replace(wanted, seed=1)
    else:
        twin = whole
    with pytest.raises(BadConfig, match=rf"the twin in .* has another {other}\b"):
        trained(split, wanted, tmp_path / "run", twin=twin)
    assert not (tmp_path / "run").exists()


def test_no_unlabelled_texts_are_refused(tmp_path: Path, model: str) -> None:
    split = splits.split(tmp_path / "split", unlabelled=0)
    with pytest.raises(BadSplit, match="this split has none"):
        trained(split, settings(model), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_label_that_nobody_has_shown_is_refused(tmp_path: Path, model: str) -> None:
    split = splits.split(tmp_path / "split", axis=SCALE)  # safe and unsafe; nobody is unsure
    with pytest.raises(BadSplit, match=r"no labelled example is 'unsure'.*1 of 3 labels"):
        trained(split, settings(model), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_views_of_another_split_are_refused(tmp_path: Path, split: Split, model: str) -> None:
    other = splits.split(tmp_path / "other", unlabelled=6, extra="elsewhere")
    with pytest.raises(BadFile, match=r"6 of 6 texts with views are not among these"):
        trained(split, settings(model), tmp_path / "run", views=[reworded(other, tmp_path / "v", "dropout")])


@pytest.mark.parametrize("kills", [(1,), (STEPS,), (3, 4, 7)], ids=str)
def test_killed_and_started_again_it_ends_as_if_nothing_had_happened(
    tmp_path: Path,
    split: Split,
    model: str,
    twin: Run,
    views: list[Views],
    whole: Run,
    kills: tuple[int, ...],
) -> None:
    def begun() -> Iterator[Stepped]:
        of = settings(model, keep="semi-supervised")
        return train(split, of, tmp_path / "run", views=views, twin=twin)

    for step in kills:
        next(stepped for stepped in begun() if stepped.step == step)
        assert not (tmp_path / "run" / "run.json").exists()
    for _ in begun():
        pass
    again = Run.load(tmp_path / "run")
    assert history(again) == history(whole)
    assert hashes(again.folder / "model") == hashes(whole.folder / "model")
    assert again.about["semisupervision"] == whole.about["semisupervision"]


def test_killed_while_it_is_judged_it_is_judged_again(
    tmp_path: Path, split: Split, model: str, twin: Run, views: list[Views], whole: Run
) -> None:
    of = settings(model, keep="semi-supervised")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steering, "difference", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            trained(split, of, tmp_path / "run", views=views, twin=twin)
    again = trained(split, of, tmp_path / "run", views=views, twin=twin)
    assert history(again) == history(whole)
    assert again.about["semisupervision"] == whole.about["semisupervision"]


class Alarm(collapse.Watch):
    """Sees a collapse at step 4."""

    def see(self, stepped: Stepped) -> str | None:
        super().see(stepped)
        return f"at step {stepped.step} the alarm rang" if stepped.step == 4 else None


def test_a_collapse_ends_the_run_and_keeps_the_supervised_weights(
    tmp_path: Path, split: Split, model: str, twin: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unlabelled, "Watch", Alarm)
    run = trained(split, settings(model), tmp_path / "run", twin=twin)
    assert [row["step"] for row in history(run)] == [1, 2, 3, 4]
    assert hashes(run.folder / "model") == hashes(twin.folder / "model")
    verdict = verdict_of(run)
    assert verdict.kept == "supervised"
    assert verdict.why == "at step 4 the alarm rang"
    assert verdict.dev is verdict.gain is verdict.interval is verdict.p is None
    told = "semi-supervision was stopped: at step 4 the alarm rang. The supervised model is kept"
    assert str(verdict) == told
    assert (run.scorer().score(split.part("dev")) == twin.scorer().score(split.part("dev"))).all()


@pytest.mark.parametrize("kill", [2, 4])
def test_a_collapse_is_seen_across_a_kill(
    tmp_path: Path, split: Split, model: str, twin: Run, monkeypatch: pytest.MonkeyPatch, kill: int
) -> None:
    """What the watch saw before counts afterwards, the step on which it was killed included."""
    monkeypatch.setattr(collapse, "WINDOW", 4)
    monkeypatch.setattr(collapse, "LEFT", 2.0)  # four steps with guesses are enough for an alarm
    of = settings(model)
    for stepped in train(split, of, tmp_path / "run", twin=twin):
        if stepped.step == kill:
            break
    run = trained(split, of, tmp_path / "run", twin=twin)
    assert [row["step"] for row in history(run)] == [1, 2, 3, 4]
    assert verdict_of(run).why.startswith("at step 4 label ")


def test_guesses_that_all_fall_on_one_label_end_the_run(
    tmp_path: Path, split: Split, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that runs after its own guesses, with the real watch."""
    monkeypatch.setattr(collapse, "WINDOW", 5)
    of = settings(
        model,
        learning_rate=0.03,
        epochs_with_unlabelled=20,
        algorithm_settings=SURE | {"unlabeled_weight": 50.0},
    )
    run = trained(split, of, tmp_path / "run")
    assert "of the pseudo-labels" in verdict_of(run).why
    assert len(history(run)) < 80
    assert hashes(run.folder / "model") == hashes(run.folder / "twin" / "model")


def judged(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    """Whatever was learned, it is this much better."""
    true = steering.difference

    def difference(*given: Any) -> Any:
        found = true(*given)
        return replace(found, difference=replace(found.difference, value=value, low=value, high=value))

    monkeypatch.setattr(steering, "difference", difference)


def test_what_is_worse_than_its_twin_is_put_aside(
    tmp_path: Path,
    split: Split,
    model: str,
    twin: Run,
    views: list[Views],
    whole: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged(monkeypatch, -0.2)
    run = trained(split, settings(model), tmp_path / "run", views=views, twin=twin)
    assert hashes(run.folder / "model") == hashes(twin.folder / "model")
    assert hashes(run.folder / "not-kept") == hashes(whole.folder / "model")
    assert verdict_of(run).kept == "supervised" and verdict_of(run).gain == -0.2
    assert "gained -20.0" in str(verdict_of(run)) and "the supervised model is kept" in str(verdict_of(run))


@pytest.mark.parametrize(("value", "keep"), [(-0.2, "semi-supervised"), (0.0, "better")])
def test_what_is_no_worse_or_asked_for_is_kept(
    tmp_path: Path,
    split: Split,
    model: str,
    twin: Run,
    views: list[Views],
    whole: Run,
    monkeypatch: pytest.MonkeyPatch,
    value: float,
    keep: str,
) -> None:
    judged(monkeypatch, value)
    run = trained(split, settings(model, keep=keep), tmp_path / "run", views=views, twin=twin)
    assert hashes(run.folder / "model") == hashes(whole.folder / "model") != hashes(twin.folder / "model")
    assert not (run.folder / "not-kept").exists()
    assert verdict_of(run).kept == "semi-supervised"


def test_asked_to_keep_it_anyway_a_collapse_is_only_noted(
    tmp_path: Path, split: Split, model: str, twin: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Always(collapse.Watch):
        def see(self, stepped: Stepped) -> str | None:
            return "it rings all the time"

    monkeypatch.setattr(unlabelled, "Watch", Always)
    run = trained(split, settings(model, keep="semi-supervised"), tmp_path / "run", twin=twin)
    assert len(history(run)) == STEPS
    assert verdict_of(run).note == "it rings all the time"


def test_a_model_that_was_never_sure_says_so(tmp_path: Path, split: Split, model: str, twin: Run) -> None:
    of = settings(model, keep="semi-supervised", algorithm_settings={"threshold": 1.0})
    run = trained(split, of, tmp_path / "run", twin=twin)
    assert "next to nothing" in (verdict_of(run).note or "")
    assert all(row["sure"] == 0 for row in history(run))


def test_other_wordings_are_what_is_learned_from(
    tmp_path: Path, split: Split, model: str, twin: Run, whole: Run
) -> None:
    plain = trained(split, settings(model, keep="semi-supervised"), tmp_path / "run", twin=twin)
    assert any(not torch.equal(a, weights(whole)[name]) for name, a in weights(plain).items())


@pytest.mark.parametrize(
    ("algorithm", "of"),
    [("multimatch", {}), ("marginmatch", {"cutoff": "erroneous_class", "threshold": 0.5})],
    ids=["three heads", "an extra label"],
)
def test_several_heads_and_extra_labels_reach_a_guard(
    tmp_path: Path, model: str, algorithm: str, of: dict[str, Any]
) -> None:
    split = splits.split(tmp_path / "split", unlabelled=12, labelled=8)
    told = settings(model, algorithm, keep="semi-supervised", algorithm_settings=of, epochs_with_unlabelled=4)
    run = trained(split, told, tmp_path / "run")
    rows = history(run)
    assert len(rows) == 16 and any(row["sure"] > 0 for row in rows)
    assert (run.folder / "model" / HEADS).is_file()
    dev = predict_part(run, split, "dev")
    assert dev.scores.shape == (4, 2) and np.isfinite(dev.scores).all()
    goals = Goals(recall=0.5, confidence=0.5)
    calibration = calibrate.calibrate(split, dev, goals)
    chosen = exporting.choose(run, split, calibration, goals, exporting.Export(int8=False), tmp_path / "onnx")
    assert chosen.parity["float32"]["largest_difference_from_torch"] < 1e-4
    scores = chosen.scorer.score(split.part("dev"))
    np.testing.assert_allclose(scores, run.scorer().score(split.part("dev")), atol=1e-4)
    evaluation = evaluate.evaluate_scorer(
        chosen.scorer, chosen.calibration, split, tmp_path / "report", name="tiny", made_by="test"
    )
    guard = exporting.export(run, split, chosen, evaluation, exporting.Export(int8=False), tmp_path / "guard")
    assert Guard.load(tmp_path / "guard", self_test=True).id == guard.id
    answer = guard("my aunt bought two fresh apples")
    assert answer.decision in ("allow", "review", "block")


def learned(tmp_path: Path, split: Split, model: str, name: str, **changes: Any) -> Run:
    """One short supervised run."""
    return trained(split, settings(model, "supervised", epochs=1, **changes), tmp_path / name)


@pytest.mark.parametrize(
    "change",
    [{"layer_decay": 0.5}, {"average": 0.9}, {"precision": "bfloat16"}, {"dropout": 0.0}],
    ids=lambda change: next(iter(change)),
)
def test_a_setting_changes_what_is_learned_and_survives_a_kill(
    tmp_path: Path, split: Split, model: str, change: dict[str, Any]
) -> None:
    plain, other = (learned(tmp_path, split, model, name, **c) for name, c in (("a", {}), ("b", change)))
    assert any(not torch.equal(a, weights(other)[name]) for name, a in weights(plain).items())
    assert all(torch.isfinite(a).all() for a in weights(other).values())
    of = settings(model, "supervised", epochs=1, save_every=1, **change)
    next(train(split, of, tmp_path / "c"))
    assert hashes(trained(split, of, tmp_path / "c").folder / "model") == hashes(other.folder / "model")


def moved(run: Run, start: dict[str, torch.Tensor]) -> dict[str, float]:
    """How far each weight of the encoder went."""
    now = weights(run)
    return {name: float((now[name] - w).abs().max()) for name, w in start.items() if name in now}


def test_frozen_layers_stay_and_lower_layers_move_less(tmp_path: Path, split: Split, model: str) -> None:
    start = load_file(Path(model) / "model.safetensors")
    encoder = {name: w for name, w in start.items() if "embeddings" in name or "encoder.layer" in name}
    low = [name for name in encoder if "embeddings" in name or "layer.0" in name]
    high = [name for name in encoder if "layer.1" in name and "key.bias" not in name]
    frozen = moved(learned(tmp_path, split, model, "frozen", frozen_layers=1), encoder)
    assert all(frozen[name] == 0 for name in low) and all(frozen[name] > 0 for name in high)
    plain = moved(learned(tmp_path, split, model, "plain", weight_decay=0.0), encoder)
    slow = moved(learned(tmp_path, split, model, "slow", weight_decay=0.0, layer_decay=0.1), encoder)
    dense = "bert.encoder.layer.{}.output.dense.weight"
    upper, lower = (slow[dense.format(i)] / plain[dense.format(i)] for i in (1, 0))
    assert 0.05 < upper < 0.2 and 0.005 < lower < 0.02  # one and two steps below the head


def test_an_average_lags_behind_the_weights(tmp_path: Path, split: Split, model: str) -> None:
    start = load_file(Path(model) / "model.safetensors")
    plain, behind = (
        moved(learned(tmp_path, split, model, name, average=a), start)
        for name, a in (("a", 0.0), ("b", 0.99))
    )
    dense = "bert.encoder.layer.0.output.dense.weight"
    assert 0 < behind[dense] < plain[dense]


def test_the_folder_holds_no_text(whole: Run, split: Split) -> None:
    words = ("apples", "bicycle", "neighbour")
    for path in whole.folder.rglob("*.json*"):
        if path.name != "tokenizer.json":
            assert not any(word in path.read_text() for word in words), path.name

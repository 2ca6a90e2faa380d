"""An adapter learns exactly the questions that scoring puts, resumes bit for bit, and fits its own base alone."""

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from helpers import splits, tiny
from helpers.axes import AXES, FIRST, SCALE, SEVERAL, TWO
from helpers.decoders import ARCHITECTURES, decoder
from mindrail import files, plugins
from mindrail.arrays import ndarray
from mindrail.calibrate.settings import Settings
from mindrail.causal import adapter
from mindrail.causal.adapter import Lora
from mindrail.causal.load import Loaded, load
from mindrail.causal.pieces import Reach, pieces
from mindrail.causal.quantize import four_bit
from mindrail.causal.score import OptionScorer
from mindrail.errors import BadConfig, BadSplit, MissingExtra, Refused, WrongTaxonomy
from mindrail.models import Job, _learned
from mindrail.models._learned import Learned, Likelihood, likelihoods
from mindrail.models.causal_lora import FAMILY, CausalLoraConfig, Row, learned_rows
from mindrail.prompts import Form, Wording
from mindrail.recipes import calibrate, export, merge
from mindrail.recipes.predict import predict_part
from mindrail.recipes.run import Run
from mindrail.recipes.train import Train, train
from mindrail.records import Example
from mindrail.semisup import StepLogits
from mindrail.taxonomy import Axis

SHORT = Wording(role="Judge.", choose="{options}?", ask="{label}?", ask_next="{label}?", examples=False)
SMALL: dict[str, Any] = {
    "lora": Lora(rank=4),
    "wording": SHORT,
    "epochs": 2,
    "batch": 4,
    "learning_rate": 1e-2,
    "save_every": 2,
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return decoder(tmp_path_factory.mktemp("base") / "llama")


def learn(job: Job, where: Path, place: Path, stop_after: int | None = None, **changes: Any) -> list[float]:
    """Train into `place`, or stop after some steps; the losses that were told."""
    losses = []
    for stepped in FAMILY.train(job, CausalLoraConfig(model=str(where), **{**SMALL, **changes}), place):
        losses.append(stepped.report["supervised"])
        if stepped.step == stop_after:
            break
    return losses


def weights(place: Path) -> str:
    return files.sha256(place / adapter.WEIGHTS)


@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
def test_every_architecture_learns_and_scores_what_was_learned(architecture: str, tmp_path: Path) -> None:
    where, job = decoder(tmp_path / "base", architecture), tiny.job(TWO)
    losses = learn(job, where, tmp_path / "model", epochs=3)
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    scores = FAMILY.scorer(TWO, tmp_path / "model").score(job.labelled)
    assert scores.shape == (12, 2)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.kind)
def test_every_kind_of_axis_is_learned(axis: Axis, base: Path, tmp_path: Path) -> None:
    job = tiny.job(axis)
    losses = learn(job, base, tmp_path / "model", epochs=3, batch=8)
    assert losses[-1] < losses[0]
    scores = FAMILY.scorer(axis, tmp_path / "model").score(job.labelled)
    right = job.targets().values
    assert scores[right].mean() > scores[~right].mean()


def test_the_loss_of_a_step_by_hand() -> None:
    logits = StepLogits(
        torch.tensor([[[-1.0], [-2.0], [-4.0]]]),
        torch.tensor([[1.0], [1.0], [2.0]]),
        *(torch.zeros(1, 0, 1),) * 2,
        torch.zeros(0, dtype=torch.long),
        exclusive=True,
    )
    losses, _ = Likelihood().step(None, logits)
    assert losses.total.item() == pytest.approx((1 + 2 + 2 * 4) / 4)
    assert losses.report == {"supervised": pytest.approx(2.75)}


def rows_of(axis: Axis, base: Path, examples: list[Example], **more: Any) -> tuple[list[Row], Form, Loaded]:
    loaded, form = load(str(base), "float32", "cpu"), Form(axis, "", "message", SHORT)
    job = Job(axis, examples, **more)
    cut = [pieces(example, loaded.tokenizer, Reach(40, 10, 20)) for example in examples]
    return learned_rows(form, job, loaded, cut), form, loaded


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.kind)
def test_training_and_scoring_see_the_same_tokens(axis: Axis, base: Path) -> None:
    examples = tiny.examples(axis)[:3]
    rows, form, loaded = rows_of(axis, base, examples)
    scorer = OptionScorer(loaded)
    expected = []
    for example in examples:
        asked = form.questions(example)
        for question, encoded, right in zip(
            asked, scorer.encode(asked).questions, form.answer(example), strict=True
        ):
            if right is not None:
                expected.append((encoded.prompt, encoded.options[question.options.index(right)]))
    assert [tuple(row.pair) for row in rows] == expected


def test_likelihoods_of_training_are_those_of_scoring(base: Path) -> None:
    examples = tiny.examples(SCALE)[:2]
    loaded, form = load(str(base), "float32", "cpu"), Form(SCALE, "", "message", SHORT)
    (answer,), _ = OptionScorer(loaded).log_probabilities([form.questions(e) for e in examples])
    (row,) = OptionScorer(loaded).encode(form.questions(examples[0])).questions
    network = Learned(adapter.attach(loaded, Lora(), seed=0))
    pairs = [_learned.Pair(row.prompt, option) for option in row.options]
    found = likelihoods(network, pairs, 0, 0).log_softmax(0)  # among the options
    np.testing.assert_allclose(found.detach().numpy(), answer, atol=1e-4)


def labelled(axis: Axis, *answers: Any) -> list[Example]:
    return [Example.of(f"message {i}", answers={axis.name: answer}) for i, answer in enumerate(answers)]


def test_questions_weigh_what_their_labels_weigh(base: Path) -> None:
    own = {"safe": 1.0, "harmful": 3.0}
    rows, *_ = rows_of(TWO, base, labelled(TWO, "safe", "harmful"), class_weights=own)
    assert [row.weight for row in rows] == [1, 3]
    # a label for every text: yes weighs the label's weight, no weighs 1
    rows, *_ = rows_of(
        SEVERAL, base, labelled(SEVERAL, ("rude", "rare"), ()), class_weights={"rude": 5.0, "rare": 7.0}
    )
    assert [row.weight for row in rows] == [5, 1, 7, 1, 1, 1]
    # asked in order, until one fits
    rows, *_ = rows_of(FIRST, base, labelled(FIRST, "lost", "cold", "kind"), class_weights={"cold": 4.0})
    assert [row.weight for row in rows] == [1, 4, 4, 1, 1]


def test_windows_of_a_long_text_share_its_weight(base: Path) -> None:
    long = Example.of("calm " * 30, answers={"harm": "safe"})
    rows, *_ = rows_of(TWO, base, [long, *labelled(TWO, "harmful")], class_weights="none")
    assert len(rows) == 6
    assert [row.weight for row in rows] == pytest.approx([0.2] * 5 + [1])


def test_what_was_read_in_windows_is_counted(base: Path, tmp_path: Path) -> None:
    long = Example.of("calm " * 30, answers={"harm": "safe"})
    late = Example.of("fine", context="once upon a time " * 9, answers={"harm": "safe"})
    job = Job(TWO, [long, late, *labelled(TWO, "harmful")])
    learn(job, base, tmp_path / "model", reach=Reach(40, 10, 20), epochs=1)
    told = files.read_json(tmp_path / "model" / "learned.json")
    assert told == {"texts": 3, "in_windows": 1, "without_oldest_context": 1, "questions": 7}


def test_a_prompt_beyond_the_context_is_refused(tmp_path: Path) -> None:
    small = decoder(tmp_path, "llama", max_position_embeddings=64)
    with pytest.raises(BadConfig, match=r"does not fit the 64 of .* lower reach\.window"):
        rows_of(TWO, small, labelled(TWO, "safe", "harmful"))


def test_the_most_dangerous_window_counts(base: Path, tmp_path: Path) -> None:
    job = tiny.job(TWO)
    learn(job, base, tmp_path / "model", reach=Reach(24, 4, 20))
    scorer = FAMILY.scorer(TWO, tmp_path / "model")
    text = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"
    whole = scorer.score([Example.of(text)])[0]
    parts = scorer.score([Example.of(text[:24]), Example.of(text[20:])])
    assert np.abs(whole - parts[parts[:, 1].argmax()]).max() < 1e-4


def test_a_model_without_chat_template_is_asked_plainly(tmp_path: Path) -> None:
    where = decoder(tmp_path / "base")
    (where / "chat_template.jinja").unlink()
    losses = learn(tiny.job(TWO), where, tmp_path / "model", epochs=6)
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    assert np.isfinite(FAMILY.scorer(TWO, tmp_path / "model").score(tiny.examples(TWO)[:2])).all()


@pytest.mark.parametrize("kills", [(1,), (2,), (1, 3, 5)])
def test_interrupted_run_has_the_same_bits_and_tells_the_same_course(
    kills: tuple[int, ...], base: Path, tmp_path: Path
) -> None:
    dropped = {"lora": Lora(rank=4, dropout=0.2)}
    course = learn(tiny.job(TWO), base, tmp_path / "whole", **dropped)
    job = tiny.job(TWO, tmp_path / "steps", identity="a")
    for step in kills:
        learn(job, base, tmp_path / "model", step, **dropped)
    assert learn(job, base, tmp_path / "model", **dropped) == course
    assert weights(tmp_path / "model") == weights(tmp_path / "whole")


def test_the_seed_decides(base: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        learn(tiny.job(TWO, seed=seed), base, tmp_path / name, lora=Lora(rank=4, dropout=0.2))
    assert weights(tmp_path / "a") == weights(tmp_path / "b") != weights(tmp_path / "c")


def test_checkpoints_and_runs_hold_the_adapter_alone(base: Path, tmp_path: Path) -> None:
    before = files.sha256(base / "model.safetensors")
    learn(tiny.job(TWO, tmp_path / "steps", identity="a"), base, tmp_path / "model")
    kept = load_file(max((tmp_path / "steps").glob("step-*")) / "state.safetensors")
    assert sum("network/" in name for name in kept) == 28
    assert {path.name for path in (tmp_path / "model").iterdir()} == {
        "adapter.json", "adapter_config.json", "adapter_model.safetensors", "asked.json", "learned.json",
    }  # fmt: skip
    assert files.sha256(base / "model.safetensors") == before


def test_parts_give_the_gradient_of_the_whole(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _, loaded = rows_of(TWO, base, tiny.examples(TWO))
    network = Learned(adapter.attach(loaded, Lora(rank=4, dropout=0.0), seed=0)).train()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.02)

    def gradients(looks: int) -> torch.Tensor:
        monkeypatch.setattr(_learned, "AT_ONCE", defaultdict(lambda: looks))
        total = likelihoods(network, [row.pair for row in rows[:6]], 0, 0).sum()
        return torch.cat([g.flatten() for g in torch.autograd.grad(total, list(network.parameters()))])

    whole = gradients(100_000_000)
    assert whole.abs().max() > 0.1
    for looks in (1, 4_000, 10_000):
        torch.testing.assert_close(gradients(looks), whole, atol=1e-3, rtol=1e-3)


def test_dropout_of_a_part_is_drawn_again_when_it_is_read_again(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, _, loaded = rows_of(TWO, base, tiny.examples(TWO))
    monkeypatch.setattr(_learned, "AT_ONCE", defaultdict(lambda: 1))
    network = Learned(adapter.attach(loaded, Lora(rank=4, dropout=0.5), seed=0)).train()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.02)
    pairs = [row.pair for row in rows[:3]]
    alone = likelihoods(network, pairs, 0, 5)
    expected = torch.autograd.grad(alone.sum(), list(network.parameters()))
    # a difference quotient along the gradient, with the same draws
    with torch.no_grad():
        norm = math.sqrt(sum(float((g**2).sum()) for g in expected))
        for parameter, gradient in zip(network.parameters(), expected, strict=True):
            parameter.add_(1e-3 * gradient / norm)
        moved = likelihoods(network, pairs, 0, 5)
    assert float((moved - alone).sum()) / 1e-3 == pytest.approx(norm, rel=0.1)


def test_the_dev_part_is_looked_at_where_a_job_has_one(base: Path, tmp_path: Path) -> None:
    seen: list[ndarray] = []

    def judge(scores: ndarray) -> float:
        seen.append(scores)
        return float(scores[0, 0])

    job = tiny.job(TWO, dev=tiny.examples(TWO)[:3], judge=judge)
    config = CausalLoraConfig(model=str(base), **SMALL, judge_every=2)
    told = [stepped.dev for stepped in FAMILY.train(job, config, tmp_path / "model")]
    assert [dev is not None for dev in told] == [False, True, False, True, False, True]
    assert len(seen) == 3
    assert not np.allclose(seen[0], seen[2])  # scored with the weights of the moment
    np.testing.assert_allclose(FAMILY.scorer(TWO, tmp_path / "model").score(job.dev), seen[2], atol=0.3)


def test_one_class_only_is_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSplit, match="all 2 labelled examples have the same answer"):
        learn(Job(TWO, labelled(TWO, "safe", "safe")), base, tmp_path / "model")


def test_labels_that_go_by_one_word_are_refused(base: Path, tmp_path: Path) -> None:
    same = Wording(names={"safe": "fine", "harmful": "fine"})
    with pytest.raises(BadConfig, match="two labels of axis 'harm' go by the same word"):
        learn(tiny.job(TWO), base, tmp_path / "model", wording=same)


def test_a_changed_base_another_axis_and_damage_are_refused(tmp_path: Path) -> None:
    where = decoder(tmp_path / "base")
    learn(tiny.job(TWO), where, tmp_path / "model")
    with pytest.raises(WrongTaxonomy, match="answers 'harm'"):
        FAMILY.scorer(SCALE, tmp_path / "model")
    decoder(where, "llama", rms_norm_eps=1e-3)
    with pytest.raises(Refused, match="was trained on base@"):
        FAMILY.scorer(TWO, tmp_path / "model")
    (tmp_path / "model" / adapter.WEIGHTS).write_bytes(b"")
    with pytest.raises(Refused, match="is missing or was changed"):
        FAMILY.scorer(TWO, tmp_path / "model")


def test_four_bits_say_what_is_missing(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadConfig, match="needs a CUDA device; found cpu"):
        four_bit(torch.device("cpu"))
    monkeypatch.setattr("mindrail.causal.quantize.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"needs 'bitsandbytes'.* pip install 'mindrail\[qlora\]'"):
        four_bit(torch.device("cuda"))
    if not torch.cuda.is_available():
        with pytest.raises(BadConfig, match="set quantize to 'none'"):
            learn(tiny.job(TWO), base, tmp_path / "model", quantize="4bit")


def test_the_whole_way_through_recipes(base: Path, tmp_path: Path) -> None:
    split = splits.split(tmp_path / "split")
    settings = Train("causal-lora", {"model": str(base), "epochs": 1, "batch": 4, "lora": {"rank": 4}})
    steps = list(train(split, settings, tmp_path / "run"))
    assert len(steps) == 2
    run = Run.load(tmp_path / "run", axis=split.axis)
    made = predict_part(run, split, "dev")
    assert made.scores.shape == (4, 2)
    calibration = calibrate.calibrate(split, made, Settings())
    with pytest.raises(BadConfig, match="family 'causal-lora' runs with torch only"):
        export.choose(run, split, calibration, Settings(), export.Export(), tmp_path / "guard")
    named = merge.merge(run, merge.Merge(), tmp_path / "merged")
    assert " with adapter " in named
    prompted = OptionScorer(load(str(tmp_path / "merged"), "float32", "cpu"))
    form = Form(split.axis, split.taxonomy.asks, split.taxonomy.judges)
    asked = [form.questions(example) for example in split.part("dev")]
    again = np.stack([form.combine(answer) for answer in prompted.log_probabilities(asked)])
    np.testing.assert_allclose(again, made.scores, atol=0.3)  # merged in float32, scored in bfloat16


def test_only_runs_with_an_adapter_are_merged(tmp_path: Path) -> None:
    split = splits.split(tmp_path / "split")
    list(train(split, Train("majority"), tmp_path / "run"))
    with pytest.raises(BadConfig, match="is of family 'majority', expected 'causal-lora'"):
        merge.merge(Run.load(tmp_path / "run"), merge.Merge(), tmp_path / "merged")


def test_it_is_found_by_its_name() -> None:
    assert plugins.get("family", "causal-lora").FAMILY is FAMILY

"""SmolLM2-135M, fine-tuned for real: a few dozen steps on real posts, against the same model untuned.

Also what happens to a run whose process is killed.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers import splits
from helpers.decoders import decoder
from mindrail import files
from mindrail.causal import adapter
from mindrail.causal.load import load
from mindrail.data import corpus
from mindrail.metrics.auroc import METRIC as AUROC
from mindrail.models import Job
from mindrail.models.causal_lora import FAMILY, CausalLoraConfig, CausalLoraScorer
from mindrail.prompts import Form, Wording
from mindrail.records.targets import targets_of
from mindrail.taxonomy import load as taxonomy

SETTINGS = {"epochs": 6, "batch": 4, "save_every": 2, "lora": {"rank": 4, "dropout": 0.1}}


def command(base: Path, split: Path, run: Path) -> list[str]:
    settings = files.json_bytes({"family": "causal-lora", "settings": SETTINGS | {"model": str(base)}})
    files.write_bytes(run.with_suffix(".yaml"), settings)
    words = [sys.executable, "-m", "mindrail", "train", "--config", str(run.with_suffix(".yaml"))]
    return [*words, "--split", str(split), "--out", str(run)]


@pytest.mark.slow
def test_a_killed_process_goes_on_to_the_same_course_and_weights(tmp_path: Path) -> None:
    base = decoder(tmp_path / "base")
    split = splits.split(tmp_path / "split", labelled=16).folder
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(base, split, whole), check=True, capture_output=True, timeout=300)
    process = subprocess.Popen(
        command(base, split, killed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    end = time.monotonic() + 300
    while not (killed / "checkpoints" / "step-00000006").is_dir() and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was done before it could be killed"
    subprocess.run(command(base, split, killed), check=True, capture_output=True, timeout=300)
    for name in ("history.jsonl", f"model/{adapter.WEIGHTS}"):
        assert (whole / name).read_bytes() == (killed / name).read_bytes()


@pytest.mark.slow
@pytest.mark.corpus("twitter-suicidal-intention")
def test_smollm2_learns_what_it_cannot_do_untuned(tmp_path: Path) -> None:
    kinds = taxonomy("emotional-risk")
    axis = kinds.axis("risk")
    examples = corpus.read("twitter-suicidal-intention", kinds, axis)
    short = [example for example in examples if len(example.text) <= 280]  # as long as a tweet
    drawn = sorted(short, key=lambda example: example.id)[:280]  # ids are hashes
    learned, held_out = drawn[:200], drawn[200:]
    wording = Wording(role="Judge this message.", does_not_count=False, examples=False)
    config = CausalLoraConfig(wording=wording, epochs=1)
    unsafe = axis.names.index("unsafe")
    truth = targets_of(axis, held_out).values[:, unsafe]

    def auroc(scorer: CausalLoraScorer) -> float:
        probability = axis.probabilities(scorer.score(held_out))[:, unsafe]
        return AUROC.compute(truth, probability, probability > 0.5)

    form = Form(axis, kinds.asks, kinds.judges, wording)
    before = auroc(CausalLoraScorer(form, load(), config.reach))
    job = Job(axis, learned, asks=kinds.asks, judges=kinds.judges)
    steps = list(FAMILY.train(job, config, tmp_path / "model"))
    after = auroc(FAMILY.scorer(axis, tmp_path / "model"))
    assert len(steps) == 25
    assert after > before + 0.1, f"from {before:.3f} to {after:.3f}"

"""The GPU benchmark without a GPU: shapes of the published models, steps that run, a plain refusal."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from mindrail.causal.load import load

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "lora_memory.py"
TINY = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "tie_word_embeddings": True,
}


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        spec = importlib.util.spec_from_file_location("lora_memory", SCRIPT)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(SCRIPT.parent))
    return module


@pytest.mark.parametrize(
    ("name", "published"),
    [("llama-1b", 1_235_814_400), ("llama-3b", 3_212_749_824), ("llama-8b", 8_030_261_248)],
)
def test_shapes_have_as_many_parameters_as_the_published_models(
    bench: ModuleType, name: str, published: int
) -> None:
    assert sum(bench.parameters(bench.SHAPES[name])) == published


def test_weights_by_hand(bench: ModuleType) -> None:
    attention = 32 * 32 + 2 * 32 * 16 + 32 * 32
    inside, outside = 2 * (attention + 3 * 32 * 48), 64 * 32 + 5 * 32
    assert bench.parameters(TINY) == (inside, outside)
    assert bench.weight_bytes(TINY, "none") == 2 * (inside + outside)
    assert bench.weight_bytes(TINY, "4bit") == pytest.approx(inside * 0.515869140625 + 2 * outside)


def test_four_bits_of_the_smallest_shape_leave_room_under_two_gigabytes(bench: ModuleType) -> None:
    assert bench.weight_bytes(bench.SHAPES["llama-1b"], "4bit") < 1.1e9


def test_its_steps_run_and_learn_on_a_tiny_shape(bench: ModuleType, tmp_path: Path) -> None:
    bench.write_model(TINY, tmp_path, "cpu")
    loaded = load(str(tmp_path), "bfloat16", "cpu")
    assert {p.dtype for p in loaded.model.parameters()} == {torch.bfloat16}
    scores = bench.scoring(loaded)()
    assert len(scores) == bench.BATCH
    assert all(score < 0 for score in scores)
    step = bench.training(loaded)
    losses = [step() for _ in range(8)]
    assert losses[-1] < losses[0]
    assert bench.seconds_each(lambda: None) >= 0


def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    place = SCRIPT.parent / "results" / "lora_memory.json"
    before = place.read_bytes() if place.is_file() else None
    words = [sys.executable, str(SCRIPT), "--work", str(tmp_path / "work")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert "there is no CUDA device here, so nothing was measured" in done.stderr
    assert not (tmp_path / "work").exists()
    assert (place.read_bytes() if place.is_file() else None) == before

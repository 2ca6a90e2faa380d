"""GPU memory of adapters and of four-bit scoring, for models of 1, 3 and 8 billion parameters.

    python benchmarks/lora_memory.py [--work out/lora-memory] [--shapes llama-1b llama-3b]

Needs a CUDA device and bitsandbytes; without them it says so, ends with code 1 and writes nothing. The models have
the shapes of Llama 3.2 1B, 3.2 3B and 3.1 8B and random weights: memory and speed depend on shapes alone, and what
such a model says means nothing. They are written to `--work` and loaded as a user's model would be (the largest
takes 16 GB there while it is measured).

Every figure is `torch.cuda.max_memory_allocated`, weights included; the context that CUDA itself keeps comes on top.
"""

import argparse
import gc
import shutil
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from _result import measure, write
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from mindrail.causal import adapter
from mindrail.causal.adapter import Lora
from mindrail.causal.load import Loaded, load
from mindrail.causal.quantize import Quantize
from mindrail.causal.response_loss import Pair, Prefix, log_likelihoods

_LLAMA3 = {"vocab_size": 128_256, "num_key_value_heads": 8, "max_position_embeddings": 131_072}
SHAPES: dict[str, dict[str, Any]] = {
    "llama-1b": _LLAMA3
    | {
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "tie_word_embeddings": True,
    },
    "llama-3b": _LLAMA3
    | {
        "hidden_size": 3072,
        "intermediate_size": 8192,
        "num_hidden_layers": 28,
        "num_attention_heads": 24,
        "tie_word_embeddings": True,
    },
    "llama-8b": _LLAMA3
    | {
        "hidden_size": 4096,
        "intermediate_size": 14_336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "tie_word_embeddings": False,
    },
}
BATCH, PREFIX, MESSAGE = 8, 128, 128  # prompts at once; tokens that all share, and tokens of each
STEPS = 4  # training steps and scored batches; the first of each warms up
#: bits per weight in NF4 with doubly quantised scales: one byte per 64 weights, one float per 256 such bytes
NF4_BITS = 4 + 8 / 64 + 32 / (64 * 256)


def config(shape: dict[str, Any]) -> LlamaConfig:
    return LlamaConfig(**shape, bos_token_id=0, eos_token_id=1, pad_token_id=1)


def parameters(shape: dict[str, Any]) -> tuple[int, int]:
    """Weights in the projections of the blocks, and all other weights."""
    with torch.device("meta"):
        model = LlamaForCausalLM(config(shape))
    names = set(adapter.projections(model))
    inside = sum(part.weight.numel() for name, part in model.named_modules() if name in names)
    return inside, sum(p.numel() for p in model.parameters()) - inside


def weight_bytes(shape: dict[str, Any], quantize: Quantize) -> float:
    """What the weights alone must take: two bytes each, or four bits in the projections."""
    inside, outside = parameters(shape)
    return inside * (NF4_BITS / 8 if quantize == "4bit" else 2) + outside * 2


def write_model(shape: dict[str, Any], folder: Path, device: str) -> None:
    """A folder with random bfloat16 weights and a tokenizer that knows one word."""
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        model = LlamaForCausalLM(config(shape))
    torch.set_default_dtype(before)
    model.save_pretrained(folder)
    words = Tokenizer(models.WordLevel({"<s>": 0, "</s>": 1, "a": 2}, unk_token="a"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, eos_token="</s>").save_pretrained(folder)


def batch(loaded: Loaded) -> tuple[list[Pair], list[int]]:
    """Prompts of random tokens with one-token answers, and what all of them begin with."""
    size = loaded.model.config.vocab_size
    draw = torch.Generator().manual_seed(0)
    ids = torch.randint(2, size, (BATCH, MESSAGE + 1), generator=draw).tolist()
    prefix = torch.randint(2, size, (PREFIX,), generator=draw).tolist()
    return [Pair(tuple(row[:-1]), (row[-1],)) for row in ids], prefix


def scoring(loaded: Loaded) -> Callable[[], object]:
    pairs, prefix = batch(loaded)

    def score() -> object:
        with torch.inference_mode():
            return log_likelihoods(loaded.model, pairs, Prefix.read(loaded.model, prefix)).tolist()

    return score


def training(loaded: Loaded) -> Callable[[], object]:
    """Steps of the same kind as family `causal-lora` takes: an adapter on every projection, fused AdamW."""
    around = adapter.attach(loaded, Lora(), seed=0).train()
    learned = [p for p in around.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, fused=True)
    pairs, prefix = batch(loaded)

    def step() -> object:
        with torch.autocast(loaded.device.type, dtype=torch.bfloat16):
            loss = -log_likelihoods(loaded.model, pairs, Prefix.read(loaded.model, prefix)).mean()
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return loss.item()

    return step


def seconds_each(work: Callable[[], object]) -> float:
    """Seconds of one call, after one that warms up; every call ends with a number on the host."""
    work()
    began = time.monotonic()
    for _ in range(STEPS - 1):
        work()
    return (time.monotonic() - began) / (STEPS - 1)


def on_gpu(
    folder: Path, quantize: Quantize, kind: Callable[[Loaded], Callable[[], object]]
) -> tuple[float, float]:
    """Peak gigabytes from the loaded model on, and seconds of one batch."""
    loaded = load(str(folder), "bfloat16", "cuda", quantize)
    torch.cuda.reset_peak_memory_stats()
    took = seconds_each(kind(loaded))
    peak = torch.cuda.max_memory_allocated() / 1e9
    del loaded
    gc.collect()
    torch.cuda.empty_cache()
    return peak, took


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("out/lora-memory"))
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    options = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit(
            "lora_memory: there is no CUDA device here, so nothing was measured and nothing written"
        )
    if find_spec("bitsandbytes") is None:
        raise SystemExit("lora_memory: bitsandbytes is not installed, so four bits cannot be measured")
    measures, rows = {}, []
    for name in options.shapes:
        folder = options.work / name
        write_model(SHAPES[name], folder, "cuda")
        gc.collect()
        torch.cuda.empty_cache()
        for quantize in ("none", "4bit"):
            for what, kind in (("inference", scoring), ("training", training)):
                peak, took = on_gpu(folder, quantize, kind)
                bits = "4bit" if quantize == "4bit" else "bf16"
                key = f"{name.replace('-', '_')}_{bits}_{what}"
                measures[f"{key}_gb"] = measure(peak, None, "GB, max_memory_allocated")
                measures[f"{key}_per_second"] = measure(BATCH / took, None, "prompts per second")
                weights = round(weight_bytes(SHAPES[name], quantize) / 1e9, 3)
                rows.append({"shape": name, "bits": bits, "what": what, "weights_alone_gb": weights})
        shutil.rmtree(folder)
    about = {
        "weights": "random: these are the memory and speed of the shapes, not of any published model",
        "device": torch.cuda.get_device_name(),
        "batch": {"prompts": BATCH, "shared_tokens": PREFIX, "tokens_each": MESSAGE},
        "adapter": {"rank": Lora().rank, "projections": "all seven of every block"},
    }
    print(write("lora_memory", measures, rows=rows, **about))


if __name__ == "__main__":
    main()

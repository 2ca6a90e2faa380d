"""Decoders of several architectures with random weights, small enough to fine-tune in a test."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from helpers.causal import tokenizer

_SHAPE: dict[str, Any] = {
    "vocab_size": 258,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 4096,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
    "initializer_range": 0.2,
    "tie_word_embeddings": True,
}
#: what differs from the common shape; SmolLM2 is a Llama
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen2": {},
    "qwen3": {"tie_word_embeddings": False},
    "mistral": {"sliding_window": None, "tie_word_embeddings": False},
    "gemma": {},
    "gemma2": {"sliding_window": 8, "query_pre_attn_scalar": 8},
    "gemma3_text": {"sliding_window": 8, "query_pre_attn_scalar": 8},
    "smollm3": {},
}


def decoder(folder: Path, architecture: str = "llama", **changes: Any) -> Path:
    """Write a random model that reads bytes, with its tokenizer; return the folder."""
    config = AutoConfig.for_model(
        architecture, **{**_SHAPE, **ARCHITECTURES.get(architecture, {}), **changes}
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder

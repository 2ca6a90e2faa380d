"""A causal language model on this machine: SmolLM2 from its package, any Hugging Face id or folder."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from mindrail import files, machine
from mindrail.causal import smollm2
from mindrail.causal.quantize import Quantize, four_bit
from mindrail.errors import BadConfig
from mindrail.train import environment

DType = Literal["auto", "bfloat16", "float32"]


@dataclass(frozen=True)
class Loaded:
    """Weights in evaluation mode and their tokenizer. `name` tells models, versions and precisions apart."""

    model: Any
    tokenizer: Any
    name: str

    @property
    def version(self) -> str:
        """The name without its precision."""
        return self.name.rpartition(" in ")[0]

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        device: torch.device = self.model.device
        return device

    @property
    def context(self) -> int:
        """Tokens that the model was made for, prompt and answer together."""
        return int(getattr(self.model.config.get_text_config(), "max_position_embeddings", 0) or 2048)

    @cached_property
    def ends(self) -> frozenset[int]:
        """Tokens that end an answer."""
        given = self.model.generation_config.eos_token_id
        listed = given if isinstance(given, list) else [given]
        return frozenset(i for i in [*listed, self.tokenizer.eos_token_id] if i is not None)

    @cached_property
    def control(self) -> tuple[str, ...]:
        """Tokens that steer the model and must not come out of anybody's text."""
        added = self.tokenizer.added_tokens_decoder.values()
        return tuple(sorted({str(token) for token in added if token.special}, key=len, reverse=True))


def locate(model: str) -> str:
    """What transformers can load: a folder, or a hub id.

    `smollm2` is the embedded default; it is checked by sha256 and converted once. Raises MissingExtra where its
    package is absent, BadConfig where the weights are not the pinned ones or a folder is not there.
    """
    if model == "smollm2":
        return str(smollm2.folder())
    if Path(model).is_dir():
        return str(Path(model).resolve())
    if model.startswith((".", "/", "~")) or model.count("/") > 1:
        raise BadConfig(
            f"model folder '{model}' is not there; expected a folder, a Hugging Face id, or 'smollm2'"
        )
    return model


def load(
    model: str = "smollm2", dtype: DType = "auto", device: str = "auto", quantize: Quantize = "none"
) -> Loaded:
    """Load for generating, scoring and fine-tuning; two seconds for SmolLM2 once converted.

    `auto` is CUDA where there is one, and bfloat16 where the device computes in it, else float32. Raises BadConfig
    for what is no causal language model, has no tokenizer or no safetensors, or cannot be fetched, and what
    `four_bit` raises.
    """
    environment.settle()
    where = locate(model)
    chosen = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
    precision = (_best(chosen) if dtype == "auto" else dtype).removeprefix("torch.")
    packed = (
        {"quantization_config": four_bit(chosen), "device_map": {"": chosen}} if quantize == "4bit" else {}
    )
    try:
        config = AutoConfig.from_pretrained(where)
        tokenizer = AutoTokenizer.from_pretrained(where)
        network = AutoModelForCausalLM.from_pretrained(
            where,
            dtype=getattr(torch, precision),
            use_safetensors=True,  # never a pickle
            # on a CPU the plain form is the faster one for single tokens (1.3 times at 16 rows)
            attn_implementation="eager" if chosen.type == "cpu" else None,
            **packed,
        )
    except (OSError, ValueError, KeyError) as error:
        raise BadConfig(
            f"'{model}' cannot be loaded as a causal language model; expected safetensors, config.json and a "
            "tokenizer in a folder or under a Hugging Face id that is cached or reachable. "
            f"Found: {_first_line(error)}"
        ) from None
    if not packed:  # else it lies there already, and is not to be moved
        network = network.to(chosen)
    said = f"{_version(model, where, config)} in {'4bit' if packed else precision}"
    return Loaded(network.eval(), tokenizer, said)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _best(device: torch.device) -> str:
    """The precision that a device computes in fastest."""
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    return "bfloat16" if device.type == "cpu" and machine.multiplies_bfloat16() else "float32"


def _version(model: str, where: str, config: Any) -> str:
    """Name and version: the pinned weights, a hub commit, or a digest of everything in the folder that is loaded."""
    if model == "smollm2":
        return f"smollm2-135m-instruct-q4_1@{smollm2.SHA256[:12]}"
    if commit := getattr(config, "_commit_hash", None):
        return f"{model}@{commit[:12]}"
    folder = Path(where)
    read = sorted(p for p in folder.iterdir() if p.suffix in (".safetensors", ".json", ".jinja", ".model"))
    return f"{folder.name}@{files.digest({p.name: files.sha256(p) for p in read})[:12]}"

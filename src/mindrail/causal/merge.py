"""An adapter multiplied into its base model: one plain folder that needs neither peft nor mindrail."""

from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging

from mindrail import files
from mindrail.causal import Number, adapter
from mindrail.causal.load import Loaded, load

ABOUT = "mindrail.json"


def merged(folder: Path) -> Loaded:
    """The base model of the adapter in `folder` with the adapter in its weights, in float32 on the CPU.

    Its logits are those of base and adapter within rounding (1e-4). Raises what `adapter.read` and
    `adapter.applied` raise.
    """
    about = adapter.read(folder)
    loaded, around = adapter.applied(load(about.model, "float32", "cpu"), folder, about)
    return Loaded(around.merge_and_unload(), loaded.tokenizer, loaded.name)


def save(loaded: Loaded, place: Path, number: Number) -> None:
    """Write a folder for transformers, vLLM, or llama.cpp's converter: safetensors, tokenizer, chat template.

    float32 keeps every bit; the two-byte numbers halve the folder and round the weights. `mindrail.json` says what
    was merged.
    """
    model: Any = loaded.model.to(getattr(torch, number))
    with files.new_folder(place) as new:
        bars = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()
        model.save_pretrained(new)
        if bars:
            logging.enable_progress_bar()
        loaded.tokenizer.save_pretrained(new)
        files.write_json(new / ABOUT, {"merged": loaded.name, "numbers": number})

"""Four bits per weight while an adapter learns (QLoRA, arXiv:2305.14314), through bitsandbytes on a CUDA device."""

from importlib.util import find_spec
from typing import Any, Literal

import torch

from mindrail.errors import BadConfig, MissingExtra

Quantize = Literal["none", "4bit"]


def four_bit(device: torch.device) -> Any:
    """What transformers needs to load a model in four bits: NF4 with doubly quantised scales, products in bfloat16.

    Raises BadConfig without a CUDA device, MissingExtra without bitsandbytes.
    """
    if device.type != "cuda":
        raise BadConfig(
            f"quantize is '4bit', which needs a CUDA device; found {device.type}. "
            "Do: set quantize to 'none', or use a machine with such a graphics card"
        )
    if find_spec("bitsandbytes") is None:
        raise MissingExtra("bitsandbytes", "qlora", "loading a model in four bits")
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )

"""A merged SmolLM2 in llama.cpp's own format.

llama.cpp wants the tokenizer in its own words, which a Hugging Face folder does not hold. SmolLM2 comes from such a
file, so its words are copied from there. For every other model llama.cpp's `convert_hf_to_gguf.py` makes the file
from the merged folder.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from mindrail import files
from mindrail.arrays import ndarray
from mindrail.causal import Number, smollm2
from mindrail.causal.load import Loaded
from mindrail.causal.merge import ABOUT
from mindrail.errors import BadConfig, MissingExtra

FILE = "model.gguf"
#: what llama.cpp calls the numbers of a file
FILE_TYPE = {"float32": 0, "float16": 1, "bfloat16": 32}


def save(loaded: Loaded, place: Path, number: Number) -> None:
    """Write the folder `place` with `model.gguf` in it; vectors stay in float32, as llama.cpp wants them.

    Raises BadConfig for any model but SmolLM2, MissingExtra without `gguf`.
    """
    if not loaded.name.startswith("smollm2-"):
        raise BadConfig(
            f"GGUF is written for smollm2 alone, and this is {loaded.version}: llama.cpp needs the tokenizer in its "
            "own words. Do: merge to a Hugging Face folder, and give it to llama.cpp's convert_hf_to_gguf.py"
        )
    try:
        from gguf import GGUFReader, GGUFWriter
    except ImportError:
        raise MissingExtra("gguf", "train", "writing GGUF") from None
    source = GGUFReader(smollm2.packed())
    with files.new_folder(place) as new:
        writer = GGUFWriter(new / FILE, "llama")
        _copy_words(source, writer)
        writer.add_name(loaded.name)
        writer.add_file_type(FILE_TYPE[number])
        for name, values in _tensors(loaded.model, source):
            _add(writer, name, values, number)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        files.write_json(new / ABOUT, {"merged": loaded.name, "numbers": number})


def _copy_words(source: Any, writer: Any) -> None:
    """Shape, tokenizer and chat template as they are; not how the weights were rounded, nor the name."""
    own = (
        "GGUF.",
        "general.architecture",
        "general.name",
        "general.file_type",
        "general.quantization_version",
    )
    for key, field in source.fields.items():
        if not key.startswith(own):
            kind, *inner = field.types
            writer.add_key_value(key, field.contents(), kind, inner[0] if inner else None)


def _tensors(model: Any, source: Any) -> Iterator[tuple[str, Tensor]]:
    """The weights in the order and under the names of the source."""
    weights: Mapping[str, Tensor] = model.state_dict()
    config = model.config
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    for tensor in source.tensors:
        values = weights[smollm2.hf_name(tensor.name)].float()
        part = tensor.name.split(".")[-2]
        if part in heads:
            values = smollm2.neighboured(values, heads[part])
        yield tensor.name, values


def _add(writer: Any, name: str, values: Tensor, number: Number) -> None:
    from gguf import GGMLQuantizationType, quants

    array: ndarray = values.numpy()
    if array.ndim == 1 or number == "float32":
        writer.add_tensor(name, array)
    elif number == "float16":
        writer.add_tensor(name, array.astype(np.float16))
    else:
        kind = GGMLQuantizationType.BF16
        writer.add_tensor(name, quants.quantize(array, kind), raw_dtype=kind)

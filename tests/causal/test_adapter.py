"""Adapters go on every projection of every decoder, come back bit for bit, and fit nothing but their own base."""

import json
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from helpers.axes import SCALE, TWO
from helpers.decoders import ARCHITECTURES, decoder
from mindrail import files
from mindrail.causal import adapter
from mindrail.causal.adapter import About, Lora
from mindrail.causal.load import Loaded, load
from mindrail.errors import BadConfig, BadFile, Refused, WrongTaxonomy

IDS = torch.tensor([[5, 40, 41, 42, 60]])
SEVEN = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


def fresh(where: Path) -> Loaded:
    return load(str(where), "float32", "cpu")


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=IDS).logits


def about(loaded: Loaded, where: Path) -> About:
    return About(str(where), loaded.version, TWO.name, TWO.digest)


def learned(loaded: Loaded, seed: int = 0) -> Any:
    """A model with an adapter that says something, without training."""
    model = adapter.attach(loaded, Lora(rank=4), seed=seed)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.05 * torch.randn_like(parameter))
    return model.eval()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return decoder(tmp_path_factory.mktemp("base") / "llama")


@pytest.fixture
def kept(base: Path, tmp_path: Path) -> tuple[Path, torch.Tensor]:
    """A saved adapter, and what the model says with it."""
    loaded = fresh(base)
    model = learned(loaded)
    adapter.save(tmp_path, model, about(loaded, base))
    return tmp_path, logits(model)


@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
def test_every_architecture_gets_seven_per_block_and_speaks_as_before(
    architecture: str, tmp_path: Path
) -> None:
    loaded = fresh(decoder(tmp_path, architecture))
    before = logits(loaded.model)
    names = adapter.projections(loaded.model)
    assert len(names) == 14
    assert {name.rpartition(".")[2] for name in names} == SEVEN
    model = adapter.attach(loaded, Lora(), seed=0)
    torch.testing.assert_close(logits(model.eval()), before)
    free = [name for name, p in model.named_parameters() if p.requires_grad]
    assert len(free) == 28
    assert all("lora_" in name for name in free)


def test_fused_projections_are_found_by_place(tmp_path: Path) -> None:
    loaded = fresh(decoder(tmp_path, "phi3", pad_token_id=1))
    names = {name.rpartition(".")[2] for name in adapter.projections(loaded.model)}
    assert names == {"qkv_proj", "o_proj", "gate_up_proj", "down_proj"}


def test_a_model_without_such_blocks_is_refused(base: Path) -> None:
    model = fresh(base).model
    del model.model.layers[:]
    with pytest.raises(BadConfig, match="no linear projections in blocks were found in a LlamaForCausalLM"):
        adapter.projections(model)


def test_the_seed_decides_where_it_starts(base: Path) -> None:
    def first(seed: int) -> torch.Tensor:
        model = adapter.attach(fresh(base), Lora(), seed=seed)
        return next(p for p in model.parameters() if p.requires_grad)

    assert torch.equal(first(3), first(3))
    assert not torch.equal(first(3), first(4))


def test_it_comes_back_with_the_same_bits(base: Path, kept: tuple[Path, torch.Tensor]) -> None:
    folder, said = kept
    told = adapter.read(folder, TWO)
    loaded, _ = adapter.applied(fresh(base), folder, told)
    assert torch.equal(logits(loaded.model), said)
    assert told.version in loaded.name
    assert "in float32 with adapter " in loaded.name
    assert loaded.version == told.version


@pytest.mark.filterwarnings("ignore::FutureWarning")  # peft's own
def test_plain_peft_reads_it(base: Path, kept: tuple[Path, torch.Tensor]) -> None:
    folder, said = kept
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="eager")
    model = peft.PeftModel.from_pretrained(plain, folder)
    torch.testing.assert_close(logits(model.eval()), said)


def test_no_path_of_this_machine_and_no_pickle_is_kept(base: Path, kept: tuple[Path, torch.Tensor]) -> None:
    folder, _ = kept
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}
    assert str(base.parent) not in (folder / adapter.CONFIG).read_text()


def test_another_base_is_refused(base: Path, kept: tuple[Path, torch.Tensor], tmp_path: Path) -> None:
    folder, _ = kept
    other = decoder(tmp_path / "other", "llama", rms_norm_eps=1e-3)
    with pytest.raises(Refused, match=r"was trained on llama@\w{12}, and this base model is other@\w{12}"):
        adapter.applied(fresh(other), folder, adapter.read(folder))


def test_another_size_is_refused_even_under_the_same_name(
    kept: tuple[Path, torch.Tensor], tmp_path: Path
) -> None:
    folder, _ = kept
    told = adapter.read(folder)
    wide = load(str(decoder(tmp_path / "wide", "llama", intermediate_size=64)), "float32", "cpu")
    named = Loaded(wide.model, wide.tokenizer, f"{told.version} in float32")
    with pytest.raises(Refused, match="other projections or another size"):
        adapter.applied(named, folder, told)


def test_another_axis_is_refused(kept: tuple[Path, torch.Tensor]) -> None:
    with pytest.raises(WrongTaxonomy, match=r"answers 'harm'.* expected 'risk'"):
        adapter.read(kept[0], SCALE)


@pytest.mark.parametrize("name", [adapter.WEIGHTS, adapter.CONFIG])
@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_damage_is_refused(name: str, damage: str, kept: tuple[Path, torch.Tensor]) -> None:
    path = kept[0] / name
    whole = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(whole[:-9] if damage == "cut" else whole[:-9] + bytes(9))
    with pytest.raises(Refused, match=f"{name} of the adapter .* is missing or was changed"):
        adapter.read(kept[0])


def test_a_folder_without_adapter_and_an_unknown_format_are_refused(
    tmp_path: Path, kept: tuple[Path, torch.Tensor]
) -> None:
    with pytest.raises(BadFile, match="no adapter is here"):
        adapter.read(tmp_path / "nowhere")
    told = json.loads((kept[0] / adapter.ABOUT).read_text())
    files.write_json(kept[0] / adapter.ABOUT, told | {"format": 2})
    with pytest.raises(Refused, match="has format 2, expected 1"):
        adapter.read(kept[0])
    files.write_json(kept[0] / adapter.ABOUT, {"format": 1, "base": "llama"})
    with pytest.raises(Refused, match="is not what mindrail writes"):
        adapter.read(kept[0])


def test_a_forged_weight_file_with_its_own_sum_must_still_fit(
    base: Path, kept: tuple[Path, torch.Tensor]
) -> None:
    folder, _ = kept
    weights = load_file(folder / adapter.WEIGHTS)
    weights.pop(sorted(weights)[0])
    save_file(weights, folder / adapter.WEIGHTS)
    told = json.loads((folder / adapter.ABOUT).read_text())
    told["sha256"][adapter.WEIGHTS] = files.sha256(folder / adapter.WEIGHTS)
    files.write_json(folder / adapter.ABOUT, told)
    with pytest.raises(Refused, match="does not fit"):
        adapter.applied(fresh(base), folder, adapter.read(folder))


@pytest.mark.parametrize("wrong", [{"rank": 0}, {"alpha": 0.0}, {"dropout": 1.0}])
def test_sizes_that_make_no_adapter_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadConfig, match="expected a rank of at least 1"):
        Lora(**wrong)

"""Low-rank adapters (LoRA, arXiv:2106.09685) on a language model, through peft.

An adapter is two thin matrices beside every projection of the decoder blocks: 20 MB for SmolLM2 at rank 16. It is
nothing without the model that it was learned on, so the folder says which one that was, and any other is refused.
The folder is peft's own layout, with `adapter.json` beside it:

    adapter_model.safetensors   the matrices
    adapter_config.json         rank, alpha, and which projections
    adapter.json                the base model's name and version, the axis, sha256 of the other two
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mindrail import files, seeds
from mindrail.causal.load import Loaded
from mindrail.errors import BadConfig, BadFile, MissingExtra, Refused, WrongTaxonomy
from mindrail.taxonomy import Axis

WEIGHTS, CONFIG, ABOUT = "adapter_model.safetensors", "adapter_config.json", "adapter.json"
FORMAT = 1


@dataclass(frozen=True)
class Lora:
    """The size of an adapter. What it adds is scaled by alpha / rank."""

    rank: int = 16
    alpha: float = 32.0
    dropout: float = (
        0.0  # share of each projection's input that the adapter does not see in training; costs a tenth
    )

    def __post_init__(self) -> None:
        if self.rank < 1 or self.alpha <= 0 or not 0 <= self.dropout < 1:
            raise BadConfig(
                f"rank {self.rank}, alpha {self.alpha}, dropout {self.dropout}; expected a rank of at least 1, an "
                "alpha above 0 and a dropout in [0, 1)"
            )


@dataclass(frozen=True)
class About:
    """What an adapter belongs to. `model` is what to load, `version` what must come of it."""

    model: str
    version: str
    axis: str
    axis_digest: str


def projections(model: Any) -> list[str]:
    """The names of all linear projections in the decoder blocks, attention and MLP alike, and of nothing else.

    Found by place and type, so the architecture does not matter. Raises BadConfig where there are none.
    """
    decoder = model.get_decoder()
    blocks = max(
        ((name, part) for name, part in decoder.named_modules() if isinstance(part, nn.ModuleList)),
        key=lambda found: len(found[1]),
        default=None,
    )
    inner = {id(part) for _, part in blocks[1].named_modules()} if blocks else set()
    found = [
        name for name, part in model.named_modules() if id(part) in inner and isinstance(part, nn.Linear)
    ]
    if not found:
        raise BadConfig(
            f"no linear projections in blocks were found in a {type(model).__name__}, so an adapter has no place; "
            "expected a decoder such as Llama, Qwen, Mistral, Gemma or SmolLM"
        )
    return found


def attach(loaded: Loaded, lora: Lora, *, seed: int) -> Any:
    """Put a fresh adapter on every projection, in place; the same seed gives the same matrices.

    Returns peft's model around it. It says what the bare model says until it has learned: the second matrix of each
    pair starts at zero. What is learned is kept in float32.
    """
    peft = _peft()
    settings = peft.LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=_short(projections(loaded.model), loaded.model),
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]), _quiet():
        torch.manual_seed(seeds.derive(seed, "adapter"))
        return peft.get_peft_model(loaded.model, settings)


def save(folder: Path, model: Any, about: About) -> None:
    """Write the adapter of a peft model into a folder."""
    settings = model.peft_config["default"]
    settings.base_model_name_or_path = about.version  # not the path on this machine
    settings.target_modules = sorted(settings.target_modules)  # a set is written in any order
    save_file({name: part.contiguous().cpu() for name, part in _weights(model).items()}, folder / WEIGHTS)
    settings.save_pretrained(folder)
    files.write_json(
        folder / ABOUT,
        {
            "format": FORMAT,
            "base": {"model": about.model, "version": about.version},
            "axis": {"name": about.axis, "digest": about.axis_digest},
            "sha256": {name: files.sha256(folder / name) for name in (WEIGHTS, CONFIG)},
        },
    )


def read(folder: Path, axis: Axis | None = None) -> About:
    """What an adapter belongs to, once its files are whole.

    Raises BadFile where no adapter is, Refused where one was changed or is of an unknown format, WrongTaxonomy
    where it answers another axis.
    """
    if not (folder / ABOUT).is_file():
        raise BadFile(folder, f"no adapter is here: {ABOUT} is missing")
    told = files.read_json(folder / ABOUT)
    try:
        if told["format"] != FORMAT:
            raise Refused(f"the adapter in {folder} has format {told['format']}, expected {FORMAT}")
        about = About(
            told["base"]["model"], told["base"]["version"], told["axis"]["name"], told["axis"]["digest"]
        )
        sums: Mapping[str, str] = {name: told["sha256"][name] for name in (WEIGHTS, CONFIG)}
    except (KeyError, TypeError):
        raise Refused(f"{folder / ABOUT} is not what mindrail writes beside an adapter") from None
    for name, expected in sums.items():
        if not (folder / name).is_file() or files.sha256(folder / name) != expected:
            raise Refused(
                f"{name} of the adapter in {folder} is missing or was changed since it was trained. "
                "Do: take the folder from where it was made, or train again"
            )
    if axis is not None and axis.digest != about.axis_digest:
        raise WrongTaxonomy(
            f"the adapter in {folder} answers '{about.axis}' ({about.axis_digest}), expected '{axis.name}' "
            f"({axis.digest}). Do: train again with the present taxonomy"
        )
    return about


def applied(loaded: Loaded, folder: Path, about: About) -> tuple[Loaded, Any]:
    """The base model with the adapter on it, in place and in the base's precision, and peft's model around it.

    Raises Refused unless `loaded` is the version that the adapter was trained on, and the shapes fit.
    """
    if (found := loaded.version) != about.version:
        raise Refused(
            f"the adapter in {folder} was trained on {about.version}, and this base model is {found}. "
            f"Do: load {about.version}, or train an adapter for this one"
        )
    peft = _peft()
    try:
        settings = peft.LoraConfig.from_pretrained(folder)
        settings.base_model_name_or_path = None  # else peft remarks that the base lies elsewhere here
        with _quiet(), torch.random.fork_rng(devices=[]):
            model = peft.get_peft_model(loaded.model, settings, autocast_adapter_dtype=False)
        weights = load_file(folder / WEIGHTS)
        expected = {
            name: part.shape
            for name, part in peft.get_peft_model_state_dict(model, save_embedding_layers=False).items()
        }
        if {name: part.shape for name, part in weights.items()} != expected:
            raise ValueError("other shapes")
        peft.set_peft_model_state_dict(model, weights)
    except (ValueError, KeyError, TypeError, SafetensorError):
        raise Refused(
            f"the adapter in {folder} does not fit {found}: other projections or another size"
        ) from None
    model.eval()
    return replace(loaded, name=f"{loaded.name} with adapter {files.sha256(folder / WEIGHTS)[:12]}"), model


def _weights(model: Any) -> dict[str, Tensor]:
    """The matrices of the adapter alone; to look for new words in the embeddings, peft would ask the hub."""
    weights: dict[str, Tensor] = _peft().get_peft_model_state_dict(model, save_embedding_layers=False)
    return weights


def _short(names: list[str], model: Any) -> list[str]:
    """The last parts of the names where these mean the same modules, so that adapter_config.json stays readable."""
    last = sorted({name.rpartition(".")[2] for name in names})
    meant = [name for name, _ in model.named_modules() if name.rpartition(".")[2] in last]
    return last if sorted(meant) == sorted(names) else names


def _peft() -> Any:
    try:
        import peft
    except ImportError:
        raise MissingExtra("peft", "train", "an adapter on a language model") from None
    return peft


@contextmanager
def _quiet() -> Iterator[None]:
    """Without peft's remarks on names that transformers will give up one day."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield

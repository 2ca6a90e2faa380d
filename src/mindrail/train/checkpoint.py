"""Saving and resuming a training run at any step, bit for bit.

Weights, optimiser and algorithm memory are flattened to named arrays in one safetensors file; step and
hashes go into JSON beside it. The newest checkpoint that is whole wins; at least two are kept.
"""

import dataclasses
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from mindrail import files
from mindrail.errors import BadConfig, DataError

KEEP = 2

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """Everything a run needs to go on after `step` steps."""

    step: int
    arrays: Mapping[str, Tensor]
    history: tuple[Mapping[str, float], ...]


def flatten(prefix: str, value: Any) -> dict[str, Tensor]:
    """Named arrays out of nested dictionaries, tuples and dataclasses of tensors and numbers."""
    if value is None:
        return {}
    if isinstance(value, Tensor):
        return {prefix: value.detach().clone().contiguous()}
    if isinstance(value, bool | int | float):
        return {prefix: torch.tensor(value, dtype=torch.float64)}
    if dataclasses.is_dataclass(value):
        value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    items = value.items() if isinstance(value, Mapping) else enumerate(value)
    flat: dict[str, Tensor] = {}
    for key, part in items:
        flat |= flatten(f"{prefix}/{key}", part)
    return flat


def unflatten(prefix: str, like: Any, arrays: Mapping[str, Tensor]) -> Any:
    """The reverse of `flatten`, with `like` as the pattern."""
    if like is None:
        return None
    if isinstance(like, Tensor):
        return arrays[prefix].to(like)
    if isinstance(like, bool | int | float):
        return type(like)(arrays[prefix].item())
    if dataclasses.is_dataclass(like) and not isinstance(like, type):
        parts = {
            f.name: unflatten(f"{prefix}/{f.name}", getattr(like, f.name), arrays)
            for f in dataclasses.fields(like)
        }
        return dataclasses.replace(like, **parts)
    if isinstance(like, Mapping):
        return {key: unflatten(f"{prefix}/{key}", part, arrays) for key, part in like.items()}
    return type(like)(unflatten(f"{prefix}/{i}", part, arrays) for i, part in enumerate(like))


def save(folder: Path, checkpoint: Checkpoint, *, identity: str) -> None:
    """Write a checkpoint atomically and drop all but the newest two. `identity` hashes data and settings."""
    place = folder / f"step-{checkpoint.step:08d}"
    with files.new_folder(place) as new:
        save_file(dict(checkpoint.arrays), new / "state.safetensors")
        about = {
            "step": checkpoint.step,
            "identity": identity,
            "history": list(checkpoint.history),
            "sha256": files.sha256(new / "state.safetensors"),
        }
        files.write_json(new / "checkpoint.json", about)
    unfinished = folder.glob(".step-*")  # a run was killed as it wrote them
    for old in [*_places(folder)[KEEP:], *unfinished]:
        shutil.rmtree(old)


def latest(folder: Path, *, identity: str) -> Checkpoint | None:
    """The newest whole checkpoint, or None. A damaged one is passed over, and the log says so.

    Raises BadConfig when the checkpoint belongs to other data or settings.
    """
    for place in _places(folder):
        try:
            about = files.read_json(place / "checkpoint.json")
            whole = files.sha256(place / "state.safetensors") == about["sha256"]
            arrays = load_file(place / "state.safetensors") if whole else {}
        except (DataError, OSError, KeyError, SafetensorError):
            whole = False
        if not whole:
            log.warning("checkpoint %s is damaged; going back to the one before", place.name)
            continue
        if about["identity"] != identity:
            raise BadConfig(
                f"the checkpoint in {folder} was made from other data or settings. "
                "Do: choose another run folder, or delete this one"
            )
        return Checkpoint(about["step"], arrays, tuple(about["history"]))
    return None


def _places(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*"), reverse=True) if folder.is_dir() else []

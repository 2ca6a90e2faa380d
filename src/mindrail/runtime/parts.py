"""Guard files as values. Everything here works on bytes that were checked before, never on paths."""

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy as np

from mindrail import config
from mindrail.arrays import ndarray
from mindrail.errors import BadConfig, BrokenGuard
from mindrail.taxonomy import Axis, tree
from mindrail.taxonomy.tree import Ordered

if TYPE_CHECKING:
    from tokenizers import Tokenizer

#: file names and their content
Files = Mapping[str, bytes]
Settings = TypeVar("Settings")


def need(files: Files, name: str) -> bytes:
    """The content of a file. Raises BrokenGuard where it is missing."""
    if name not in files:
        raise BrokenGuard("a file that this kind of guard needs is missing", file=name)
    return files[name]


def json_of(files: Files, name: str) -> Any:
    """A JSON value. Raises BrokenGuard for anything else, for a key given twice, NaN and infinity."""
    try:
        text = need(files, name).decode()
        return json.loads(text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise BrokenGuard(f"not strict JSON: {reason}", file=name) from None


def settings_of(kind: type[Settings], value: Any, name: str) -> Settings:
    """A frozen dataclass from plain values. Raises BrokenGuard for unknown keys and wrong types."""
    if not isinstance(value, Mapping):
        raise BrokenGuard(f"found {type(value).__name__}, expected an object", file=name)
    try:
        return config.build(kind, value, where=name)
    except (BadConfig, ValueError) as error:
        raise BrokenGuard(f"{error}"[:300], file=name) from None


def arrays_of(files: Files, name: str) -> dict[str, ndarray]:
    """Named arrays of a safetensors file. Raises BrokenGuard for another format, NaN and infinity."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays: dict[str, ndarray] = load(need(files, name))
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise BrokenGuard("not a safetensors file of plain numbers", file=name) from None
    for array in arrays.values():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise BrokenGuard("an array holds NaN or infinity", file=name)
    return arrays


def array(arrays: Mapping[str, ndarray], key: str, shape: tuple[int, ...], name: str) -> ndarray:
    """One array of exactly that shape. Raises BrokenGuard where there is none."""
    if key not in arrays:
        raise BrokenGuard(f"the array '{key}' is missing", file=name)
    if arrays[key].shape != shape:
        raise BrokenGuard(f"'{key}' has shape {arrays[key].shape}, expected {shape}", file=name)
    return arrays[key]


def head_rows(axis: Axis, ordered: Ordered, name: str) -> int:
    """How many rows a linear head has. Raises BrokenGuard for nodes where labels have no order of trial."""
    try:
        return tree.columns(axis, ordered)
    except BadConfig as error:
        raise BrokenGuard(str(error), file=name) from None


def tokenizer_of(files: Files, name: str = "tokenizer.json") -> "Tokenizer":
    """A fast tokenizer. Raises BrokenGuard for anything else."""
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_buffer(need(files, name))
    except ValueError:
        raise BrokenGuard("not a tokenizer", file=name) from None


def _no_constant(_: str) -> NoReturn:
    raise ValueError


def _finite(text: str) -> float:
    """A number; `1e999` is infinity in disguise."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError
    return value

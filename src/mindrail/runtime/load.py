"""From checked bytes to a scorer. Imports only the file of the kind that is asked for."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Literal

from mindrail.runtime.local import LocalScorer
from mindrail.runtime.parts import Files
from mindrail.taxonomy import Axis

Kind = Literal["onnx", "linear", "static", "majority", "cascade"]

#: the model files of each kind; a cascade has those of its stages besides
NEEDED: Mapping[str, tuple[str, ...]] = {
    "onnx": ("model.onnx", "tokenizer.json", "reach.json"),
    "linear": ("linear.json", "vocabulary.json", "linear.safetensors"),
    "static": ("static.json", "tokenizer.json", "static.safetensors"),
    "majority": ("majority.json",),
    "cascade": ("cascade.json",),
}


def scorer(kind: Kind, files: Files, axis: Axis, threads: int = 1) -> LocalScorer:
    """The scorer of that kind. Raises BrokenGuard where the files do not make one for this axis."""
    made: LocalScorer = import_module(f"mindrail.runtime.{kind}").load(files, axis, threads)
    return made


def from_folder(kind: Kind, folder: Path, axis: Axis, threads: int = 1) -> LocalScorer:
    """The same from a folder that we have just written ourselves, so nothing is verified."""
    return scorer(kind, {name: (folder / name).read_bytes() for name in NEEDED[kind]}, axis, threads)

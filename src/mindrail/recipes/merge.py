"""`merge`: the adapter of a run and its base model to one folder for other tools."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mindrail.causal import Number
from mindrail.errors import BadConfig
from mindrail.recipes.run import Run
from mindrail.train import environment

Form = Literal["hf", "gguf", "onnx"]


@dataclass(frozen=True)
class Merge:
    """What is written. float32 says what base and adapter say; two bytes per number round it."""

    form: Form = "hf"
    numbers: Number = "float32"


def merge(run: Run, settings: Merge, place: Path) -> str:
    """Write the folder `place`; the merged model's name. Raises BadConfig for a run without an adapter."""
    family = run.about["settings"]["family"]
    if family != "causal-lora":
        raise BadConfig(f"the run in {run.folder} is of family '{family}', expected 'causal-lora'")
    environment.prepare()
    environment.settle()
    from mindrail.causal import gguf, merge, onnx  # loads torch

    writer = {"hf": merge, "gguf": gguf, "onnx": onnx}[settings.form]
    loaded = merge.merged(run.folder / "model")
    writer.save(loaded, place, settings.numbers)
    return loaded.name

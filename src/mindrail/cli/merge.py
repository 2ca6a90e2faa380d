"""`mindrail merge`: the adapter that a run learned, multiplied into its language model, for other tools."""

import argparse
from pathlib import Path
from typing import get_args

from mindrail.causal import Number
from mindrail.cli import _options
from mindrail.cli._command import Command, Result
from mindrail.recipes.merge import Form, Merge, merge
from mindrail.recipes.run import Run


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", type=Path, required=True, help="folder made by train, family causal-lora")
    parser.add_argument("--out", type=Path, required=True, help="folder of the merged model")
    parser.add_argument(
        "--form",
        choices=get_args(Form),
        help="hf (default): for transformers, vLLM; gguf: for llama.cpp, smollm2 only; onnx: the next token",
    )
    parser.add_argument("--numbers", choices=get_args(Number), help="default: float32")
    _options.add_settings(parser, "the same as --form and --numbers")


def _run(options: argparse.Namespace) -> Result:
    settings = _options.settings(Merge, options, form=options.form, numbers=options.numbers)
    name = merge(Run.load(options.run), settings, options.out)
    megabytes = sum(path.stat().st_size for path in options.out.iterdir()) / 1e6
    data = {"folder": str(options.out), "merged": name, "form": settings.form, "megabytes": megabytes}
    return Result(data, f"merged {name}\n{settings.form} folder {options.out} ({megabytes:.0f} MB)")


COMMAND = Command(
    "a language model with its adapter to one folder for other tools (hf, gguf, onnx)", _configure, _run
)

"""Answering needs no training library, in a process that has loaded nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.guards import KINDS, tiny_guard

HEAVY = {"torch", "sklearn", "transformers", "pandas", "scipy", "onnx", "model2vec", "datasets", "matplotlib"}
#: only loaded by guards that need them
PARTS = {
    "onnx": {"onnxruntime", "tokenizers"},
    "static": {"tokenizers", "safetensors"},
    "linear": {"safetensors"},
    "cascade": {"onnxruntime", "tokenizers", "safetensors"},
}


def loaded(code: str, *arguments: Path) -> set[str]:
    """The top-level modules that a fresh process has loaded after running `code`."""
    end = "; import json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", code + end, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_loads_no_training_library(kind: str, tmp_path: Path) -> None:
    code = "import sys, mindrail; print(mindrail.Guard.load(sys.argv[1])('the soup').decision)"
    found = loaded(code, tiny_guard(tmp_path / "guard", kind))
    assert not found & HEAVY
    assert found & {"onnxruntime", "tokenizers", "safetensors"} == PARTS.get(kind, set())
    assert not found & {"yaml", "jaxtyping", "asyncio"}, "not needed for an answer, and slow to load"


def test_the_check_can_fail(tmp_path: Path) -> None:
    code = "import sys, mindrail, scipy; mindrail.Guard.load(sys.argv[1])('the soup')"
    assert "scipy" in loaded(code, tiny_guard(tmp_path / "guard", "majority"))


def test_importing_mindrail_loads_nothing(tmp_path: Path) -> None:
    assert not loaded("import mindrail") & (HEAVY | {"numpy", "yaml", "onnxruntime", "tokenizers"})


@pytest.mark.parametrize("module", ["check", "doctor"])
def test_the_help_of_a_command_loads_no_arrays(module: str) -> None:
    assert not loaded(f"import mindrail.cli.{module}") & (HEAVY | {"numpy", "onnxruntime"})


def test_every_public_name_is_there() -> None:
    import mindrail

    for name in mindrail.__all__:
        assert getattr(mindrail, name) is not None
    assert set(mindrail.__all__) <= set(dir(mindrail))
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        _ = mindrail.nothing_of_ours

"""The validator: its logic always, in Guardrails AI itself where `make examples` has installed it."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mindrail import Guard

CALM, STORM = "the soup is ready", "a storm and thunder"
CANARY = "kestrel7harbour lantern"
_INSIDE = Path(__file__).parent / "inside"


@dataclass
class Result:
    """What the stand-in's results hold."""

    error_message: str = ""
    fix_value: str | None = None


class Passed(Result):
    pass


class Failed(Result):
    pass


class Validator:
    def __init__(self, on_fail: Any = None, **kwargs: Any) -> None:
        self.on_fail, self.kwargs = on_fail, kwargs


@dataclass
class StandIn:
    """For a guard of replies."""

    asked: Callable[[Any], Any]
    side: str = "assistant"

    def __call__(self, said: Any) -> Any:
        return self.asked(said)


@pytest.fixture
def module(example: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example over a stand-in that has the names which it takes from the library, and nothing else."""
    names: dict[str, Any] = {"Validator": Validator, "PassResult": Passed, "FailResult": Failed}
    names |= {"ValidationResult": Result, "register_validator": lambda name, data_type: lambda kind: kind}
    base = ModuleType("guardrails.validator_base")
    vars(base).update(names)
    monkeypatch.setitem(sys.modules, "guardrails", ModuleType("guardrails"))
    monkeypatch.setitem(sys.modules, "guardrails.validator_base", base)
    return example("guardrails_ai/validator.py")


@pytest.fixture
def validator(module: ModuleType, guards: tuple[Path, Path]) -> Any:
    return module.MindrailGuard(str(guards[1]))


def test_calm_passes_and_a_storm_fails(validator: Any, module: ModuleType) -> None:
    assert isinstance(validator._validate(CALM, {}), Passed)
    failed = validator._validate(STORM, {})
    assert failed == Failed("harmful, block", module.KIND) and validator.on_fail == "exception"


def test_it_is_judged_in_its_conversation(validator: Any, guards: tuple[Path, Path]) -> None:
    before = [{"role": "user", "content": "please come"}]
    asked: list[Any] = []
    validator._guard = StandIn(lambda said: asked.append(said) or Guard.load(guards[1])(said))
    validator._validate(CALM, {"messages": before})
    assert asked == [[*before, {"role": "assistant", "content": CALM}]]


@pytest.mark.parametrize("value", [None, 3, ["a"], {"text": CALM}])
def test_what_is_no_text_fails(value: Any, validator: Any) -> None:
    assert isinstance(validator._validate(value, {}), Failed)


def test_a_guard_that_fails_lets_nothing_through(validator: Any, module: ModuleType, caplog: Any) -> None:
    def fails(said: Any) -> None:
        raise ValueError(CANARY)

    validator._guard = StandIn(fails)
    with caplog.at_level(logging.WARNING):
        assert validator._validate(CALM, {}) == Failed("the guard failed", module.KIND)
    assert "ValueError" in caplog.text and CANARY not in caplog.text


@pytest.mark.slow
def test_in_guardrails_ai_itself(environment: Callable[[str], Path], guards: Any, tmp_path: Path) -> None:
    python = environment("guardrails_ai") / "python"
    (tmp_path / ".guardrailsrc").write_text("enable_metrics=false\n")  # as the example says
    folder = _INSIDE.parents[2] / "examples" / "guardrails_ai"
    done = subprocess.run(
        [python, _INSIDE / "validating.py", folder, guards[1]],
        env=os.environ | {"HOME": str(tmp_path), "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["calm"] == found["conversation"] == [True, CALM]
    assert found["storm"] == ["ValidationError", False] == found["nonsense before"]
    assert found["fixed"] == [True, found["kind"]]
    first, *others = found["stream"]
    assert first.startswith("the soup") and found["kind"] in "".join(others)
    assert "storm" not in "".join(found["stream"]).replace(found["kind"], "")
    assert "storm" not in done.stderr and found["reached"] == []

"""Two tiny guards, for what people say and for replies, in process and served; examples as their readers run them."""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from helpers.axes import TWO
from helpers.guards import calibration, model_files, taxonomy
from helpers.served import KEY, Server, serving
from helpers.server import Heard, Said
from helpers.server import serving as answering
from mindrail.calibrate import Threshold
from mindrail.guard.writer import write_guard

EXAMPLES = Path(__file__).parents[2] / "examples"
#: environments with the packages that are too heavy for everybody's: `make examples`
ENVIRONMENTS = Path(sys.prefix) / "examples"


@pytest.fixture(scope="session")
def guards(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folders: one judges messages, one replies. Both find storms dangerous, and nothing else near it."""
    home = tmp_path_factory.mktemp("guards")
    tiny = taxonomy(TWO)
    for name, question in (("messages", tiny), ("replies", replace(tiny, judges="response"))):
        write_guard(
            home / name,
            kind="onnx",
            taxonomy=question,
            axis=TWO,
            calibration=replace(calibration(TWO), thresholds=(Threshold("harmful", 0.6, 0.8),)),
            runtime_files=model_files("onnx", TWO, home / "parts"),
            card="# A guard for tests\n",
        )
    return home / "messages", home / "replies"


@pytest.fixture
def serve(guards: tuple[Path, Path], tmp_path: Path) -> Callable[[], Any]:
    """Starts a server of both, for the length of a `with`."""
    return lambda: _serving(guards, tmp_path / "home")


@pytest.fixture(scope="session")
def served(guards: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that leave it running."""
    with _serving(guards, tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture
def open_to_all(guards: tuple[Path, Path], tmp_path: Path) -> Iterator[Server]:
    """One that asks nobody for a key."""
    with _serving(guards, tmp_path / "home", keys="") as server:
        yield server


def _serving(guards: tuple[Path, Path], home: Path, **more: Any) -> Any:
    messages, replies = guards
    return serving(f"messages={messages}", home, "--guard", f"replies={replies}", **more)


@pytest.fixture
def reached(served: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The same, and examples find it by their own means: the environment."""
    monkeypatch.setenv("MINDRAIL_URL", f"{served.url}/v1")
    monkeypatch.setenv("MINDRAIL_KEY", KEY)
    return served


@pytest.fixture(scope="session")
def example() -> Callable[[str], ModuleType]:
    """An example as a module, by its path under `examples/`."""

    def load(path: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(Path(path).stem, EXAMPLES / path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # where pydantic and dataclasses look for names
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def environment() -> Callable[[str], Path]:
    """The folder with the programs of an example's own environment; skips where nobody has built it."""

    def find(name: str) -> Path:
        if not (ENVIRONMENTS / name / ".ready").exists():
            pytest.skip(f"{name} has no environment here. Do: make examples")
        return ENVIRONMENTS / name / "bin"

    return find


@contextmanager
def talking(*pieces: str) -> Iterator[Heard]:
    """A language model that always says the same, in these pieces when it is asked to stream."""

    def answer(body: dict[str, Any]) -> Said:
        if not body.get("stream"):
            message = {"role": "assistant", "content": "".join(pieces)}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
            return Said(
                {"id": "c", "object": "chat.completion", "model": "m", "created": 1}
                | {"choices": choices, "usage": usage}
            )
        deltas = [{"content": piece} for piece in pieces]
        ends = [None] * len(pieces) + ["stop"]
        chunks = [
            {"id": "c", "object": "chat.completion.chunk", "model": "m", "created": 1}
            | {"choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
            for delta, end in zip([*deltas, {}], ends, strict=True)
        ]
        lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
        events = "".join([*lines, "data: [DONE]\n\n"]).encode()
        return Said(events, headers={"Content-Type": "text/event-stream"})

    with answering(answer) as heard:
        yield heard


@pytest.fixture
def model() -> Any:
    """`with model("piece", "piece") as heard`: a fake language model."""
    return talking

"""The configuration of NeMo Guardrails: its rule always, in NeMo itself where `make examples` has installed it."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.served import Server

CALM, STORM = "the soup is ready", "a storm and thunder"
_INSIDE = Path(__file__).parent / "inside"
_FOLDER = Path(__file__).parents[2] / "examples" / "nemo_guardrails"
_REFUSED = "I'm sorry, I can't respond to that."
_FAILED = "I'm sorry, an internal error has occurred."


@pytest.fixture(scope="module")
def config() -> Any:
    return yaml.safe_load((_FOLDER / "config.yml").read_text())


@pytest.mark.parametrize("side", ["messages", "replies"])
@pytest.mark.parametrize(("text", "blocked"), [(CALM, False), (STORM, True)])
def test_its_rule_decides_as_the_guard_does(
    side: str, text: str, blocked: bool, config: Any, served: Server
) -> None:
    """The rule: any label that is listed, with a score from `threshold` on (hf_classifier/actions.py of 0.24.1)."""
    classifier = config["rails"]["config"]["hf_classifier"][side]
    assert classifier["engine"] == "kserve"
    status, said = served.ask(f"/v1/models/{classifier['model']}:predict", {"instances": [text]})
    scores = json.loads(said)["predictions"][0]
    stops = [scores[label] >= classifier["threshold"] for label in classifier["blocked_labels"]]
    assert status == 200 and any(stops) is blocked


def test_both_sides_are_checked_before_they_are_shown(config: Any) -> None:
    rails = config["rails"]
    assert rails["input"]["flows"] == ['hf classifier check input $classifier="messages"']
    assert rails["output"]["flows"] == ['hf classifier check output $classifier="replies"']
    assert rails["output"]["streaming"]["stream_first"] is False


@pytest.mark.slow
def test_in_nemo_itself(
    environment: Callable[[str], Path], open_to_all: Server, model: Any, tmp_path: Path
) -> None:
    python = environment("nemo_guardrails") / "python"
    settings = os.environ | {"OPENAI_API_KEY": "none", "NEMO_GUARDRAILS_NO_USAGE_STATS": "1"}
    settings = {name: value for name, value in settings.items() if name != "PYTEST_CURRENT_TEST"}

    def rails(chat: str, guard: str, *texts: str) -> tuple[Any, str]:
        done = subprocess.run(
            [python, _INSIDE / "railed.py", _FOLDER, chat, guard, *texts],
            env=settings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        found = json.loads(done.stdout.splitlines()[-1])
        assert found["reached"] == []
        return found["said"], done.stderr

    with model("please ", "come") as heard:
        calm, storm = rails(heard.url, open_to_all.url, CALM, STORM)[0]
        assert calm == ["please come"] * 2
        assert storm[0] == _REFUSED and "please" not in storm[1]
        asked = [body["messages"][-1]["content"] for body in heard.bodies]
        assert len(asked) == 2 and all(CALM in one and STORM not in one for one in asked)
    with model("the park ", STORM) as heard:
        (replied,), _ = rails(heard.url, open_to_all.url, CALM)
        assert len(heard.bodies) == 2 and not [one for one in replied if "park" in one or STORM in one]
    with model("please come") as heard:
        (down,), told = rails(heard.url, "http://127.0.0.1:9", f"{CALM} kestrel")
        assert down[0] == _FAILED and "please" not in down[1] and heard.bodies == []
        assert "kestrel" not in told

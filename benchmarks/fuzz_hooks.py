"""Hooks for schemathesis, loaded by `fuzz.py`: a word is planted in every text that is sent, and searched for.

Writes one line per answer to the file named in FUZZ_ANSWERS: `[method and route, status, whether it came back]`.
Lives in schemathesis' own process, so it imports nothing of mindrail.
"""

import json
import os
from pathlib import Path
from typing import Any

import requests
import schemathesis

CANARY = os.environ["FUZZ_CANARY"]
ANSWERS = Path(os.environ["FUZZ_ANSWERS"])
#: words of the formats themselves, which would be wrong with more in them
_OWN = frozenset({"user", "assistant", "system", "developer", "tool", "text", "request", "response", "tiny"})
_KEYS = frozenset({"role", "type", "model"})


def planted(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: planted(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [planted(part, key) for part in value]
    if isinstance(value, str) and key not in _KEYS and value not in _OWN:
        return f"{value} {CANARY}"
    return value


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    return planted(body)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    case.headers = {**(case.headers or {}), "user-agent": CANARY, "x-note": CANARY}
    given = case.path_parameters
    if isinstance(given, dict) and given.get("name"):
        given["name"] = "tiny"  # else hardly any request would reach a guard
    if isinstance(given, dict) and given.get("stream"):
        keyed = {"x-api-key": os.environ["FUZZ_KEY"]}
        opened = requests.post(f"{os.environ['FUZZ_URL']}/v1/streams", json={}, headers=keyed, timeout=10)
        given["stream"] = opened.json().get("stream", "none")


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    came_back = CANARY.encode() in response.content
    line = [f"{case.operation.method.upper()} {case.operation.path}", response.status_code, came_back]
    with ANSWERS.open("a") as out:
        out.write(json.dumps(line) + "\n")

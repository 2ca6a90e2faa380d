"""The configuration: what LiteLLM sends always, its proxy itself where `make examples` has installed it."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import yaml

from helpers.served import KEY, Server

CALM, STORM = "the soup is ready", "a storm and thunder"
_CONFIG = Path(__file__).parents[2] / "examples" / "litellm_proxy" / "config.yaml"
#: two bodies as LiteLLM 1.106.2 has sent them under this very configuration
_RECORDED = json.loads((Path(__file__).parent / "recorded" / "litellm-1.106.2.json").read_text())
_ROUTE = "/beta/litellm_basic_guardrail_api"
_MASTER = "sk-kestrel-harbour-lantern-0123456789abcdef"


def test_every_guardrail_is_always_on_and_fails_closed() -> None:
    config = yaml.safe_load(_CONFIG.read_text())
    chosen = [one["litellm_params"] for one in config["guardrails"]]
    assert [one["mode"] for one in chosen] == ["pre_call", "post_call"]
    for one in chosen:
        assert (one["guardrail"], one["default_on"]) == ("generic_guardrail_api", True)
        assert (one["unreachable_fallback"], one["fail_on_error"]) == ("fail_closed", True)
    assert config["litellm_settings"]["turn_off_message_logging"] is True


def test_what_its_proxy_sends_is_understood(served: Server) -> None:
    request, response = _RECORDED
    assert served.ask(_ROUTE, request) == (200, b'{"action":"NONE"}')
    for body in (request | {"texts": [STORM]}, response):
        status, said = served.ask(_ROUTE, body)
        guard = body["additional_provider_specific_params"]["model"]
        assert status == 200
        assert json.loads(said) == {"action": "BLOCKED", "blocked_reason": f"{guard}: harmful, block"}


@contextmanager
def proxy(programs: Path, home: Path, chat: str, guard: str) -> Iterator[tuple[openai.OpenAI, Path]]:
    """LiteLLM's proxy under the example's configuration: (a client of it, its log)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"CHAT_URL": chat, "CHAT_KEY": "none", "MINDRAIL_URL": guard, "MINDRAIL_KEY": KEY}
    settings |= {"LITELLM_MASTER_KEY": _MASTER, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "HOME": str(home)}
    command = [programs / "litellm", "--config", _CONFIG, "--host", "127.0.0.1", "--port", str(port)]
    log = home / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=os.environ | settings, cwd=home, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        url, until = f"http://127.0.0.1:{port}", time.monotonic() + 200
        while not _answers(f"{url}/health/liveliness"):
            assert process.poll() is None and time.monotonic() < until, log.read_text()[-2000:]
            time.sleep(0.2)
        yield openai.OpenAI(base_url=f"{url}/v1", api_key=_MASTER, max_retries=0), log
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def ask(client: openai.OpenAI, text: str, **more: Any) -> str:
    """What is shown of the reply; errors are one word."""
    shown = ""
    try:
        asked: Any = [{"role": "user", "content": text}]
        reply = client.chat.completions.create(model="chat", messages=asked, **more)
        if not more.get("stream"):
            return str(reply.choices[0].message.content)
        for chunk in reply:
            shown += chunk.choices[0].delta.content or ""
    except openai.APIError as error:
        return f"{shown}[{getattr(error, 'status_code', 'error')}]"
    return shown


@pytest.mark.slow
def test_in_the_proxy_itself(
    environment: Callable[[str], Path], serve: Any, model: Any, tmp_path: Path
) -> None:
    programs = environment("litellm_proxy")
    pieces = [*["the calm park "] * 23, STORM, *[" and soup"] * 20]
    storms: list[dict[str, Any]] = [
        {},
        {"extra_body": {"guardrails": []}},
        {"extra_body": {"disable_global_guardrails": True}},
        {"extra_body": {"guardrails": [{"mindrail-messages": {"extra_body": {"model": "replies"}}}]}},
    ]
    with (
        serve() as server,
        model("please ", "come") as calm,
        proxy(programs, tmp_path, calm.url, server.url) as (client, log),
    ):
        assert ask(client, CALM) == ask(client, CALM, stream=True) == "please come"
        asked = len(calm.bodies)
        assert [ask(client, f"{STORM} kestrel", **more) for more in storms] == ["[400]"] * len(storms)
        server.process.kill()
        server.process.wait()
        assert ask(client, f"{CALM} kestrel") == "[500]" and len(calm.bodies) == asked
        assert "kestrel" not in log.read_text().replace(_MASTER, "")
    with (
        serve() as server,
        model(*pieces) as stormy,
        proxy(programs, tmp_path, stormy.url, server.url) as (client, log),
    ):
        assert ask(client, CALM) == "[400]"
        shown = ask(client, CALM, stream=True)
        assert shown.endswith("[error]") and "storm" not in shown and shown.startswith("the calm park")
        assert "storm" not in log.read_text() and len(stormy.bodies) == 2

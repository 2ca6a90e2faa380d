"""Errors that end a run, for what would happen to every other request too."""

from mindrail.errors import BadConfig, MindrailError, Unreachable
from mindrail.llm.providers._wire import Rejected


def stop(answer: Rejected, server: str, model: str, key: str) -> MindrailError:
    """The error for a rejection. `key` is the name of the variable that holds the key, or empty."""
    found = f"the server at {server} answered {answer.detail}"
    if answer.code == "insufficient_quota" or answer.status == 402:
        return Unreachable(
            f"{found}: the account is empty. Do: fill it, then start again; what is cached stays"
        )
    if answer.status in (401, 403) or answer.code == "invalid_api_key":
        where = f"the key in {key}" if key else "api_key_env, which names no key yet"
        return BadConfig(f"{found}: it wants another key. Do: check {where}")
    if answer.status == 404 or answer.code == "model_not_found":
        return BadConfig(
            f"{found}: there is no model '{model}', or nothing at this address. Do: check model, and that base_url "
            "ends where /chat/completions begins, mostly with /v1"
        )
    if answer.status < 400:
        return BadConfig(f"{found}, a redirect. Do: give the address it leads to as base_url")
    return BadConfig(
        f"{found}, and nothing else. Do: compare the settings and extra_body with what the server takes"
    )

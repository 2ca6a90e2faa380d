"""A user's own language models beside those of a plan: on this machine, or behind a server."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mindrail.errors import BadConfig
from mindrail.study.plan import Block, Model, Plan


def beside(plan: Plan, models: Sequence[str], *, four_bit: bool = False) -> Plan:
    """The plan with each of these models wherever it has one that a user may exchange, gains included.

    A model is a folder's path or a Hugging Face id, and called by its last part; or NAME@URL, behind an
    OpenAI-compatible server, which is asked and never trained. `four_bit` reads those of this machine in four bits.
    Raises BadConfig where two would go by the same name.
    """
    exchanged = {name: about for name, about in plan.models.items() if about.stands_for is not None}
    for model in models:
        called = Path(model.partition("@http")[0]).name
        fits = {
            name: about
            for name, about in exchanged.items()
            if about.family == "prompted" or not _remote(model)
        }
        named = {name: name.replace(str(about.stands_for), called) for name, about in fits.items()}
        if {*named.values()} & {*plan.models}:
            raise BadConfig(f"two models go by the name '{called}'. Do: rename the folder of one")
        new = {named[name]: _own(about, model, four_bit=four_bit) for name, about in fits.items()}
        plan = replace(
            plan,
            models={**plan.models, **new},
            blocks=tuple(_with(block, named) for block in plan.blocks),
            small=tuple(_with(block, named) for block in plan.small),
            gains={**plan.gains, **_gains(plan, named, called)},
        )
    return plan


def _remote(model: str) -> bool:
    return "@http" in model


def _own(about: Model, model: str, *, four_bit: bool) -> Model:
    """The same family and settings with another model, named as each family names it."""
    settings: dict[str, Any] = {**about.settings, "model": model}
    if _remote(model):
        name, _, url = model.partition("@")
        settings["model"] = {"provider": "openai", "settings": {"model": name, "base_url": url}}
    elif four_bit and about.family == "prompted":
        settings["model"] = {"provider": "local", "settings": {"model": model, "quantize": "4bit"}}
    elif four_bit:
        settings["quantize"] = "4bit"
    return replace(about, settings=settings, stands_for=None)


def _with(block: Block, named: Mapping[str, str]) -> Block:
    return replace(block, model=(*block.model, *(named[name] for name in block.model if name in named)))


def _gains(plan: Plan, named: Mapping[str, str], called: str) -> dict[str, tuple[str, ...]]:
    """The gains between groups of models that are all exchanged, or not exchangeable, said of the new one."""
    exchangeable = [name for name, about in plan.models.items() if about.stands_for is not None]
    found = {}
    for gain, groups in plan.gains.items():
        told = groups
        for old, new in named.items():
            told = tuple(group.replace(f": {old}", f": {new}") for group in told)
        if told != groups and not any(f": {name}" in group for name in exchangeable for group in told):
            found[f"{gain}, {called}"] = told
    return found

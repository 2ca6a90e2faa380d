"""A user's own language models beside those of a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mindrail.errors import BadConfig
from mindrail.study.plan import Block, Model, Plan


def beside(plan: Plan, ids: Sequence[str], settings: Mapping[str, Any]) -> Plan:
    """The plan with each of these models wherever it has one that a user may exchange, gains included.

    An id is a folder's path or a Hugging Face id. A model is called by its last part, and has `settings` on top of
    those of the one it stands beside. Raises BadConfig where two would go by the same name.
    """
    exchanged = {name: about for name, about in plan.models.items() if about.stands_for is not None}
    for model in ids:
        called = Path(model).name
        named = {name: name.replace(str(about.stands_for), called) for name, about in exchanged.items()}
        if {*named.values()} & {*plan.models}:
            raise BadConfig(f"two models go by the name '{called}'. Do: rename the folder of one")
        new = {named[name]: _own(about, model, settings) for name, about in exchanged.items()}
        plan = replace(
            plan,
            models={**plan.models, **new},
            blocks=tuple(_with(block, named) for block in plan.blocks),
            small=tuple(_with(block, named) for block in plan.small),
            gains={**plan.gains, **_gains(plan, named, called)},
        )
    return plan


def _own(about: Model, model: str, settings: Mapping[str, Any]) -> Model:
    return replace(about, settings={**about.settings, "model": model, **settings}, stands_for=None)


def _with(block: Block, named: Mapping[str, str]) -> Block:
    return replace(block, model=(*block.model, *(named[name] for name in block.model if name in named)))


def _gains(plan: Plan, named: Mapping[str, str], called: str) -> dict[str, tuple[str, ...]]:
    """The gains between groups of exchanged models, said of the new one."""
    found = {}
    for gain, groups in plan.gains.items():
        told = groups
        for old, new in named.items():
            told = tuple(group.replace(f": {old}", f": {new}") for group in told)
        if told != groups:
            found[f"{gain}, {called}"] = told
    return found

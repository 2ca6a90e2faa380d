"""From settings to a chat with cache and budget."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mindrail import config, plugins
from mindrail.errors import BadConfig
from mindrail.llm.budget import Budget, Budgeted
from mindrail.llm.cache import Cached
from mindrail.llm.chat import Chat

#: the provider that only the training side can open: a model on this machine
LOCAL = "local"


@dataclass(frozen=True)
class Allowance:
    """How much may be asked in one run; none is without limit."""

    requests: int | None = None
    tokens: int | None = None  # read and written


@dataclass(frozen=True)
class ModelSettings:
    """A language model as recipes name it. `settings` are the provider's own."""

    provider: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    budget: Allowance = Allowance()
    cache: bool = True


def bare(wanted: ModelSettings) -> Chat:
    """The provider of that name with its settings.

    Raises UnknownName, BadConfig for wrong settings, and BadConfig for `local`, which needs torch: there call
    `mindrail.causal.generate.open_chat(wanted.settings)` instead.
    """
    if wanted.provider == LOCAL:
        raise BadConfig(
            "the provider 'local' runs a model on this machine; only recipes that may use torch open it"
        )
    cls = plugins.get("provider", wanted.provider).PROVIDER
    chat: Chat = config.build(cls, wanted.settings, where=wanted.provider)
    return chat


def around(chat: Chat, wanted: ModelSettings) -> tuple[Chat, Budget]:
    """The chat with its budget, and the cache outside of it; the budget reports what was spent."""
    budget = Budget(wanted.budget.requests, wanted.budget.tokens)
    within: Chat = Budgeted(chat, budget)
    return (Cached(within) if wanted.cache else within), budget

"""Opening the language model that a method's settings name."""

from dataclasses import replace

from mindrail import plugins
from mindrail.errors import BadConfig
from mindrail.llm import open as opening
from mindrail.llm.budget import Budget
from mindrail.llm.chat import Chat
from mindrail.llm.open import ModelSettings


def open_chat(wanted: ModelSettings | None) -> tuple[Chat, Budget]:
    """The model with its allowance. Its replies are not kept beside the views made of them.

    Raises BadConfig where none is named or a setting is wrong, UnknownName, MissingExtra.
    """
    if wanted is None:
        known = ", ".join([opening.LOCAL, *plugins.names("provider")])
        raise BadConfig(
            f"this method asks a language model, and none is named. Do: --set settings.chat.provider=NAME ({known}), "
            "and what it needs under settings.chat.settings"
        )
    if wanted.provider == opening.LOCAL:
        from mindrail.causal import chats  # loads torch

        chat = chats.bare(wanted)
    else:
        chat = opening.bare(wanted)
    return opening.around(chat, replace(wanted, cache=False))

"""Opening the language model that settings name: behind a server, or on this machine."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mindrail.causal.generate import LocalChat, open_chat
from mindrail.errors import BadConfig
from mindrail.llm import open as opening
from mindrail.llm.chat import Chat, Message, Request
from mindrail.llm.open import ModelSettings

#: shorter values of a template's arguments are switches and names, not policies
_SENTENCE = 20


def bare(wanted: ModelSettings) -> Chat:
    """The model without allowance and cache. Raises UnknownName, BadConfig, MissingExtra."""
    return open_chat(wanted.settings) if wanted.provider == opening.LOCAL else opening.bare(wanted)


def refuse_deaf(chat: Chat, messages: Sequence[Message], template: Mapping[str, Any]) -> None:
    """Raise BadConfig where a local model's chat template drops the policy that it is given.

    What a server does with the arguments of a template cannot be seen from here.
    """
    if not isinstance(chat, LocalChat):
        return
    prompt = chat.rendered(Request(tuple(messages), template=template))
    dropped = [text for text in _sentences(template) if text not in prompt]
    if dropped:
        raise BadConfig(
            f"the chat template of '{chat.settings.model}' drops what it is given under {', '.join(template)}: "
            f"{len(dropped)} definitions do not reach the model. Do: check the format and its settings against the "
            "model's card"
        )


def _sentences(value: Any) -> Iterator[str]:
    """Every text among plain values that is long enough to be a policy."""
    if isinstance(value, str):
        if len(value) >= _SENTENCE:
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _sentences(inner)

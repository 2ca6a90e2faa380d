"""A guard on both sides of a LangChain agent, in its process.

    pip install mindrail langchain

    from langchain_middleware import GuardMiddleware
    guard = GuardMiddleware(Guard.load("guards/messages"), Guard.load("guards/replies"))
    agent = create_agent(model, tools, middleware=[guard])

What a person says is judged in its conversation before the model sees it; when stopped, the model never sees it, not
in later turns either. A reply, and what it hands to tools, is judged before it enters the agent's state. What fails
is stopped, since no answer is not a yes.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain.messages import AIMessage, AnyMessage, HumanMessage

from mindrail import Guard
from mindrail.guard.conversation import judge

KIND = (
    "I would rather not go on with this here. If you are in danger, call your local emergency number; "
    "if you want to talk to somebody: https://findahelpline.com"
)
STOPPED = "mindrail_stopped"  # where KIND notes whose turn it stands for: "user" or "assistant"

log = logging.getLogger(__name__)


class GuardMiddleware(AgentMiddleware):
    """Put it first in the list: the first one reads the reply that is handed on, whatever others made of it.

    Tokens are not streamed as they are written: `stream_mode="messages"` gives each reply whole, once it has passed.
    """

    def __init__(self, messages: Guard, replies: Guard) -> None:
        super().__init__()
        for guard, side in ((messages, "user"), (replies, "assistant")):
            if guard.side != side:
                raise ValueError(f"found a guard that judges the {guard.side}, expected the {side}")
        self.messages, self.replies = messages, replies

    def wrap_model_call(
        self, request: ModelRequest, handler: Callable[[ModelRequest], ModelResponse]
    ) -> ModelResponse | AIMessage:
        """Judge, call the model, judge."""
        if not _asked(self.messages, request.messages):
            return _kind("user")
        response = handler(_quiet(request))
        return response if _answered(self.replies, request.messages, response) else _kind("assistant")

    async def awrap_model_call(
        self, request: ModelRequest, handler: Callable[[ModelRequest], Awaitable[ModelResponse]]
    ) -> ModelResponse | AIMessage:
        """The same, on threads of their own, so that the event loop goes on."""
        if not await asyncio.to_thread(_asked, self.messages, request.messages):
            return _kind("user")
        response = await handler(_quiet(request))
        passes = await asyncio.to_thread(_answered, self.replies, request.messages, response)
        return response if passes else _kind("assistant")


def _asked(guard: Guard, messages: Sequence[AnyMessage]) -> bool:
    """Whether everything that the person has said since the last reply may pass; calls of tools are no reply."""
    replies = [
        place for place, one in enumerate(messages) if isinstance(one, AIMessage) and not one.tool_calls
    ]
    since = replies[-1] + 1 if replies else 0
    new = [place for place in range(since, len(messages)) if isinstance(messages[place], HumanMessage)]
    return bool(new) and all(_allowed(guard, messages, place) for place in new)


def _answered(guard: Guard, messages: Sequence[AnyMessage], response: ModelResponse) -> bool:
    """Whether a response may pass: its text, and what it hands to tools."""
    written = AIMessage("\n".join(map(_written, response.result)))
    return _allowed(guard, [*messages, written], len(messages))


def _allowed(guard: Guard, messages: Sequence[AnyMessage], place: int) -> bool:
    """Whether the guard's clear answer on one message, in its conversation, is "allow"."""
    try:
        return judge(guard, [_turn(message) for message in messages], place).decision == "allow"
    except Exception as error:
        log.error("the guard failed: %s", type(error).__name__)  # never the error's text
        return False


def _turn(message: AnyMessage) -> dict[str, Any]:
    """A message as guards read it. A person's images stay in it, and are refused: nobody has looked at them."""
    if isinstance(message, HumanMessage):
        return {"role": "user", "content": message.content}
    return {"role": "assistant" if isinstance(message, AIMessage) else "tool", "content": message.text}


def _written(message: Any) -> str:
    """Text, and arguments of tools."""
    calls = [json.dumps(call["args"], ensure_ascii=False) for call in getattr(message, "tool_calls", [])]
    return "\n".join([message.text, *calls])


def _quiet(request: ModelRequest) -> ModelRequest:
    """The request without turns that were stopped earlier, to a model that streams to nobody."""
    kept: list[AnyMessage] = []
    for message in request.messages:
        if message.additional_kwargs.get(STOPPED) != "user":
            kept.append(message)
            continue
        while kept and isinstance(kept[-1], HumanMessage):
            kept.pop()
    model = request.model.model_copy(update={"tags": [*(request.model.tags or []), "nostream"]})
    return request.override(messages=kept, model=model)


def _kind(side: str) -> AIMessage:
    return AIMessage(KIND, additional_kwargs={STOPPED: side})

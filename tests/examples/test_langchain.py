"""The LangChain middleware, in process, in agents of LangChain itself."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain.messages import AIMessage, HumanMessage
from langchain.tools import tool
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from mindrail import Guard

CALM, STORM = "the soup is ready", "a storm and thunder"
CANARY = "kestrel7harbour lantern"


class Model(BaseChatModel):
    """Says the next of its replies, and remembers what it was asked."""

    replies: list[AIMessage]
    asked: list[list[BaseMessage]]

    @property
    def _llm_type(self) -> str:
        return "test"

    def _generate(self, messages: list[BaseMessage], *given: Any, **more: Any) -> ChatResult:
        self.asked.append(messages)
        return ChatResult(generations=[ChatGeneration(message=self.replies.pop(0))])

    def _stream(self, messages: list[BaseMessage], *given: Any, **more: Any) -> Any:
        self.asked.append(messages)
        for word in self.replies.pop(0).text.split(" "):
            yield ChatGenerationChunk(message=AIMessageChunk(f"{word} "))

    def bind_tools(self, tools: Sequence[Any], **more: Any) -> Any:
        return self


@pytest.fixture(scope="module")
def module(example: Callable[[str], ModuleType]) -> ModuleType:
    return example("langchain_middleware.py")


@pytest.fixture(scope="module")
def opened(guards: tuple[Path, Path]) -> tuple[Guard, Guard]:
    return Guard.load(guards[0], threads=1), Guard.load(guards[1], threads=1)


def made(*replies: str | AIMessage) -> Model:
    return Model(replies=[AIMessage(one) if isinstance(one, str) else one for one in replies], asked=[])


@pytest.fixture(params=["at once", "in the event loop"])
def ask(request: pytest.FixtureRequest) -> Callable[..., list[Any]]:
    def asking(agent: Any, *messages: Any) -> list[Any]:
        given = {"messages": list(messages)}
        if request.param == "at once":
            return agent.invoke(given)["messages"]
        return asyncio.run(agent.ainvoke(given))["messages"]

    return asking


@pytest.fixture
def agent(module: ModuleType, opened: tuple[Guard, Guard]) -> Callable[..., Any]:
    return lambda model, *tools: create_agent(
        model, list(tools), middleware=[module.GuardMiddleware(*opened)]
    )


def test_a_calm_conversation_goes_on_as_without(agent: Any, ask: Any) -> None:
    model = made("please come", "the park")
    first = ask(agent(model), HumanMessage(CALM))
    second = ask(agent(model), *first, HumanMessage("a calm walk"))
    assert [one.text for one in second] == [CALM, "please come", "a calm walk", "the park"]
    assert [one.text for one in model.asked[1]] == [CALM, "please come", "a calm walk"]


def test_a_stopped_message_never_reaches_the_model(module: ModuleType, agent: Any, ask: Any) -> None:
    model = made("the soup", "the park")
    first = ask(agent(model), HumanMessage(CALM))
    stopped = ask(agent(model), *first, HumanMessage(STORM))
    assert stopped[-1].text == module.KIND and len(model.asked) == 1
    later = ask(agent(model), *stopped, HumanMessage("a calm walk"))
    assert later[-1].text == "the park"
    assert [one.text for one in model.asked[1]] == [CALM, "the soup", "a calm walk"]


def test_all_that_was_said_since_the_last_reply_is_judged(module: ModuleType, agent: Any, ask: Any) -> None:
    model = made("the soup")
    stopped = ask(agent(model), HumanMessage(STORM), HumanMessage(CALM))
    assert stopped[-1].text == module.KIND
    assert ask(agent(model), AIMessage("please come"))[-1].text == module.KIND  # nobody has asked
    assert not model.asked
    assert ask(agent(model), *stopped, HumanMessage("a calm walk"))[-1].text == "the soup"
    assert [one.text for one in model.asked[0]] == ["a calm walk"]


def test_a_stopped_reply_never_enters_the_state(module: ModuleType, agent: Any, ask: Any) -> None:
    model = made(STORM, "the park")
    stopped = ask(agent(model), HumanMessage(CALM))
    assert [one.text for one in stopped] == [CALM, module.KIND]
    ask(agent(model), *stopped, HumanMessage("a calm walk"))
    assert [one.text for one in model.asked[1]] == [CALM, module.KIND, "a calm walk"]


def test_what_a_reply_hands_to_tools_is_judged_before_they_run(
    module: ModuleType, agent: Any, ask: Any
) -> None:
    ran = []

    @tool
    def note(text: str) -> str:
        """Note something down."""
        ran.append(text)
        return "noted"

    def calling(text: str) -> AIMessage:
        return AIMessage("", tool_calls=[{"name": "note", "args": {"text": text}, "id": "1"}])

    long = (
        "the soup is ready, please come, " * 5
    )  # the tiny tokenizer knows no braces, so there should be few
    said = ask(agent(made(calling(long), "we go"), note), HumanMessage(CALM))
    assert said[-1].text == "we go" and ran == [long]
    said = ask(agent(made(calling(long + STORM), "we go"), note), HumanMessage(CALM))
    assert said[-1].text == module.KIND and ran == [long]


def test_images_that_nobody_looks_at_are_stopped(module: ModuleType, agent: Any, ask: Any) -> None:
    model = made("the soup")
    image = {"type": "image", "url": "https://example.org/x.png"}
    said = ask(agent(model), HumanMessage([{"type": "text", "text": CALM}, image]))
    assert said[-1].text == module.KIND and not model.asked


@pytest.mark.parametrize("broken", [0, 1])
def test_a_guard_that_fails_lets_nothing_through(
    broken: int, module: ModuleType, opened: tuple[Guard, Guard], ask: Any, monkeypatch: Any, caplog: Any
) -> None:
    def fails(guard: Guard, said: Any, place: int) -> Any:
        if guard is opened[broken]:
            raise ValueError(CANARY)
        return judge(guard, said, place)

    judge = module.judge
    monkeypatch.setattr(module, "judge", fails)
    model = made("the soup")
    with caplog.at_level(logging.WARNING):
        said = ask(create_agent(model, [], middleware=[module.GuardMiddleware(*opened)]), HumanMessage(CALM))
    assert said[-1].text == module.KIND and len(model.asked) == broken
    assert "the guard failed: ValueError" in caplog.text and CANARY not in caplog.text


def test_no_token_is_streamed_before_its_reply_has_passed(module: ModuleType, agent: Any) -> None:
    def streamed(reply: str, middleware: bool = True) -> list[str]:
        made_of = agent(made(reply)) if middleware else create_agent(made(reply), [])
        given = {"messages": [HumanMessage(CALM)]}
        return [chunk.text for chunk, _ in made_of.stream(given, stream_mode="messages")]

    assert len(streamed("the park and the soup", middleware=False)) > 3  # such a model does stream
    assert streamed(STORM) == [module.KIND]
    assert streamed("the park and the soup") == ["the park and the soup "]  # whole, as the model said it


def test_the_last_word_is_the_guards_own(module: ModuleType, opened: tuple[Guard, Guard], ask: Any) -> None:
    """Middleware further down may rewrite a reply; what is handed on was read after that."""

    class Rewrites(AgentMiddleware):
        def wrap_model_call(self, request: Any, handler: Any) -> AIMessage:
            handler(request)
            return AIMessage(STORM)

        async def awrap_model_call(self, request: Any, handler: Any) -> AIMessage:
            await handler(request)
            return AIMessage(STORM)

    agent = create_agent(made("the soup"), [], middleware=[module.GuardMiddleware(*opened), Rewrites()])
    assert ask(agent, HumanMessage(CALM))[-1].text == module.KIND


def test_guards_for_the_wrong_side_are_refused(module: ModuleType, opened: tuple[Guard, Guard]) -> None:
    with pytest.raises(ValueError, match="judges the user, expected the assistant"):
        module.GuardMiddleware(opened[0], opened[0])

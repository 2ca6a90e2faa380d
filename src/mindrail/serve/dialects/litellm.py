"""LiteLLM's generic guardrail: `POST /beta/litellm_basic_guardrail_api` (docs of LiteLLM, 2026).

Each text is judged alone, the arguments of tool calls too; where the whole chat is sent, its last message is
judged once more with what was said before it, and the worst counts. Whatever is not allowed is BLOCKED:
`additional_provider_specific_params: {"pass_review": true}` lets what is only to be reviewed through, though
never what could not be scored. Images
cannot be judged, so they are refused; `{"ignore_images": true}` accepts that nobody looks at them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from mindrail.errors import UsageError
from mindrail.guard.messages import example_of
from mindrail.records import Example
from mindrail.serve import schemas
from mindrail.serve.exchange import Exchange, Question, example, few, fields, texts_of
from mindrail.serve.outcome import Outcome
from mindrail.serve.refusals import NO_IMAGES, WRONG_INPUT
from mindrail.serve.shelf import Served
from mindrail.web.problems import Problem


def read(body: Any, request: Request) -> Question:
    """Everything in the call that a person or a model has written."""
    given = fields(body)
    chosen = given.get("additional_provider_specific_params")
    chosen = {} if chosen is None else chosen
    if not isinstance(chosen, dict):
        raise Problem(WRONG_INPUT, param="additional_provider_specific_params")
    if given.get("images") and chosen.get("ignore_images") is not True:
        raise Problem(NO_IMAGES, param="images")
    texts = texts_of(given.get("texts", []), "texts", least=0)
    texts = [*texts, *_arguments(given.get("tool_calls"))]
    few(texts, "texts")
    examples = [example(text, "texts") for text in texts]
    examples += _chat(given.get("structured_messages"))
    model = chosen.get("model")
    return Question(
        tuple(examples), model if isinstance(model, str) else None, chosen.get("pass_review") is True
    )


def answer(question: Question, outcomes: Sequence[Outcome], served: Served) -> Any:
    """NONE where every text is allowed."""
    passes = question.told
    bad = [
        one
        for one in outcomes
        if one.decision == "block" or one.answer is None or (one.flagged and not passes)
    ]
    if not bad:
        return {"action": "NONE"}
    worst = max(bad, key=lambda one: (one.decision == "block", one.probability))
    return {"action": "BLOCKED", "blocked_reason": f"{served.name}: {worst.label}, {worst.decision}"}


def _arguments(calls: Any) -> list[str]:
    """What a model hands to tools."""
    if calls is None:
        return []
    if not isinstance(calls, list):
        raise Problem(WRONG_INPUT, param="tool_calls")
    found = [call.get("function") for call in calls if isinstance(call, Mapping)]
    made = [one.get("arguments") for one in found if isinstance(one, Mapping)]
    return [arguments for arguments in made if isinstance(arguments, str)]


def _chat(messages: Any) -> list[Example]:
    """The last message in its conversation. One that guards cannot read adds nothing: its texts are judged alone."""
    if not messages:
        return []
    try:
        return [example_of(messages)]
    except UsageError:
        return []


EXCHANGES = (
    Exchange(
        "/beta/litellm_basic_guardrail_api",
        "Judge the texts of one LLM call, in LiteLLM's format",
        read,
        answer,
        takes=schemas.object_of(
            {
                "texts": schemas.list_of(schemas.STRING, maxItems=64),
                "images": schemas.UNREAD,
                "tool_calls": {"type": ["array", "null"]},
                "structured_messages": schemas.UNREAD,
                "input_type": schemas.UNREAD,
                "additional_provider_specific_params": {"type": ["object", "null"]},
            }
        ),
        gives=schemas.object_of(
            {"action": {"enum": ["NONE", "BLOCKED"]}, "blocked_reason": schemas.STRING}, "action"
        ),
        says_failure=True,
        example={"texts": ["The library opens at nine."], "input_type": "request"},
    ),
)

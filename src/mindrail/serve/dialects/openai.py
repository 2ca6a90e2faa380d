"""OpenAI's `POST /v1/moderations` (public OpenAPI file of August 2026): any client of theirs works unchanged.

All 13 categories are always there; those that the guard does not cover are false, 0.0, and were applied to
nothing. What the guard really measures stands beside them as `x_TAXONOMY/LABEL`, and in `x_mindrail` whole.
`flagged` is the guard's decision: true for everything that is not allowed, unsure and unread texts included.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from mindrail.records import Example
from mindrail.serve import schemas
from mindrail.serve.crosswalk import OPENAI
from mindrail.serve.exchange import Exchange, Question, example, few, fields, model_of
from mindrail.serve.outcome import Outcome
from mindrail.serve.refusals import EMPTY_INPUT, NO_IMAGES, WRONG_INPUT
from mindrail.serve.shelf import Served
from mindrail.web.problems import Problem


def read(body: Any, request: Request) -> Question:
    """A string, strings (a result each), or parts (one result for all of them, joined by line breaks)."""
    given = fields(body)
    model, said, told = model_of(given), given.get("input"), request.state.id
    if isinstance(said, str):
        return Question((example(said, "input"),), model, told)
    if not isinstance(said, list):
        raise Problem(WRONG_INPUT, param="input")
    if not said:
        raise Problem(EMPTY_INPUT, param="input")
    few(said, "input")
    if all(isinstance(text, str) for text in said):
        return Question(tuple(example(text, "input") for text in said), model, told)
    return Question((_parts(said),), model, told)


def answer(question: Question, outcomes: Sequence[Outcome], served: Served) -> Any:
    """Results in the order of the inputs."""
    return {
        "id": f"modr-{question.told}",
        "model": served.name,
        "results": [result(outcome, served) for outcome in outcomes],
    }


def result(outcome: Outcome, served: Served) -> dict[str, Any]:
    """One result. A category is true where the text is flagged and one of the category's labels applies."""
    scores = dict.fromkeys(OPENAI, 0.0)
    scores |= {name: _likeliest(outcome, labels) for name, labels in served.openai.items()}
    applying = set(outcome.labels) if outcome.flagged else set()
    true = {name: not applying.isdisjoint(labels) for name, labels in served.openai.items()}
    return {
        "flagged": outcome.flagged,
        "categories": {name: true.get(name, False) for name in scores},
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] if name in true else [] for name in scores},
        "x_mindrail": outcome.to_dict(),
    }


def _likeliest(outcome: Outcome, labels: Sequence[str]) -> float:
    """How likely a category is: as likely as the likeliest of its labels."""
    return max((outcome.probabilities.get(label, 0.0) for label in labels), default=0.0)


def _parts(parts: Sequence[Any]) -> Example:
    """Text parts as one text."""
    texts = []
    for part in parts:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if isinstance(kind, str) and kind != "text":
            raise Problem(NO_IMAGES, param="input")
        text = part.get("text") if kind == "text" else None
        if not isinstance(text, str):
            raise Problem(WRONG_INPUT, param="input")
        texts.append(text)
    return example("\n".join(texts), "input")


_RESULT = schemas.object_of(
    {
        "flagged": schemas.BOOLEAN,
        "categories": {"type": "object", "additionalProperties": schemas.BOOLEAN, "required": list(OPENAI)},
        "category_scores": {
            "type": "object",
            "additionalProperties": schemas.NUMBER,
            "required": list(OPENAI),
        },
        "category_applied_input_types": {
            "type": "object",
            "additionalProperties": schemas.list_of(schemas.STRING),
            "required": list(OPENAI),
        },
        "x_mindrail": schemas.OBJECT,
    },
    "flagged",
    "categories",
    "category_scores",
    "category_applied_input_types",
)
_PART = schemas.object_of({"type": {"enum": ["text"]}, "text": schemas.STRING}, "type", "text")

EXCHANGES = (
    Exchange(
        "/v1/moderations",
        "Judge texts, in OpenAI's format",
        read,
        answer,
        takes=schemas.object_of(
            {
                "input": {
                    "oneOf": [
                        schemas.STRING,
                        schemas.list_of(schemas.STRING, minItems=1, maxItems=64),
                        schemas.list_of(_PART, minItems=1, maxItems=64),
                    ]
                },
                "model": schemas.MODEL,
            },
            "input",
        ),
        gives=schemas.object_of(
            {"id": schemas.STRING, "model": schemas.STRING, "results": schemas.list_of(_RESULT)},
            "id",
            "model",
            "results",
        ),
        says_failure=True,
        example={"input": "The library opens at nine."},
    ),
)

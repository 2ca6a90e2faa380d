"""KServe's V1 protocol: `POST /v1/models/NAME:predict`, and NeMo Guardrails' `hf_classifier` (engine: kserve).

Each prediction maps every label to its calibrated probability. A client that compares these with one threshold
of its own would not decide as the guard does, so two more names carry the decision as 0 or 1: block on
`decision/block`, and on `decision/review` for what a person should see.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from mindrail.serve import schemas
from mindrail.serve.exchange import Exchange, Question, example, fields, texts_of
from mindrail.serve.outcome import Outcome
from mindrail.serve.shelf import Served
from mindrail.web.problems import Problem


def read(body: Any, request: Request) -> Question:
    """Texts, or objects with one in `text`."""
    instances = fields(body).get("instances")
    if isinstance(instances, list):
        instances = [one.get("text") if isinstance(one, Mapping) else one for one in instances]
    texts = texts_of(instances, "instances")
    return Question(tuple(example(text, "instances") for text in texts), request.path_params["name"])


def answer(question: Question, outcomes: Sequence[Outcome], served: Served) -> Any:
    """One object per instance."""
    return {"predictions": [_prediction(outcome) for outcome in outcomes]}


def problem(refused: Problem) -> Any:
    """KServe's errors."""
    return {"error": refused.message}


def _prediction(outcome: Outcome) -> dict[str, float]:
    decisions = {f"decision/{name}": float(outcome.decision == name) for name in ("block", "review")}
    return {**outcome.probabilities, **decisions}


EXCHANGES = (
    Exchange(
        "/v1/models/{name}:predict",
        "Judge texts, in KServe's V1 format",
        read,
        answer,
        takes=schemas.object_of(
            {
                "instances": schemas.list_of(
                    {"oneOf": [schemas.STRING, schemas.object_of({"text": schemas.STRING}, "text")]},
                    minItems=1,
                    maxItems=64,
                )
            },
            "instances",
        ),
        gives=schemas.object_of(
            {"predictions": schemas.list_of({"type": "object", "additionalProperties": schemas.NUMBER})},
            "predictions",
        ),
        problem=problem,
        example={"instances": ["The library opens at nine."]},
    ),
)

"""Perspective's `POST /v1alpha1/comments:analyze`, for programs that were written for it.

Attributes are those that the guard's crosswalk maps (`TOXICITY` for a guard of offensive language, say), and
each of its own labels as `X_LABEL`; others are refused, as they are there. A score is a calibrated probability;
the decision stands beside it in `x_mindrail`. The key may come as `?key=`, as their clients send it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from mindrail.serve import schemas
from mindrail.serve.exchange import Exchange, Question, example, fields
from mindrail.serve.outcome import Outcome
from mindrail.serve.refusals import WRONG_INPUT
from mindrail.serve.shelf import Served
from mindrail.web.problems import Problem

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def read(body: Any, request: Request) -> Question:
    """One comment; `told` is (attributes with the least score to be answered, languages)."""
    given = fields(body)
    comment, asked = given.get("comment"), given.get("requestedAttributes")
    text = comment.get("text") if isinstance(comment, Mapping) else None
    if not isinstance(text, str):
        raise Problem(WRONG_INPUT, param="comment.text")
    if not isinstance(asked, Mapping) or not asked:
        raise Problem(WRONG_INPUT, param="requestedAttributes")
    least = {name: _least(wanted) for name, wanted in asked.items()}
    languages = given.get("languages", [])
    spoken = isinstance(languages, list) and all(isinstance(one, str) and len(one) < 20 for one in languages)
    return Question((example(text, "comment.text"),), told=(least, languages if spoken else []))


def answer(question: Question, outcomes: Sequence[Outcome], served: Served) -> Any:
    """Scores of the attributes that were asked for. Raises Problem for one that the guard does not know."""
    (least, languages), known, outcome = question.told, served.perspective, outcomes[0]
    if not set(least) <= set(known):
        raise Problem(WRONG_INPUT, param="requestedAttributes")
    scores = {name: max(outcome.probabilities.get(label, 0.0) for label in known[name]) for name in least}
    end = len(question.examples[0].text)
    return {
        "attributeScores": {
            name: _score(score, end) for name, score in scores.items() if score >= least[name]
        },
        "languages": languages,
        "x_mindrail": outcome.to_dict(),
    }


def problem(refused: Problem) -> Any:
    """Google's errors."""
    status = refused.kind.status
    told = {"code": status, "message": refused.message, "status": _STATUS.get(status, "UNKNOWN")}
    return {"error": told}


def _score(value: float, end: int) -> dict[str, Any]:
    score = {"value": value, "type": "PROBABILITY"}
    return {"summaryScore": score, "spanScores": [{"begin": 0, "end": end, "score": score}]}


def _least(wanted: Any) -> float:
    """The score below which an attribute is not answered."""
    value = wanted.get("scoreThreshold", 0.0) if isinstance(wanted, Mapping) else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Problem(WRONG_INPUT, param="requestedAttributes")
    return float(value)


_VALUE = schemas.object_of({"value": schemas.NUMBER, "type": {"enum": ["PROBABILITY"]}}, "value", "type")
_SPAN = schemas.object_of({"begin": schemas.NUMBER, "end": schemas.NUMBER, "score": _VALUE}, "score")

EXCHANGES = (
    Exchange(
        "/v1alpha1/comments:analyze",
        "Judge a comment, in Perspective's format",
        read,
        answer,
        takes=schemas.object_of(
            {
                "comment": schemas.object_of({"text": schemas.STRING}, "text"),
                "requestedAttributes": {
                    "type": "object",
                    "additionalProperties": schemas.OBJECT,
                    "minProperties": 1,
                },
                "languages": schemas.list_of(schemas.STRING),
                "doNotStore": {"type": "boolean"},
            },
            "comment",
            "requestedAttributes",
        ),
        gives=schemas.object_of(
            {
                "attributeScores": {
                    "type": "object",
                    "additionalProperties": schemas.object_of(
                        {"summaryScore": _VALUE, "spanScores": schemas.list_of(_SPAN)}, "summaryScore"
                    ),
                },
                "languages": schemas.list_of(schemas.STRING),
            },
            "attributeScores",
        ),
        problem=problem,
        parameter="key",
    ),
)

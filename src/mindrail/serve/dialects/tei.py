"""text-embeddings-inference's `POST /predict`.

`inputs` is a text, a pair, or a list of one- and two-element lists. A pair is what was said before and the reply
to it: the reply is judged in that context, and what was said before is judged too, so that two texts sent as a
pair by mistake are both read; the worse of the two is answered. Labels stand in an order: the one that
agrees with the guard's decision first, the others by probability. Probabilities are always calibrated
(`raw_scores` is refused), and nothing is ever truncated, whatever `truncate` says.
"""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from mindrail.calibrate.decide import VERDICTS
from mindrail.records import Example
from mindrail.serve import schemas
from mindrail.serve.exchange import Exchange, Question, example, few, fields, texts_of
from mindrail.serve.outcome import Outcome
from mindrail.serve.refusals import WRONG_INPUT
from mindrail.serve.shelf import Served
from mindrail.web.problems import Problem

_TYPES = {400: "Validation", 413: "Validation", 429: "Overloaded", 503: "Overloaded", 500: "Backend"}


def read(body: Any, request: Request) -> Question:
    """`told` is (whether one list is answered, how many examples each input takes)."""
    given = fields(body)
    inputs = given.get("inputs")
    if given.get("raw_scores") is True:
        raise Problem(WRONG_INPUT, param="raw_scores")
    if isinstance(inputs, list) and inputs and all(isinstance(one, list) for one in inputs):
        few(inputs, "inputs")
        several = [_input(one) for one in inputs]
        return Question(tuple(e for one in several for e in one), told=(False, tuple(map(len, several))))
    one = _input([inputs] if isinstance(inputs, str) else inputs)
    return Question(one, told=(True, (len(one),)))


def answer(question: Question, outcomes: Sequence[Outcome], served: Served) -> Any:
    """A list of labels with scores, or for a batch a list of such lists."""
    alone, sizes = question.told
    left, said = list(outcomes), []
    for size in sizes:
        mine, left = left[:size], left[size:]
        said.append(_labels(max(mine, key=lambda one: (VERDICTS.index(one.decision), one.probability))))
    return said[0] if alone else said


def problem(refused: Problem) -> Any:
    """TEI's errors."""
    return {"error": refused.message, "error_type": _TYPES.get(refused.kind.status, "Validation")}


def _input(texts: Any) -> tuple[Example, ...]:
    """A text, or a pair."""
    texts = texts_of(texts, "inputs")
    if len(texts) > 2:
        raise Problem(WRONG_INPUT, param="inputs")
    if len(texts) == 1:
        return (example(texts[0], "inputs"),)
    before, text = (example(one, "inputs").text for one in texts)
    return Example.of(before), Example.of(text, context=before)


def _labels(outcome: Outcome) -> list[dict[str, Any]]:
    order = sorted(outcome.probabilities.items(), key=lambda pair: (pair[0] != outcome.label, -pair[1]))
    return [{"label": name, "score": chance} for name, chance in order]


_PREDICTION = schemas.list_of(
    schemas.object_of({"label": schemas.STRING, "score": schemas.NUMBER}, "label", "score")
)
_PAIR = schemas.list_of(schemas.STRING, minItems=1, maxItems=2)

EXCHANGES = (
    Exchange(
        "/predict",
        "Judge texts, in the format of text-embeddings-inference",
        read,
        answer,
        takes=schemas.object_of(
            {
                "inputs": {"oneOf": [schemas.STRING, _PAIR, schemas.list_of(_PAIR, minItems=1, maxItems=64)]},
                "raw_scores": {"not": {"const": True}},
                "truncate": schemas.UNREAD,
            },
            "inputs",
        ),
        gives={"oneOf": [_PREDICTION, schemas.list_of(_PREDICTION)]},
        problem=problem,
        example={"inputs": "The library opens at nine."},
    ),
)

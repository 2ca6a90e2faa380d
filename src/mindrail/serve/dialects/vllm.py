"""vLLM's `POST /classify`, as NeMo Guardrails' `hf_classifier` calls it (engine: vllm).

That client keeps `label` and the largest of `probs` and nothing else. So `label` is the one that agrees with the
guard's decision, not the likeliest, and `probs` are its calibrated probability and the rest: the largest is at
least one half, and a client that blocks from 0.5 on, as NeMo does, decides as the guard does.
"""

import time
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from mindrail.serve import schemas
from mindrail.serve.exchange import Exchange, Question, example, fields, model_of, texts_of
from mindrail.serve.outcome import Outcome
from mindrail.serve.shelf import Served


def read(body: Any, request: Request) -> Question:
    """One text or several."""
    given = fields(body)
    said = given.get("input")
    texts = texts_of([said] if isinstance(said, str) else said, "input")
    return Question(tuple(example(text, "input") for text in texts), model_of(given))


def answer(question: Question, outcomes: Sequence[Outcome], served: Served) -> Any:
    """One entry per text."""
    return {
        "object": "list",
        "created": int(time.time()),
        "model": served.name,
        "data": [_entry(place, outcome) for place, outcome in enumerate(outcomes)],
        "usage": {"prompt_tokens": 0, "total_tokens": 0, "completion_tokens": 0},
    }


def _entry(place: int, outcome: Outcome) -> dict[str, Any]:
    chance = outcome.probabilities.get(outcome.label, outcome.probability)
    return {
        "index": place,
        "label": outcome.label,
        "probs": [chance, 1.0 - chance],
        "num_classes": 2,
        "x_mindrail": outcome.to_dict(),
    }


_ENTRY = schemas.object_of(
    {"label": schemas.STRING, "probs": schemas.list_of(schemas.NUMBER)}, "label", "probs"
)

EXCHANGES = (
    Exchange(
        "/classify",
        "Judge texts, in vLLM's format",
        read,
        answer,
        takes=schemas.object_of(
            {
                "model": schemas.MODEL,
                "input": {
                    "oneOf": [schemas.STRING, schemas.list_of(schemas.STRING, minItems=1, maxItems=64)]
                },
            },
            "input",
        ),
        gives=schemas.object_of({"data": schemas.list_of(_ENTRY)}, "data"),
        says_failure=True,
        example={"input": "The library opens at nine."},
    ),
)

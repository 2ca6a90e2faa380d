"""The detector API of FMS Guardrails (TrustyAI): `/api/v1/text/contents`, `/chat` and `/generation`.

What is answered is what crossed the guard's own thresholds, one detection per label that applies; a caller's
`detector_params.threshold` changes nothing, since a second threshold would undo the promise of the first. The
header `detector-id` names the guard where there are several; it may be missing, as NeMo does not send it.
"""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from mindrail.serve import schemas
from mindrail.serve.exchange import Exchange, Question, example, fields, texts_of
from mindrail.serve.outcome import Outcome
from mindrail.serve.refusals import WRONG_INPUT
from mindrail.serve.shelf import Served
from mindrail.web.problems import Problem


def read_contents(body: Any, request: Request) -> Question:
    """Texts, each alone."""
    texts = texts_of(fields(body).get("contents"), "contents")
    return Question(tuple(example(text, "contents") for text in texts), _detector(request))


def read_chat(body: Any, request: Request) -> Question:
    """The last message of a conversation."""
    messages = fields(body).get("messages")
    if not isinstance(messages, list):
        raise Problem(WRONG_INPUT, param="messages")
    return Question((example(messages, "messages"),), _detector(request))


def read_generation(body: Any, request: Request) -> Question:
    """A reply to a prompt."""
    given = fields(body)
    (prompt,), (reply,) = (texts_of([given.get(name)], name) for name in ("prompt", "generated_text"))
    chat = [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]
    return Question((example(chat, "generated_text"),), _detector(request))


def answer_contents(question: Question, outcomes: Sequence[Outcome], served: Served) -> Any:
    """A list of detections per text. The format asks for the text that was found to be repeated."""
    return [
        [
            {"start": 0, "end": len(one.text), "text": one.text, **found}
            for found in _detections(outcome, served)
        ]
        for one, outcome in zip(question.examples, outcomes, strict=True)
    ]


def answer_one(question: Question, outcomes: Sequence[Outcome], served: Served) -> Any:
    """A flat list of detections."""
    return _detections(outcomes[0], served)


def problem(refused: Problem) -> Any:
    """The standard's errors."""
    return {"code": refused.kind.status, "message": refused.message}


def _detections(outcome: Outcome, served: Served) -> list[dict[str, Any]]:
    """One per label that applies; none applies to a text that was hardly read: its code stands there."""
    if not outcome.flagged:
        return []
    labels = [label for label in outcome.labels if label in served.stopped]
    told = outcome.to_dict()
    return [
        {
            "detection": label,
            "detection_type": served.guard.taxonomy.id,
            "score": outcome.probabilities.get(label, 1.0),
            "evidence": [],
            "metadata": {key: told[key] for key in ("decision", "code", "guard") if key in told},
        }
        for label in labels or [str(told["code"])]
    ]


def _detector(request: Request) -> str | None:
    return request.headers.get("detector-id")


_DETECTION = {"detection": schemas.STRING, "detection_type": schemas.STRING, "score": schemas.NUMBER}
_PLACE = {"start": schemas.NUMBER, "end": schemas.NUMBER, "text": schemas.STRING}
_NAMES = ("detection", "detection_type", "score")

EXCHANGES = (
    Exchange(
        "/api/v1/text/contents",
        "Judge texts, in the format of FMS detectors",
        read_contents,
        answer_contents,
        takes=schemas.object_of(
            {
                "contents": schemas.list_of(schemas.STRING, minItems=1, maxItems=64),
                "detector_params": schemas.UNREAD,
            },
            "contents",
        ),
        gives=schemas.list_of(schemas.list_of(schemas.object_of({**_PLACE, **_DETECTION}, *_PLACE, *_NAMES))),
        problem=problem,
        says_failure=True,
        example={"contents": ["The library opens at nine."]},
    ),
    Exchange(
        "/api/v1/text/chat",
        "Judge the last message of a conversation, in the format of FMS detectors",
        read_chat,
        answer_one,
        takes=schemas.object_of(
            {"messages": schemas.CONVERSATION, "detector_params": schemas.UNREAD}, "messages"
        ),
        gives=schemas.list_of(schemas.object_of(_DETECTION, *_NAMES)),
        problem=problem,
        says_failure=True,
        example={"messages": [{"role": "user", "content": "The library opens at nine."}]},
    ),
    Exchange(
        "/api/v1/text/generation",
        "Judge a reply to a prompt, in the format of FMS detectors",
        read_generation,
        answer_one,
        takes=schemas.object_of(
            {"prompt": schemas.STRING, "generated_text": schemas.STRING, "detector_params": schemas.UNREAD},
            "prompt",
            "generated_text",
        ),
        gives=schemas.list_of(schemas.object_of(_DETECTION, *_NAMES)),
        problem=problem,
        says_failure=True,
        example={"prompt": "When does it open?", "generated_text": "The library opens at nine."},
    ),
)

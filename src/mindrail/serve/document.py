"""The OpenAPI document, from what the routes themselves say."""

from collections.abc import Sequence
from typing import Any

from mindrail.serve import cards, conversation, explain, streams
from mindrail.serve.exchange import Exchange
from mindrail.serve.schemas import BOOLEAN, CONVERSATION, NUMBER, OBJECT, STRING, Schema, list_of, object_of

_ERROR = object_of({"error": object_of({"message": STRING, "type": STRING, "param": {}, "code": {}})})
_REFUSALS = {
    "400": "The body is not what this route takes.",
    "401": "No valid key.",
    "404": "No such guard, or no such path.",
    "413": "Too many inputs, or too large.",
    "415": "Not JSON in UTF-8.",
    "429": "This key asks too often.",
    "500": "Something failed; nothing was decided.",
    "503": "Too much to do, ending, or not ready; Retry-After says when to come again.",
}

_JUDGE = {"model": STRING, "messages": CONVERSATION, "focus": {"type": "integer"}, "risk": OBJECT}
_JUDGED = {"model": STRING, "decision": STRING, "answer": OBJECT, "risk": OBJECT, "chances": OBJECT}
_EXPLAIN = {"model": STRING, "messages": CONVERSATION, "focus": {"type": "integer"}}
_SPAN = {"start": {"type": "integer"}, "end": {"type": "integer"}}
_PASSAGE = object_of({**_SPAN, "probability": NUMBER, "words": BOOLEAN}, *_SPAN, "probability", "words")
_WORD = object_of({**_SPAN, "change": NUMBER}, *_SPAN, "change")
_EXPLAINED = {
    "model": STRING,
    "answer": OBJECT,
    "event": STRING,
    "probability": NUMBER,
    "passages": list_of(_PASSAGE),
    "words": list_of(_WORD),
}
_OPEN = {"model": STRING, "messages": CONVERSATION, "checks": OBJECT}
_STEP = {"released": STRING, "stopped": {}, "decision": STRING, "answer": OBJECT}

#: our own routes: path, what it does, what it takes, what it gives
_OWN: tuple[tuple[str, str, Schema, Schema], ...] = (
    (
        conversation.PATH,
        "Judge a turn of a conversation, and the risk that has built up in it",
        object_of(_JUDGE, "messages"),
        object_of(_JUDGED, *_JUDGED),
    ),
    (
        explain.PATH,
        "Which words of a turn moved its answer; spans count characters (Unicode code points) of its text",
        object_of(_EXPLAIN, "messages"),
        object_of(_EXPLAINED, *_EXPLAINED),
    ),
    (
        streams.PATH,
        "Open a stream for a reply that is being written",
        object_of(_OPEN),
        object_of({"stream": STRING, "model": STRING}, "stream", "model"),
    ),
    (
        streams.PATH_ONE,
        "Hand over a chunk of the reply, or its end",
        object_of({"chunk": STRING, "end": BOOLEAN}),
        object_of(_STEP, "released", "stopped"),
    ),
)
_READING = {
    "/healthz": "Whether the process lives",
    "/readyz": "Whether the guards score as they should",
    "/metrics": "Numbers for Prometheus",
    "/v1/models": "The guards that are served",
    "/v1/models/{name}": "One guard",
    cards.PATH: "A guard's question, labels, thresholds, promise and card",
}


def document(exchanges: Sequence[Exchange], version: str) -> dict[str, Any]:
    """OpenAPI 3.1, as plain values."""
    paths: dict[str, Any] = {path: {"get": _got(summary, path)} for path, summary in _READING.items()}
    for path, summary, takes, gives in _OWN:
        paths[path] = {"post": _posted(summary, path, takes, gives, None)}
    for one in exchanges:
        paths[one.path] = {"post": _posted(one.summary, one.path, one.takes, one.gives, one.example)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mindrail",
            "version": version,
            "description": "A safety guard. Anything but an answer that says so is not «allowed».",
        },
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
        "security": [{"bearer": []}, {"header": []}, {}],
    }


def _posted(summary: str, path: str, takes: Schema, gives: Schema, example: Any) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": takes} | ({"example": example} if example is not None else {})
    done = "201" if path == "/v1/streams" else "200"
    return {
        "summary": summary,
        "parameters": _parameters(path),
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            done: {"description": "Judged.", "content": {"application/json": {"schema": gives}}},
            **{status: {"description": why} for status, why in _REFUSALS.items()},
        },
    }


def _got(summary: str, path: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "parameters": _parameters(path),
        "responses": {"200": {"description": summary}, "503": {"description": "Not ready."}},
    }


def _parameters(path: str) -> list[dict[str, Any]]:
    names = [part.split("}")[0] for part in path.split("{")[1:]]
    return [{"name": name, "in": "path", "required": True, "schema": STRING} for name in names]

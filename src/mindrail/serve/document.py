"""The OpenAPI document, from what the routes themselves say."""

from collections.abc import Sequence
from typing import Any

from mindrail.serve import cards, conversation, explain, streams
from mindrail.serve.exchange import Exchange
from mindrail.serve.schemas import (
    BOOLEAN,
    CONVERSATION,
    MODEL,
    NUMBER,
    OBJECT,
    STRING,
    Schema,
    list_of,
    object_of,
)
from mindrail.web.problems import Problem

_ERROR = object_of({"error": object_of({"message": STRING, "type": STRING, "param": {}, "code": {}})})
_OWN_ERROR = {"$ref": "#/components/schemas/Error"}
_REFUSALS = {
    "400": "The body is not what this route takes.",
    "401": "No valid key.",
    "403": "A key that may not do this, or a page of another site.",
    "404": "No such guard, or no such path.",
    "413": "Too many inputs, or too large.",
    "415": "Not JSON in UTF-8.",
    "429": "This key asks too often.",
    "500": "Something failed; nothing was decided.",
    "503": "Too much to do, ending, or not ready; Retry-After says when to come again.",
}

_FOCUS = {"type": ["integer", "null"]}
_JUDGE = {"model": MODEL, "messages": CONVERSATION, "focus": _FOCUS, "risk": {"type": ["object", "null"]}}
_JUDGED = {"model": STRING, "decision": STRING, "answer": OBJECT, "risk": OBJECT, "chances": OBJECT}
_EXPLAIN = {"model": MODEL, "messages": CONVERSATION, "focus": _FOCUS}
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
_OPEN = {"model": MODEL, "messages": CONVERSATION, "checks": {"type": ["object", "null"]}}
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
        paths[path] = {"post": _posted(summary, path, takes, gives)}
    for one in exchanges:
        shape = _OWN_ERROR if one.problem is Problem.to_dict else None
        paths[one.path] = {"post": _posted(one.summary, one.path, one.takes, one.gives, one.example, shape)}
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


def _posted(
    summary: str,
    path: str,
    takes: Schema,
    gives: Schema,
    example: Any = None,
    shape: Schema | None = _OWN_ERROR,
) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": takes} | ({"example": example} if example is not None else {})
    done = "201" if path == streams.PATH else "200"
    return {
        "summary": summary,
        "parameters": _parameters(path),
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            done: {"description": "Judged.", "content": {"application/json": {"schema": gives}}},
            **_refused(*_REFUSALS, shape=shape),
        },
    }


def _refused(*statuses: str, shape: Schema | None = _OWN_ERROR) -> dict[str, Any]:
    """What a route may answer instead; `shape` is None where a format says it in its own way."""
    content = {"content": {"application/json": {"schema": shape}}} if shape else {}
    return {status: {"description": _REFUSALS[status], **content} for status in statuses}


def _got(summary: str, path: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "parameters": _parameters(path),
        "responses": {"200": {"description": summary}, **_refused("401", "403", "404", "503")},
    }


def _parameters(path: str) -> list[dict[str, Any]]:
    names = [part.split("}")[0] for part in path.split("{")[1:]]
    return [{"name": name, "in": "path", "required": True, "schema": STRING} for name in names]

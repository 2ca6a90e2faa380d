"""Pieces of JSON schemas, for the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def object_of(properties: Schema, *required: str) -> Schema:
    """The JSON schema of an object."""
    return {"type": "object", "properties": properties, "required": list(required)}


def list_of(items: Schema, **more: Any) -> Schema:
    """The JSON schema of a list."""
    return {"type": "array", "items": items, **more}


STRING: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object"}
#: which guard; nothing, or null, is the first
MODEL: Schema = {"type": ["string", "null"]}
#: taken, as programs send it, and not read
UNREAD: Schema = {}
CONVERSATION: Schema = list_of(
    object_of(
        {"role": {"enum": ["user", "assistant", "system", "developer", "tool"]}, "content": {}}, "role"
    ),
    minItems=1,
)

"""Holding an answer to a few options: servers offer it under different names, and none refuses politely."""

import json
from collections.abc import Sequence
from typing import Any, Literal

#: `json_schema`: OpenAI, vLLM, llama.cpp's own server and most others. `structured_outputs`: newer vLLM.
#: `guided_choice`: older vLLM. `grammar`: llama.cpp, llama-cpp-python. `none`: the model is trusted to obey.
Constrain = Literal["json_schema", "structured_outputs", "guided_choice", "grammar", "none"]
_KEY = "answer"


def fields(how: Constrain, choices: Sequence[str]) -> dict[str, Any]:
    """What a request says about it; nothing for no choices."""
    if not choices or how == "none":
        return {}
    words = [choice.strip() for choice in choices]
    if how == "structured_outputs":
        return {"structured_outputs": {"choice": words}}
    if how == "guided_choice":
        return {"guided_choice": words}
    if how == "grammar":
        return {"grammar": f"root ::= {' | '.join(json.dumps(word, ensure_ascii=False) for word in words)}"}
    schema = {
        "type": "object",
        "properties": {_KEY: {"type": "string", "enum": words}},
        "required": [_KEY],
        "additionalProperties": False,
    }
    return {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": _KEY, "strict": True, "schema": schema},
        }
    }


def unwrap(text: str) -> str:
    """The answer itself, where it stands in the JSON that `json_schema` asks for; any other text as it is."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    inner = found.get(_KEY) if isinstance(found, dict) and len(found) == 1 else None
    return inner if isinstance(inner, str) else text

"""Responses from plain values."""

from typing import Any

import orjson
from starlette.responses import Response

from mindrail.web.problems import Problem


class Json(Response):
    """JSON in UTF-8. NaN has no place in an answer, so orjson's `null` for it never arises from our values."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return orjson.dumps(content)


def problem_answer(problem: Problem) -> Json:
    """A refusal in OpenAI's shape."""
    return Json(problem.to_dict(), problem.kind.status, problem.headers)

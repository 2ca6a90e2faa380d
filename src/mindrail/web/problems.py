"""Every refusal as a value. What a client reads comes from the templates here, never from what it sent.

The shape is OpenAI's: `{"error": {"message", "type", "param", "code"}}`, all four always there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One way to refuse. `message` may hold `{names}` of numbers; `retry` tells clients whether it can help."""

    status: int
    code: str
    message: str
    retry: bool | None = None

    @property
    def type(self) -> str:
        """OpenAI's coarse class of an error."""
        if self.status == 429:
            return "rate_limit_error"
        return "server_error" if self.status >= 500 else "invalid_request_error"


class Problem(Exception):
    """A request that is not answered. `numbers` fill the template: numbers cannot carry what somebody wrote.

    `param` names a field of the protocol; `headers` are added to the response.
    """

    def __init__(
        self,
        kind: Kind,
        *,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
        **numbers: int,
    ) -> None:
        super().__init__(kind.code)
        self.kind, self.param, self.headers = kind, param, dict(headers or {})
        self.message = kind.message.format(**numbers)
        if kind.retry is not None:
            self.headers["x-should-retry"] = str(kind.retry).lower()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        kind = self.kind
        return {"error": {"message": self.message, "type": kind.type, "param": self.param, "code": kind.code}}


class ClientGone(Exception):
    """Whoever asked has hung up; there is nobody to answer."""


BAD_HTTP = Kind(400, "bad_request", "This is not a well-formed HTTP/1.1 request.")
INVALID_JSON = Kind(400, "invalid_json", "The body is not one JSON value in UTF-8 (no BOM, no NaN).")
INVALID_UNICODE = Kind(400, "invalid_unicode", "A string holds half a surrogate pair.")
TOO_NESTED = Kind(400, "invalid_json", "The body is nested deeper than {most} levels or has too many parts.")
DUPLICATE_KEY = Kind(400, "duplicate_key", "An object gives the same key twice.")
INVALID_REQUEST = Kind(400, "invalid_request", "A field is missing or has the wrong type.")
FORBIDDEN_ORIGIN = Kind(403, "forbidden_origin", "Requests from pages of other sites are not answered.")
NOT_FOUND = Kind(404, "not_found", "There is nothing at this path.")
METHOD_NOT_ALLOWED = Kind(405, "method_not_allowed", "This path does not take that method; see Allow.")
TOO_SLOW = Kind(408, "request_timeout", "The request did not arrive in time.")
BODY_TOO_LARGE = Kind(413, "input_too_large", "The body is larger than {most} bytes.", retry=False)
UNSUPPORTED = Kind(
    415, "unsupported_media_type", "Send application/json in UTF-8, without content-encoding.", retry=False
)
WRONG_HOST = Kind(421, "misdirected_request", "This server does not answer to that Host.")
HEADERS_TOO_LARGE = Kind(431, "headers_too_large", "The headers are larger than this server reads.")
INTERNAL = Kind(500, "internal_error", "Something failed here; nothing was decided. Quote the request id.")
TOO_MANY_CONNECTIONS = Kind(503, "server_is_overloaded", "Too many connections are open.", retry=True)

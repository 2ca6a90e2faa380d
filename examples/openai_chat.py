"""A chat with a guard on both sides, over HTTP, and no client but OpenAI's.

    pip install openai
    mindrail serve --guard messages=guards/messages --guard replies=guards/replies
    CHAT_URL=http://127.0.0.1:8080/v1 CHAT_MODEL=my-model python openai_chat.py

What a person says is judged in its conversation before the model sees it. The reply is judged while it is written: a
passage that stops a check is never shown, not even in part. What fails is stopped, since no answer is not a yes.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from openai import OpenAI

KIND = (
    "I would rather not go on with this here. If you are in danger, call your local emergency number; "
    "if you want to talk to somebody: https://findahelpline.com"
)
#: characters that are sent to the guard at once; it looks every 80 anyway
PIECE = 80

log = logging.getLogger(__name__)


class Stopped(Exception):
    """Not to be handed on: the guard said so, or did not say that it may be."""


@dataclass
class Chat:
    """One conversation. `heard` is all of it, which the guard reads; `passed` is what the model may know."""

    guard: OpenAI
    model: OpenAI
    model_name: str
    heard: list[dict[str, str]] = field(default_factory=list)
    passed: list[dict[str, str]] = field(default_factory=list)
    risk: dict[str, Any] | None = None  # what has built up over the turns; it holds no text

    def say(self, text: str) -> Iterator[str]:
        """The reply in pieces, as far as it may be shown; then KIND where it was stopped."""
        self.heard.append(_message("user", text))
        passes, shown = self._passes(), ""
        if passes:
            self.passed.append(self.heard[-1])
        for piece in self._reply() if passes else [KIND]:
            shown += piece
            yield piece
        self.heard.append(_message("assistant", shown))
        if passes:
            self.passed.append(self.heard[-1])

    def _passes(self) -> bool:
        """Whether the person's last message may pass."""
        last = len(self.heard) - 1
        try:
            judged = self._ask("/judge", model="messages", messages=self.heard, focus=last, risk=self.risk)
        except Stopped:
            return False
        self.risk = judged.get("risk")
        return judged.get("decision") == "allow"

    def _reply(self) -> Iterator[str]:
        try:
            yield from self._checked(self._written())
        except Stopped:
            yield KIND

    def _checked(self, pieces: Iterator[str]) -> Iterator[str]:
        """What may be shown of a reply, as it comes. Raises Stopped."""
        stops = {"stops": ["review", "block"]}
        stream = self._ask("/streams", model="replies", messages=self.heard, checks=stops).get("stream")
        for piece in pieces:
            found = self._ask(f"/streams/{stream}", chunk=piece)
            yield found.get("released", "")
            if found.get("stopped"):
                raise Stopped
        found = self._ask(f"/streams/{stream}", end=True)
        yield found.get("released", "")
        if found.get("decision") != "allow":
            raise Stopped

    def _written(self) -> Iterator[str]:
        """The model's reply in pieces of PIECE characters and a rest."""
        messages: Any = self.passed
        reply = self.model.chat.completions.create(model=self.model_name, messages=messages, stream=True)
        piece = ""
        for chunk in reply:
            piece += chunk.choices[0].delta.content or "" if chunk.choices else ""
            if len(piece) >= PIECE:
                yield piece
                piece = ""
        yield piece

    def _ask(self, path: str, **body: Any) -> dict[str, Any]:
        """One question to the guard. Raises Stopped where it gives no answer."""
        try:
            answer = self.guard.post(path, cast_to=object, body=body)
        except Exception as error:
            log.error("the guard did not answer: %s", type(error).__name__)  # never the error's text
            raise Stopped from None
        if not isinstance(answer, dict):
            raise Stopped
        return answer


def guard_client() -> OpenAI:
    """Without retries: a chunk that is sent twice would be read twice."""
    url = os.environ.get("MINDRAIL_URL", "http://127.0.0.1:8000/v1")
    return OpenAI(base_url=url, api_key=os.environ.get("MINDRAIL_KEY", "none"), timeout=5.0, max_retries=0)


def _message(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}


if __name__ == "__main__":
    model = OpenAI(base_url=os.environ["CHAT_URL"], api_key=os.environ.get("CHAT_KEY", "none"))
    chat = Chat(guard_client(), model, os.environ["CHAT_MODEL"])
    while True:
        try:
            said = input("> ")
        except EOFError:
            break
        for shown in chat.say(said):
            print(shown, end="", flush=True)
        print()

"""A chat endpoint with a guard on both sides, in the process of the app.

    pip install mindrail fastapi uvicorn
    MESSAGES=guards/messages REPLIES=guards/replies uvicorn fastapi_app:app

`Passed` is the dependency: an endpoint that takes it is reached by conversations whose last message may pass. The
reply is judged while it is written. What fails is stopped, since no answer is not a yes.
"""

import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from mindrail import Guard
from mindrail.guard.conversation import judge
from mindrail.guard.stream import Checks, ReplyStream

KIND = (
    "I would rather not go on with this here. If you are in danger, call your local emergency number; "
    "if you want to talk to somebody: https://findahelpline.com"
)
CHECKS = Checks(stops=("review", "block"))  # only ("block",) lets pass what somebody should look at later

log = logging.getLogger(__name__)


class Message(BaseModel):
    """One turn."""

    role: Literal["user", "assistant"]
    content: str = Field(max_length=20_000)


class Conversation(BaseModel):
    """What was said so far; the last message is the person's."""

    messages: list[Message] = Field(min_length=1, max_length=200)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the guards once; an app without them does not start."""
    app.state.messages = opened("MESSAGES", "user")
    app.state.replies = opened("REPLIES", "assistant")
    yield


def opened(variable: str, side: str) -> Guard:
    """The guard in the folder that an environment variable names."""
    guard = Guard.load(os.environ[variable], self_test=True)
    if guard.side != side:
        raise SystemExit(f"{variable}: found a guard that judges the {guard.side}, expected the {side}")
    return guard


def passed(conversation: Conversation, request: Request) -> list[dict[str, str]]:
    """The conversation, if its last message may pass. A plain `def`: FastAPI runs it on a thread of its own."""
    said = [message.model_dump() for message in conversation.messages]
    try:
        decision = judge(request.app.state.messages, said, len(said) - 1).decision
    except Exception as error:
        log.error("the guard failed: %s", type(error).__name__)  # never the error's text
        raise HTTPException(503, KIND) from None
    if decision != "allow":
        raise HTTPException(403, KIND)
    return said


Passed = Annotated[list[dict[str, str]], Depends(passed)]
app = FastAPI(lifespan=lifespan)


@app.post("/chat")
def chat(said: Passed, request: Request) -> StreamingResponse:
    """The reply, as far as it may be shown; then KIND where it was stopped."""
    shown = checked(request.app.state.replies, said, written(said))
    return StreamingResponse(shown, media_type="text/plain; charset=utf-8")


def checked(guard: Guard, said: list[dict[str, str]], pieces: Iterator[str]) -> Iterator[str]:
    """Hand on only what the guard has read and let pass."""
    try:
        stream = ReplyStream(guard, said, CHECKS)
        for piece in pieces:
            yield stream.feed(piece).released
            if stream.stopped:
                break
        end = stream.finish()
        yield end.released if end.decision == "allow" else KIND
    except Exception as error:
        log.error("the reply failed: %s", type(error).__name__)
        yield KIND


def written(said: list[dict[str, str]]) -> Iterator[str]:
    """Your model's reply, in pieces."""
    yield from ("Thank you ", "for telling me. ", "What would help right now?")

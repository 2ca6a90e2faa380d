"""An allowance in requests and tokens that is never exceeded."""

import json
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mindrail.errors import BadConfig
from mindrail.llm.chat import Chat, Failure, Reply, Request

#: tokens that a chat template may add: for the whole prompt (a system prompt of its own), and for each message
TEMPLATE, MESSAGE = 64, 16


@dataclass(frozen=True)
class Spent:
    """What was used: requests sent, tokens read and tokens written."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Read and written together, as bills count them."""
        return self.prompt_tokens + self.completion_tokens


class Budget:
    """How much may be asked; None is without limit. One budget may serve several chats and threads.

    Before a request is sent the most that it can cost is set aside: no model makes more tokens of a text than it
    has bytes. When the answer is there, what it really cost takes its place. So the last request's worth may stay
    unspent, and what others have set aside counts as spent until they are done.
    """

    def __init__(self, requests: int | None = None, tokens: int | None = None) -> None:
        for name, value in {"requests": requests, "tokens": tokens}.items():
            if value is not None and value < 0:
                raise BadConfig(f"a budget of {value} {name}; expected 0 or more, or none for no limit")
        self.requests, self.tokens = requests, tokens
        self._spent, self._aside_requests, self._aside_tokens = Spent(), 0, 0
        self._lock = threading.Lock()

    @property
    def spent(self) -> Spent:
        """What was used so far, without what is set aside."""
        return self._spent

    def set_aside(self, tokens: int) -> bool:
        """Reserve one request of at most so many tokens; False where it could exceed the allowance."""
        with self._lock:
            requests = self._spent.requests + self._aside_requests + 1
            total = self._spent.tokens + self._aside_tokens + tokens
            fits = (self.requests is None or requests <= self.requests) and (
                self.tokens is None or total <= self.tokens
            )
            self._aside_requests += fits
            self._aside_tokens += tokens * fits
            return fits

    def settle(self, tokens: int, cost: Spent) -> None:
        """Replace what was set aside for one request by what it cost."""
        with self._lock:
            self._aside_requests -= 1
            self._aside_tokens -= tokens
            self._spent = Spent(
                self._spent.requests + cost.requests,
                self._spent.prompt_tokens + cost.prompt_tokens,
                self._spent.completion_tokens + cost.completion_tokens,
            )


@dataclass(frozen=True)
class Budgeted:
    """A chat that stops asking when its budget is spent: what is left fails as `budget`, at once.

    Put a cache around it, not inside: `Cached(Budgeted(chat, budget))`. Then kept replies cost nothing.
    """

    chat: Chat
    budget: Budget

    @property
    def name(self) -> str:
        """The chat's own."""
        return self.chat.name

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply | Failure]]:
        """Answers as they arrive. Where the worst case of all would not fit, they are asked in several rounds."""
        left = deque(range(len(requests)))
        while left:
            aside: dict[int, int] = {}
            while left and self.budget.set_aside(worst(requests[left[0]])):
                position = left.popleft()
                aside[position] = worst(requests[position])
            if not aside:
                yield left.popleft(), Failure("budget", "the allowance does not cover another request")
                continue
            asked = list(aside)
            try:
                for at, answer in self.chat.ask([requests[i] for i in asked]):
                    tokens = aside.pop(asked[at])
                    self.budget.settle(tokens, _cost(answer, requests[asked[at]], tokens))
                    yield asked[at], answer
            finally:
                for tokens in aside.values():  # broken off: what was under way is not counted
                    self.budget.settle(tokens, Spent())


def worst(request: Request) -> int:
    """The most tokens that a request can cost."""
    text = sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)
    extra = request.choices, dict(request.template)  # what steers the model may be read by it
    steering = len(json.dumps(extra).encode()) if any(extra) else 0
    return TEMPLATE + MESSAGE * len(request.messages) + text + steering + request.max_tokens


def _cost(answer: Reply | Failure, request: Request, worst: int) -> Spent:
    """What one request cost: of a server that does not count, the worst; of one that is down, nothing."""
    if isinstance(answer, Failure):
        return Spent(requests=int(answer.code not in ("down", "budget")))
    if answer.prompt_tokens or answer.completion_tokens:
        return Spent(1, answer.prompt_tokens, answer.completion_tokens)
    return Spent(1, worst - request.max_tokens, request.max_tokens)

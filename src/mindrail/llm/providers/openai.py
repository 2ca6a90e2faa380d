"""Any server that speaks `/v1/chat/completions`: vLLM, llama.cpp, Ollama, hosted services.

Texts go to `base_url`, through the proxy that the environment names for it if any, and nowhere else; there is no
default. The key is read from the environment when it is needed, kept in no file and shown in no message.
"""

import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mindrail import files, seeds
from mindrail.errors import BadConfig, MissingExtra
from mindrail.llm.chat import Failure, Reply, Request
from mindrail.llm.providers import _constrain, _wire
from mindrail.llm.providers._constrain import Constrain
from mindrail.llm.providers._patience import LONGEST, Line, asked_wait, backoff
from mindrail.llm.providers._stops import stop
from mindrail.llm.providers._wire import Again, Rejected

if TYPE_CHECKING:
    import httpx

#: bytes of one answer that are read; more is junk
LARGEST = 8 << 20
#: hosts that no proxy stands before
NEAR = ("127.0.0.1", "localhost", "::1")
Answer = tuple[int, Reply | Failure]


@dataclass(frozen=True)
class OpenAIServer:
    """A model behind an OpenAI-compatible server.

    Busy and broken servers are asked again: `Retry-After` is honoured up to 60 s, otherwise the wait doubles. A
    server that fails `give_up_after` requests in a row is given up: what is left fails as `down` at once, and the
    next `ask` begins with a single try. Raises BadConfig where every request would fail alike: a wrong key, an
    unknown model, a wrong address, a setting that the server does not take; Unreachable where the account is empty.
    """

    base_url: str  # up to and with /v1
    model: str
    api_key_env: str = ""  # the NAME of an environment variable; empty: no key
    concurrency: int = 4  # requests under way at once
    timeout: float = 120.0  # seconds for a whole answer
    retries: int = 4  # further tries of one request
    first_wait: float = 0.5  # seconds before the second try
    give_up_after: int = 8  # failed requests in a row
    revision: str = ""  # yours to change when another model answers under the same name
    extra_body: Mapping[str, Any] = field(default_factory=dict)  # further fields of every request
    constrain: Constrain = "json_schema"  # how the server is told that only certain answers count
    _line: Line = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _is_address(self.base_url):
            raise BadConfig(
                "base_url is not the address of a server; expected something like http://127.0.0.1:8000/v1, "
                "without user name, password or query"
            )
        if self.api_key_env and not re.fullmatch("[A-Z_][A-Z0-9_]*", self.api_key_env):
            raise BadConfig(
                "api_key_env is not the name of an environment variable (not shown here, in case it is the key "
                "itself); expected capitals, digits and underscores, as in OPENAI_API_KEY"
            )
        for name, least in {"concurrency": 1, "timeout": 0.001, "retries": 0, "give_up_after": 1}.items():
            if getattr(self, name) < least:
                raise BadConfig(f"{name} is {getattr(self, name)}; expected at least {least}")
        object.__setattr__(self, "_line", Line(self.give_up_after))

    @property
    def name(self) -> str:
        """Model and server, with the revision, a digest of `extra_body` and another way to constrain, if any."""
        extra = files.digest(dict(self.extra_body))[:12] if self.extra_body else ""
        held = "" if self.constrain == "json_schema" else self.constrain
        return f"{'#'.join(filter(None, (self.model, self.revision, extra, held)))} at {self._server}"

    @property
    def _server(self) -> str:
        return self.base_url.partition("://")[2].rstrip("/")

    def ask(self, requests: Sequence[Request]) -> Iterator[Answer]:
        """Answers as they arrive, from a thread of their own. Closing the generator breaks off what is under way."""
        try:
            import httpx  # noqa: F401
            from anyio.from_thread import start_blocking_portal
        except ImportError:
            raise MissingExtra("httpx", "llm", "asking a language model over HTTP") from None
        _hush()
        headers = {"Content-Type": "application/json", **self._key()}
        arrived: SimpleQueue[Answer | Exception] = SimpleQueue()
        self._line.revive()
        # left by an exception, GeneratorExit included, the portal cancels the work
        with start_blocking_portal() as portal:
            portal.start_task_soon(self._work, list(requests), headers, arrived.put)
            for _ in requests:
                answer = arrived.get()
                if isinstance(answer, Exception):
                    raise answer
                yield answer

    def _key(self) -> dict[str, str]:
        if not self.api_key_env:
            return {}
        key = os.environ.get(self.api_key_env, "").strip()
        if not re.fullmatch("[!-~]+", key):
            found = "holds something that cannot be a key" if key else "is not set"
            raise BadConfig(
                f"the environment variable {self.api_key_env} {found}. Do: put the server's key there"
            )
        return {"Authorization": f"Bearer {key}"}

    async def _work(
        self, requests: list[Request], headers: dict[str, str], put: Callable[[Answer | Exception], None]
    ) -> None:
        """Answer all requests, `concurrency` at a time; the first error ends the work."""
        import anyio
        import httpx

        todo = iter(enumerate(requests))  # shared: each worker takes the next

        async def worker() -> None:
            for position, request in todo:
                put((position, await self._answer(client, position, request)))

        limits = httpx.Limits(max_connections=self.concurrency)
        patience = httpx.Timeout(self.timeout, connect=min(10.0, self.timeout))
        proxies = urlsplit(self.base_url).hostname not in NEAR
        try:
            async with (
                httpx.AsyncClient(
                    headers=headers, limits=limits, timeout=patience, trust_env=proxies
                ) as client,
                anyio.create_task_group() as group,
            ):
                for _ in range(min(self.concurrency, len(requests))):
                    group.start_soon(worker)
        except* Exception as errors:
            put(errors.exceptions[0])

    async def _answer(self, client: "httpx.AsyncClient", position: int, request: Request) -> Reply | Failure:
        """One request with its further tries."""
        line, random = self._line, seeds.stream(request.seed, "retry", position)
        tries, wait = 0, 0.0
        while True:
            await self._pause(wait)
            if line.dead:
                return Failure("down", f"given up after {self.give_up_after} failures in a row")
            modern = line.modern
            extra = {**_constrain.fields(self.constrain, request.choices), **self.extra_body}
            answer = await self._post(client, _wire.body(self.model, request, modern, extra))
            if isinstance(answer, Again):
                tries += 1
                asked = answer.wait or 0.0
                if tries > self.retries or asked > LONGEST or line.suspect:
                    line.failures += 1
                    longer = f", asks for {asked:.0f} s" if asked > LONGEST else ""
                    return Failure("down", f"{answer.detail}{longer}, tries: {tries}")
                wait = max(asked, backoff(tries, self.first_wait, random))
                line.quiet(asked)
            elif isinstance(answer, Rejected):
                if answer.field == "max_tokens" and not modern:
                    line.modern = True
                    continue
                if answer.status == 403 and line.good:  # it is this text that is forbidden
                    return Failure("refused", answer.detail)
                line.rejections += 1
                if answer.hopeless or line.rejections >= self.give_up_after:
                    raise stop(answer, self._server, self.model, self.api_key_env)
                return Failure("junk", answer.detail)
            else:
                if isinstance(answer, Failure) and answer.code == "timeout":
                    line.failures += 1
                else:
                    line.answered()
                if request.choices and isinstance(answer, Reply):
                    return replace(answer, text=_constrain.unwrap(answer.text))
                return answer

    async def _pause(self, seconds: float) -> None:
        """Wait that long, and as long as the server asked everyone to; less where the line dies meanwhile."""
        import anyio

        until = time.monotonic() + seconds
        while not self._line.dead:
            left = max(until, self._line.quiet_until) - time.monotonic()
            if left <= 0:
                return
            await anyio.sleep(min(left, 0.1))

    async def _post(self, client: "httpx.AsyncClient", body: bytes) -> Reply | Failure | Again | Rejected:
        """One try. The time limit covers the whole answer, however slowly its bytes drip."""
        import anyio
        import httpx

        url, raw = f"{self.base_url.rstrip('/')}/chat/completions", bytearray()
        try:
            with anyio.fail_after(self.timeout):
                async with client.stream("POST", url, content=body) as got:
                    async for part in got.aiter_bytes():
                        raw += part
                        if len(raw) > LARGEST:
                            return Failure("junk", f"more than {LARGEST} bytes")
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout):
            return Failure("timeout", f"no whole answer within {self.timeout:g} s")
        except httpx.RequestError as error:
            return Again(type(error).__name__)
        return _wire.read(got.status_code, bytes(raw), asked_wait(got.headers))


def _is_address(text: str) -> bool:
    """Whether this is the address of a server and no more; what else it holds could be a secret."""
    try:
        url = urlsplit(text)
        named = bool(url.hostname) and url.port != 0
    except ValueError:
        return False
    return url.scheme in ("http", "https") and named and not (url.query or url.fragment or "@" in url.netloc)


def _hush() -> None:
    """Keep httpcore from logging headers at debug level, where servers may put anything; a level once set stays."""
    logger = logging.getLogger("httpcore")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)


PROVIDER = OpenAIServer

"""A server for language models that answers as a test says, on this machine only."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mindrail.llm import Message, Request


@dataclass(frozen=True)
class Said:
    """One HTTP answer. `wait`: seconds before it; `drip`: seconds between its bytes; `cut`: bytes left out."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    drip: float = 0.0
    cut: int = 0

    @property
    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Heard:
    """What the server was sent."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    open: int = 0
    most_open: int = 0


def completion(text: str | None = "Fine.", **changes: Any) -> dict[str, Any]:
    """A chat completion as OpenAI's reference has it; `changes` go into the first choice."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return {"object": "chat.completion", "choices": [choice | changes], "usage": usage}


def question(text: str, **settings: Any) -> Request:
    """A request with one user turn."""
    return Request((Message("user", text),), **settings)


def asked(body: dict[str, Any]) -> str:
    """The last turn of a request that the server was sent."""
    return str(body["messages"][-1]["content"])


@contextmanager
def serving(answer: Callable[[dict[str, Any]], Said]) -> Iterator[Heard]:
    """Serve for as long as the block lasts."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                heard.bodies.append(body)
                heard.headers.append(dict(self.headers))
                heard.times.append(time.monotonic())
                heard.open += 1
                heard.most_open = max(heard.open, heard.most_open)
            try:
                self.say(answer(body))
            except OSError:  # the client has left
                self.close_connection = True
            finally:
                with lock:
                    heard.open -= 1

        def say(self, said: Said) -> None:
            time.sleep(said.wait)
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.raw)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if not said.drip:
                self.wfile.write(said.raw[: len(said.raw) - said.cut])
            else:
                for byte in said.raw:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(said.drip)
            self.close_connection = bool(said.cut)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard = Heard(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

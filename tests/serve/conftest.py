"""A tiny guard behind the whole app, without a socket."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from helpers.axes import TWO
from helpers.guards import tiny_guard
from mindrail.serve.app import app
from mindrail.serve.keys import Keys
from mindrail.serve.service import Service
from mindrail.serve.settings import Settings
from mindrail.serve.shelf import Shelf

#: what tests call to put a question: method, path, and httpx's own arguments
Ask = Callable[..., httpx.Response]


class Running:
    """A service with its app, asked one request at a time or several at once."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.app = app(service, ("here",))

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://here")

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def once() -> httpx.Response:
            async with self.client() as asking:
                return await asking.request(method, path, **more)

        return anyio.run(once)

    def moderate(self, said: Any, **more: Any) -> httpx.Response:
        return self("POST", "/v1/moderations", json={"input": said}, **more)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_guard(tmp_path_factory.mktemp("served") / "guard", axis=TWO)


@pytest.fixture(scope="session")
def shelf(folder: Path) -> Shelf:
    return Shelf.load([str(folder)])


@pytest.fixture
def start(shelf: Shelf) -> Iterator[Callable[..., Running]]:
    """A service with settings, keys and audit of one's own."""
    made: list[Service] = []

    def starting(
        *, on: Shelf | None = None, keys: Keys | None = None, audit: Any = None, **settings: Any
    ) -> Running:
        made.append(Service(on or shelf, Settings(**settings), 2, keys, audit))
        return Running(made[-1])

    yield starting
    for service in made:
        service.desk.close()


@pytest.fixture(scope="session")
def running(shelf: Shelf) -> Iterator[Running]:
    """One with the defaults, for tests that leave no trace."""
    service = Service(shelf, Settings(), 2, None, None)
    yield Running(service)
    service.desk.close()

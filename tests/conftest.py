"""For all tests: types are checked as they run, nothing leaves the machine, public sets are optional."""

import os
import socket
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from jaxtyping import install_import_hook

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin starve one another on a busy machine

install_import_hook("mindrail", "beartype.beartype")  # before anything of mindrail is imported

from mindrail.data import corpus, fetch  # noqa: E402

_WANT = "corpus "


def _at_hand(name: str) -> bool:
    """Whether every file of a set lies in the mirror or in the cache."""
    folders = [fetch.cache() / "sets" / name]
    near = fetch.mirror()
    if near is not None:
        folders.append(near / name)
    return all(
        any((folder / stored).is_file() for folder in folders for stored in (s.stored, f"{s.stored}.gz"))
        for s in corpus.card(name).files
    )


def pytest_configure(config: pytest.Config) -> None:
    # beartype checks one random item of each list, which Hypothesis mistakes for chance in our strategies
    config.addinivalue_line("filterwarnings", "ignore:Do not use the `random` module inside strategies")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for name in (name for mark in item.iter_markers("corpus") for name in mark.args):
        if not _at_hand(name):
            pytest.skip(f"{_WANT}{name}")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    wanting = [r for r in skipped if isinstance(r.longrepr, tuple) and f"Skipped: {_WANT}" in r.longrepr[2]]
    if wanting:
        terminalreporter.write_line(
            f"{len(wanting)} skipped for want of a public set. Do: point MINDRAIL_DATA at a mirror",
            yellow=True,
        )


@pytest.fixture(scope="session", autouse=True)
def _own_cache() -> Iterator[None]:
    """No test reads or fills the user's cache."""
    with tempfile.TemporaryDirectory(prefix="mindrail-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINDRAIL_CACHE", folder)
        yield


@pytest.fixture(scope="session", autouse=True)
def _offline() -> Iterator[None]:
    """Sockets reach this machine and no other."""
    connect = socket.socket.connect

    def near(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
            raise OSError("tests stay on this machine")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", near)
        yield

"""Slow, fat and crooked clients are cut off; a good one is served meanwhile."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from helpers import web_app

_APP = Path(web_app.__file__)
_HEAD = b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
_GOOD = _HEAD + b"content-length: 2\r\n\r\n{}"


@contextmanager
def started(*arguments: str) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """(port, process) of the app."""
    command = [sys.executable, str(_APP), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().rpartition(":")[2]), process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[int, psutil.Process]]:
    with started() as (port, process):
        yield port, psutil.Process(process.pid)


@pytest.fixture
def port(server: tuple[int, psutil.Process]) -> int:
    return server[0]


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def until_closed(connection: socket.socket) -> bytes:
    """Everything the server says until it closes."""
    said = b""
    try:
        while more := connection.recv(65536):
            said += more
    except ConnectionResetError:
        pass
    return said


def say(port: int, raw: bytes) -> bytes:
    with connect(port) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(raw)
        return until_closed(connection)


def status(said: bytes) -> int:
    return int(said.split(b" ")[1]) if said else 0


def code(said: bytes) -> str:
    error = json.loads(said.partition(b"\r\n\r\n")[2])["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return str(error["code"])


CROOKED = {
    "both lengths": _HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": _HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}x",
    "length is no number": _HEAD + b"content-length: +2\r\n\r\n{}",
    "bad chunk": _HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "unknown coding": _HEAD + b"transfer-encoding: chunked, gzip\r\n\r\n",
    "no version": b"GET /\n\n",
    "bare line feeds": b"GET / HTTP/1.1\nhost: x\n\n",
    "space before colon": b"GET / HTTP/1.1\r\nhost : x\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nhost: x\0y\r\n\r\n",
    "bytes in the path": b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "another protocol": b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "a tunnel": b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n",
}


@pytest.mark.parametrize("name", CROOKED)
def test_what_two_readers_could_read_differently_is_refused(port: int, name: str) -> None:
    said = say(port, CROOKED[name])
    assert (status(said), code(said)) == (400, "bad_request")
    assert b"connection: close" in said


def test_fat_headers_are_refused_before_they_are_held(server: tuple[int, psutil.Process]) -> None:
    port, process = server
    before = process.memory_info().rss
    fat = {
        "one line": b"x: " + b"a" * 64 * 2**20,
        "many lines": b"".join(b"x%d: y\r\n" % i for i in range(200_000)),
        "a few too many": b"".join(b"x%d: y\r\n" % i for i in range(101)) + b"\r\n",
        "a little too long": b"x: " + b"a" * 17_000 + b"\r\n\r\n",
    }
    for lines in fat.values():
        said = say(port, b"GET / HTTP/1.1\r\nhost: x\r\n" + lines)
        assert status(said) in (431, 0)  # 0: reset while it was still sending
    assert status(say(port, b"GET /" + b"a" * 17_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n")) == 431
    assert process.memory_info().rss - before < 30 * 2**20


def test_a_fat_body_is_refused_declared_or_not(server: tuple[int, psutil.Process]) -> None:
    port, process = server
    before = process.memory_info().rss
    assert code(say(port, _HEAD + b"content-length: 100000000\r\n\r\n")) == "input_too_large"
    chunks = b"".join(b"10000\r\n" + b" " * 65536 + b"\r\n" for _ in range(400))
    said = say(port, _HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunks)
    assert status(said) in (413, 0)
    assert process.memory_info().rss - before < 30 * 2**20


SLOW = {
    "nothing": (b"", 0),
    "line breaks for ever": (b"\r\n" * 100, 408),
    "headers a byte at a time": (_GOOD, 408),
    "a body a byte at a time": (_HEAD + b"content-length: 1000\r\n\r\n" + b" " * 900, 408),
    "a body that never comes": (_HEAD + b"content-length: 10\r\n\r\n", 408),
    "less body than declared": (_HEAD + b"content-length: 10\r\n\r\n{}", 408),
    "a body nobody reads": (_HEAD.replace(b"echo", b"early") + b"content-length: 1000\r\n\r\n", 200),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_client_is_cut_off_in_time(port: int, name: str) -> None:
    raw, expected = SLOW[name]
    began = time.monotonic()
    with connect(port) as connection:
        head = raw.find(b"\r\n\r\n") + 4 if "body" in name else 0
        connection.sendall(raw[:head])
        connection.settimeout(0.02)
        said, place = b"", head
        while time.monotonic() - began < 4:
            try:
                if place < len(raw):
                    connection.sendall(raw[place : place + 1])
                    place += 1
                more = connection.recv(65536)
                said += more
                if not more:
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    assert time.monotonic() - began < 2.5
    assert status(said) == expected


def test_a_good_client_is_served_while_hundreds_dawdle(port: int) -> None:
    idle = [connect(port) for _ in range(150)]
    try:
        for _ in range(20):
            began = time.monotonic()
            with connect(port) as connection:
                connection.sendall(_GOOD)
                assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            assert time.monotonic() - began < 0.5
    finally:
        for connection in idle:
            connection.close()


def test_more_connections_than_allowed_are_told_so(port: int) -> None:
    opened = [connect(port) for _ in range(web_app.LIMITS.connections + 20)]
    try:
        said = until_closed(opened[-1])
        assert (status(said), code(said)) == (503, "server_is_overloaded")
    finally:
        for connection in opened:
            connection.close()


def test_one_connection_serves_many_requests_and_idles_only_so_long(port: int) -> None:
    with connect(port) as connection:
        for _ in range(5):
            connection.sendall(_GOOD)
            said = b""
            while not said.endswith(b"{}"):  # head and body may come apart
                said += connection.recv(65536)
            assert status(said) == 200
        began = time.monotonic()
        assert connection.recv(10) == b""
        assert time.monotonic() - began < 2.5


def test_a_second_request_before_the_answer_to_the_first_is_not_taken() -> None:
    with started("0.2") as (port, _):
        said = say(port, _GOOD + _GOOD + _GOOD)
        assert said.count(b"HTTP/1.1 200") == 1 and said.count(b"HTTP/1.1") == 1


def test_a_line_break_too_many_harms_nobody() -> None:
    with started("0.8") as (port, _), connect(port) as connection:  # longer than headers may take
        connection.sendall(_GOOD + b"\r\n")
        time.sleep(0.1)
        connection.sendall(b"\r\n")
        assert status(connection.recv(65536)) == 200


@pytest.mark.parametrize("round_", range(2))
def test_who_was_accepted_when_the_end_came_is_answered(round_: int) -> None:
    """20 requests in the app, 20 connections with a request in the kernel while the loop is busy, 5 silent ones."""
    with started("0.3") as (port, process):
        silent = [connect(port) for _ in range(5)]
        running = [connect(port) for _ in range(20)]
        for connection in running:
            connection.sendall(_GOOD)
        time.sleep(0.1)
        busy = connect(port)
        busy.sendall(b"GET /block HTTP/1.1\r\nhost: x\r\n\r\n")
        time.sleep(0.1)
        waiting = [connect(port) for _ in range(20)]
        for connection in waiting:
            connection.sendall(_GOOD)
        os.kill(process.pid, signal.SIGTERM)
        said = [until_closed(connection) for connection in (*running, *waiting, busy)]
        assert [status(one) for one in said] == [200] * 41
        for connection in silent:
            assert until_closed(connection) == b""
        assert process.wait(5) == 0
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read() == "draining\n" and process.stderr.read() == ""


def test_under_steady_fire_nobody_who_got_through_is_lost() -> None:
    """Four threads open one connection per request until the port is closed: each either connects and is
    answered, or is refused at the door."""
    lost, answered, stop = [], [], threading.Event()

    def fire(port: int) -> None:
        while not stop.is_set():
            try:
                connection = connect(port)
            except OSError:  # refused: never accepted
                return
            with connection:
                connection.sendall(_GOOD)
                (answered if status(until_closed_or_answered(connection)) == 200 else lost).append(1)

    with started("0.01") as (port, process):
        threads = [threading.Thread(target=fire, args=(port,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        os.kill(process.pid, signal.SIGTERM)
        for thread in threads:
            thread.join(10)
        stop.set()
        assert process.wait(5) == 0
    assert len(answered) > 20 and not lost


def until_closed_or_answered(connection: socket.socket) -> bytes:
    """What came first: an answer or the end."""
    try:
        return connection.recv(65536)
    except OSError:
        return b""
